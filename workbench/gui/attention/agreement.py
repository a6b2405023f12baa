"""How far the methods agree: their rank correlations as a small square of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.attention.colours import readable_on
from workbench.gui.attention.token_strip import ground
from workbench.gui.theme import FONT_SMALL, SMALL, current, theme

Floats = NDArray[np.float64]
_ROW, _HEAD = 26, 30


class Agreement(QWidget):
    """Rank correlations from -1 to 1, with the methods' names at the left and above."""

    def __init__(self) -> None:
        super().__init__()
        self.names: tuple[str, ...] = ()
        self.values: Floats = np.zeros((0, 0))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(200)
        self.setAccessibleName(self.tr("Rank correlations between the methods"))
        theme().changed.connect(self.update)

    def show_values(self, names: Sequence[str], values: Floats) -> None:
        """Show correlations, shape (methods, methods)."""
        self.names, self.values = tuple(names), values
        self.setFixedHeight(self.sizeHint().height())
        n = len(self.names)
        pairs = [self.words(row, column) for row in range(n) for column in range(row)]
        self.setAccessibleDescription(", ".join(pairs))
        self.update()

    def words(self, row: int, column: int) -> str:
        """One correlation in words."""
        value = self.values[row, column]
        number = self.tr("none, all scores are equal") if np.isnan(value) else f"{value:+.3f}"
        return f"{self.names[row]} / {self.names[column]}: {number}"

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(320, _HEAD + _ROW * len(self.names) + 2)

    def _left(self) -> float:
        widest = max((self.fontMetrics().horizontalAdvance(name) for name in self.names), default=0)
        return min(float(widest) + SMALL, self.width() * 0.4)

    def cell(self, row: int, column: int) -> QRectF:
        """Where a number is drawn."""
        left = self._left()
        wide = (self.width() - left) / max(1, len(self.names))
        return QRectF(left + column * wide + 1, _HEAD + row * _ROW + 1, wide - 2, _ROW - 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw names and numbers."""
        painter, palette = QPainter(self), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        left, middle = self._left(), Qt.AlignmentFlag.AlignCenter
        side = Qt.AlignmentFlag.AlignVCenter
        for i, name in enumerate(self.names):
            painter.setPen(palette.colour("muted"))
            top = self.cell(0, i)
            painter.drawText(
                QRectF(top.left() - 1, 0, top.width() + 2, _HEAD - 2),
                Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap,
                name,
            )
            short = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(left) - 4)
            painter.drawText(QRectF(0, self.cell(i, 0).top(), left, _ROW - 2), side, short)
            for j in range(len(self.names)):
                value, place = float(self.values[i, j]), self.cell(i, j)
                colour = ground(palette, 0.0 if np.isnan(value) or i == j else value)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawRoundedRect(place, 3, 3)
                painter.setPen(palette.colour("muted") if i == j else readable_on(colour.rgba()))
                painter.drawText(
                    place, middle, "–" if np.isnan(value) else "1" if i == j else f"{value:+.2f}"
                )

    def event(self, event: QEvent) -> bool:
        """The tooltip names the pair under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            spots = [(i, j) for i in range(len(self.names)) for j in range(len(self.names))]
            found = next((spot for spot in spots if self.cell(*spot).contains(event.pos())), None)
            if found:
                QToolTip.showText(event.globalPos(), self.words(*found), self)
                return True
        return super().event(event)
