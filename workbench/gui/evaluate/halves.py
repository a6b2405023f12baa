"""Two parts of a page side by side, or below each other where the window is narrow."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

from workbench.gui.theme import MEDIUM


class Halves(QWidget):
    """Two widgets that share a line, or a column.

    Args:
        left, right: The two.
        wide: From this width on they stand side by side.
        shares: How much room each of them gets.
        right_first: Whether below each other the right one comes first.
    """

    def __init__(
        self,
        left: QWidget,
        right: QWidget,
        wide: int = 900,
        shares: tuple[int, int] = (1, 1),
        right_first: bool = False,
    ) -> None:
        super().__init__()
        self._wide = wide
        down = QBoxLayout.Direction.BottomToTop if right_first else QBoxLayout.Direction.TopToBottom
        self._narrow = down
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(MEDIUM)
        self._box.addWidget(left, shares[0])
        self._box.addWidget(right, shares[1])

    def minimumSizeHint(self) -> QSize:
        """As narrow as one of them."""
        return QSize(320, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, another direction."""
        super().resizeEvent(event)
        across = QBoxLayout.Direction.LeftToRight
        self._box.setDirection(across if self.width() >= self._wide else self._narrow)
