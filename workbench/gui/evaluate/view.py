"""What all views of the Evaluate page share: they draw the board's evaluation when they are seen, and set filters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.attention.export_files import Part
from workbench.gui.evaluate.board import Board, Filter
from workbench.gui.widgets import EmptyState
from workbench.gui.workspace import Workspace
from workbench.run.evaluated import Evaluated


class View(QWidget):
    """One way to look at an evaluation.

    A view gives `draw`, and where it frames what a filter chose, `frame`; its widgets go into `self.content`, which
    takes a layout. What it sets with `choose` chooses the rows below.
    """

    busy_changed = Signal(str)  # what is being worked out for this view; empty when it rests
    rows_wanted = Signal()  # from a view with rows of its own: those of the evaluation are to be shown

    #: Whether there is something to see of rows without labels.
    needs_labels = True
    #: Whether it lists rows of its own, so that those of the evaluation are not shown below.
    own_rows = False

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__()
        self.workspace, self.board = workspace, board
        self._stale = True
        self.content = QWidget()
        self.empty = EmptyState("measure", self.tr("Nothing measured yet"), " ")
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stack)
        board.evaluated_changed.connect(self._refresh)
        board.filters_changed.connect(self._reframe)

    def draw(self, found: Evaluated) -> None:
        """Show another evaluation."""
        raise NotImplementedError

    def frame(self) -> None:
        """Frame what the filters that are on have chosen here."""

    def parts(self) -> Sequence[Part]:
        """What can be exported now."""
        return ()

    def choose(self, source: str, words: str, rows: NDArray[np.bool_], mark: object) -> None:
        """Let the table show only these rows; `rows` is a mask over all of them."""
        self.board.toggle(Filter(source, words, np.flatnonzero(rows).astype(np.int64, copy=False), mark))

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what changed unseen."""
        super().showEvent(event)
        if self._stale:
            self._refresh()

    def _refresh(self) -> None:
        self._stale = not self.isVisible()
        found = self.board.evaluated
        if self._stale or found is None:
            return
        if found.scores is None and self.needs_labels:
            self.empty.say(
                self.tr("These rows have no labels"),
                self.tr("What the model says of each of them stands below; what is right is not known."),
                "measure",
            )
            self.stack.setCurrentWidget(self.empty)
            return
        self.draw(found)
        self.frame()
        self.stack.setCurrentWidget(self.content)

    def _reframe(self) -> None:
        if (
            self.board.evaluated is not None
            and not self._stale
            and self.stack.currentWidget() is self.content
        ):
            self.frame()
