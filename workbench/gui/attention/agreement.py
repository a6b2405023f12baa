"""How far the methods agree: their rank correlations as a small square of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.attention.colours import readable_on
from workbench.gui.attention.token_strip import ground, signed
from workbench.gui.theme import FONT_SMALL, SMALL, current, theme

Floats = NDArray[np.float64]
_ROW, _HEAD, _SWATCH = 26, 30, 18


class Agreement(QWidget):
    """Rank correlations from -1 to 1, with the methods' names at the left and above."""

    def __init__(self) -> None:
        super().__init__()
        self.names: tuple[str, ...] = ()
        self._colours: tuple[int, ...] = ()
        self.values: Floats = np.zeros((0, 0))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(200)
        self.setAccessibleName(self.tr("Rank correlations between the methods"))
        theme().changed.connect(self.update)

    def show_values(self, names: Sequence[tuple[str, int]], values: Floats) -> None:
        """Show correlations, shape (methods, methods), of methods given by name and number of their curve's colour."""
        self.names, self._colours = tuple(name for name, _ in names), tuple(colour for _, colour in names)
        self.values = values
        self.setFixedHeight(self.sizeHint().height())
        n = len(self.names)
        pairs = [self.words(row, column) for row in range(n) for column in range(row)]
        self.setAccessibleDescription(", ".join(pairs))
        self.update()

    def words(self, row: int, column: int) -> str:
        """One correlation in words."""
        value = self.values[row, column]
        number = self.tr("none, all scores are equal") if np.isnan(value) else signed(f"{value:.3f}")
        return f"{self.names[row]} / {self.names[column]}: {number}"

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(320, _HEAD + _ROW * len(self.names) + 2)

    def _left(self) -> float:
        widest = max((self.fontMetrics().horizontalAdvance(name) for name in self.names), default=0)
        return min(float(widest) + _SWATCH + SMALL, self.width() * 0.38)

    def cell(self, row: int, column: int) -> QRectF:
        """Where a number is drawn."""
        left = self._left()
        wide = (self.width() - left) / max(1, len(self.names))
        return QRectF(left + column * wide + 1, _HEAD + row * _ROW + 1, wide - 2, _ROW - 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw names and numbers."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        for i in range(len(self.names)):
            self._draw_names(painter, i)
            for j in range(len(self.names)):
                self._draw_number(painter, i, j)

    def _draw_names(self, painter: QPainter, i: int) -> None:
        """A method's name at the left; above, where it does not fit, the colour of its curve stands for it."""
        palette, metrics = current(), painter.fontMetrics()
        colour = QColor(palette.series[self._colours[i] % len(palette.series)])
        beside, above = self.cell(i, 0), self.cell(0, i)
        painter.fillRect(QRectF(0, beside.center().y() - 1.5, _SWATCH - 4, 3), colour)
        painter.setPen(palette.colour("muted"))
        room = self._left() - _SWATCH - 4
        name = metrics.elidedText(self.names[i], Qt.TextElideMode.ElideRight, int(room))
        side = QRectF(_SWATCH, beside.top(), room, beside.height())
        painter.drawText(side, Qt.AlignmentFlag.AlignVCenter, name)
        if all(metrics.horizontalAdvance(word) <= above.width() for word in " ".join(self.names).split()):
            place = QRectF(above.left() - 1, 0, above.width() + 2, _HEAD - 2)
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap
            painter.drawText(place, flags, self.names[i])
        else:
            painter.fillRect(QRectF(above.center().x() - 7, _HEAD - 9, 14, 3), colour)

    def _draw_number(self, painter: QPainter, i: int, j: int) -> None:
        palette, value, place = current(), float(self.values[i, j]), self.cell(i, j)
        colour = ground(palette, 0.0 if np.isnan(value) or i == j else value)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(place, 3, 3)
        painter.setPen(palette.colour("muted") if i == j else readable_on(colour.rgba()))
        text = "1" if i == j else "–" if np.isnan(value) else signed(f"{value:.2f}").removeprefix("+")
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def event(self, event: QEvent) -> bool:
        """The tooltip names the pair under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            spots = [(i, j) for i in range(len(self.names)) for j in range(len(self.names))]
            found = next((spot for spot in spots if self.cell(*spot).contains(event.pos())), None)
            if found:
                QToolTip.showText(event.globalPos(), self.words(*found), self)
                return True
        return super().event(event)
