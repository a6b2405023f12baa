"""Parts of a whole as one bar in pieces, with a line for each part below it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.data.card_parts import figure
from workbench.gui.data.lengths import percent
from workbench.gui.theme import SMALL, current, theme
from workbench.gui.widgets import show_if

_BAR, _LINE = 10, 20


class ShareBars(QWidget):
    """The parts in their order: name, number and share."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self._sides: tuple[tuple[str, int], ...] = ()
        self._name = name
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)
        self.show_sides(())

    def show_sides(self, sides: Sequence[tuple[str, int]]) -> None:
        """Show other parts; none hides it."""
        self._sides = tuple(sides)
        spoken = ", ".join(f"{name} {count}" for name, count in self._sides)
        self.setAccessibleName(self._name or self.tr("Rows of each side"))
        self.setAccessibleDescription(spoken)
        self.setFixedHeight(_BAR + SMALL + _LINE * len(self._sides))
        show_if(self, bool(self._sides))
        self.update()

    def sides(self) -> tuple[tuple[str, int], ...]:
        """What is shown."""
        return self._sides

    def sizeHint(self) -> QSize:
        """As high as its lines."""
        return QSize(200, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar, then the lines with the colour of their piece."""
        painter, palette = QPainter(self), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        total = sum(count for _, count in self._sides) or 1
        whole = QPainterPath()
        whole.addRoundedRect(QRectF(0, 0, self.width(), _BAR), _BAR / 2, _BAR / 2)
        painter.setClipPath(whole)
        painter.fillRect(QRectF(0, 0, self.width(), _BAR), palette.colour("raised"))
        x = 0.0
        for place, (_, count) in enumerate(self._sides):
            width = self.width() * count / total
            painter.fillRect(QRectF(x, 0, max(0.0, width - 1.5), _BAR), self._colour(place))
            x += width
        painter.setClipping(False)
        for place, (name, count) in enumerate(self._sides):
            y = _BAR + SMALL + place * _LINE
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour(place))
            painter.drawRoundedRect(QRectF(0, y + _LINE / 2 - 4, 8, 8), 2, 2)
            painter.setPen(palette.colour("text"))
            centre = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(16, y, self.width() - 16, _LINE), centre, name)
            right = centre | Qt.AlignmentFlag.AlignRight
            painter.drawText(QRectF(0, y, self.width() - 52, _LINE), right, figure(count))
            painter.setPen(palette.colour("muted"))
            share = f"{100 * count / total:.0f}\u00a0%" if count / total >= 0.0995 else percent(count / total)
            painter.drawText(QRectF(0, y, self.width(), _LINE), right, share.replace("fewer than ", "< "))

    def _colour(self, place: int) -> QColor:
        return QColor(current().series[place % len(current().series)])
