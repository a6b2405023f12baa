"""What every view of the Compare page is: a widget that draws the ticked runs while it is seen."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from workbench.gui.compare.board import Board
from workbench.gui.workspace import Workspace


class View(QWidget):
    """Redraws when the ticked runs change, or when it is seen again after they did."""

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__()
        self.workspace, self.board = workspace, board
        self._stale = True
        board.ticked_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the ticked runs, now or when it is seen."""
        self._stale = not self.isVisible()
        if not self._stale:
            self.show_runs()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up."""
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def show_runs(self) -> None:
        """Draw the board's table of ticked runs."""
