"""The filters that are on, one chip each."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from workbench.gui.evaluate.board import Board
from workbench.gui.icons import keep_icon
from workbench.gui.theme import TINY
from workbench.gui.widgets import (
    explain_widget,
)

Index = QModelIndex | QPersistentModelIndex


class Chips(QWidget):
    """One button for each filter that is on; a click takes it away."""

    def __init__(self, board: Board) -> None:
        super().__init__()
        self._board = board
        self.chips: list[QToolButton] = []
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(TINY)
        self._line.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(26)
        board.filters_changed.connect(self._fill)

    def _fill(self) -> None:
        for chip in self.chips:
            self._line.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self.chips = []
        for one in self._board.filters:
            chip = QToolButton(self)
            chip.setProperty("role", "kind")
            chip.setText(one.words if len(one.words) <= 44 else f"{one.words[:43]}…")
            chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            keep_icon(chip, "close")
            explain_widget(
                chip,
                self.tr("Only these rows are shown: {0}. A click takes the filter away.").format(one.words),
                self.tr("Filter: {0}").format(one.words),
            )
            chip.clicked.connect(partial(self._board.clear, one.source))
            self._line.insertWidget(len(self.chips), chip)
            self.chips.append(chip)
