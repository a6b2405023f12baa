"""Fetches the conversation of the chosen row as the model reads it, while somebody looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject

from workbench.data.frame import Frame
from workbench.gui.data.learned_text import LearnedText
from workbench.session.chat_preview import ChatPreview, ChatRow, preview_of
from workbench.session.lanes import Ticket

if TYPE_CHECKING:
    from workbench.gui.workspace import Workspace
    from workbench.run.problem import Problem
    from workbench.session.data import DataPreview


class LearnedRows(QObject):
    """Stands between the view of a conversation and the session; an older question is cancelled."""

    def __init__(self, workspace: Workspace, view: LearnedText) -> None:
        super().__init__(view)
        self._workspace, self._view = workspace, view
        self._data: DataPreview | None = None
        self._shown: object = None
        self._asked: tuple[object, ...] = ()
        self._ticket: Ticket | None = None
        view.wanted.connect(self._ask)

    def follow(self, data: DataPreview, shown: object) -> bool:
        """Take note of other rows or another recipe; tells whether what is shown is outdated.

        Args:
            data: What is known of the data.
            shown: The rows that the table shows, as they are in the file or after the steps.
        """
        recipe = self._workspace.recipe
        asked = (data.mended, shown, recipe.chat, recipe.model, recipe.data, recipe.training.max_length)
        self._data, self._shown = data, shown
        if asked == self._asked:
            return False
        self._asked = asked
        self._view.forget()
        return True

    def _ask(self, row: int) -> None:
        if self._ticket:
            self._ticket.cancel()
            self._ticket = None
        place = self._mended_row(row)
        if place < 0:
            self._view.say_dropped()
            return
        asked = self._asked

        def arrived(found: ChatPreview) -> None:
            self._ticket = None
            if asked == self._asked:
                self._view.show_preview(found)

        def failed(problem: Problem) -> None:
            self._ticket = None
            if asked == self._asked:
                self._view.show_problem(problem)

        request = ChatRow(self._workspace.recipe, place)
        self._ticket = self._workspace.session.look_inside(preview_of, request, arrived, failed)

    def _mended_row(self, row: int) -> int:
        """The place, after edits and steps, of a row that is shown; -1 where it is taken out."""
        mended = self._data.mended if self._data else None
        if mended is None or self._shown is mended.frame:
            return row
        origin = int(self._shown.origin[row]) if isinstance(self._shown, Frame) else row
        found = np.flatnonzero(mended.frame.origin == origin)
        return int(found[0]) if len(found) else -1
