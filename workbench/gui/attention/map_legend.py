"""The colours of the map of heads, and the bar that explains them."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme import FONT_SMALL, Palette, current, mixed, theme
from workbench.run.inside.ablation import figure

_CENTRE = Qt.AlignmentFlag.AlignCenter


def value_colour(palette: Palette, value: float, top: float) -> QColor:
    """Orange where a head is missed, blue where the model does better without it, the page's own for nothing."""
    if not math.isfinite(value):
        return palette.colour("surface")
    share = min(1.0, abs(value) / top) if top else 0.0
    strong = palette.series[1] if value > 0 else palette.series[0]
    return QColor(mixed(strong, palette.raised, share**0.7))


def readable(ground: QColor) -> QColor:
    """Black or white, whichever reads better on a colour (weights of ITU-R BT.709)."""
    light = 0.2126 * ground.red() + 0.7152 * ground.green() + 0.0722 * ground.blue()
    return QColor("#101114") if light > 140 else QColor("#ffffff")


def legend_stops(palette: Palette, low: float, high: float, count: int = 33) -> list[tuple[float, QColor]]:
    """(place from 0 to 1, colour) along a bar from `low` to `high`."""
    top = max(abs(low), abs(high))
    places = [i / (count - 1) for i in range(count)]
    return [(place, value_colour(palette, low + place * (high - low), top)) for place in places]


class MapLegend(QWidget):
    """The colour bar of the map with its two ends and zero."""

    def __init__(self) -> None:
        super().__init__()
        self._ends = (0.0, 0.0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Colours of the map"))
        theme().changed.connect(self.update)

    def show_range(self, low: float, high: float) -> None:
        """The smallest and largest value of the map."""
        self._ends = (min(0.0, low), max(0.0, high))
        self.setAccessibleDescription(
            self.tr("From {0} to {1}").format(figure(self._ends[0]), figure(self._ends[1]))
        )
        self.update()

    def sizeHint(self) -> QSize:
        """Low and wide."""
        return QSize(220, 28)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar and its figures."""
        low, high = self._ends
        if low == high:
            return
        painter, palette = QPainter(self), current()
        bar = QRect(0, 0, self.width(), 10)
        stops = legend_stops(palette, low, high)
        for (start, colour), (end, _) in zip(stops, [*stops[1:], (1.0, stops[-1][1])], strict=True):
            left = round(start * bar.width())
            painter.fillRect(QRectF(left, 0, max(1, round(end * bar.width()) - left), bar.height()), colour)
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        painter.setPen(palette.colour("muted"))
        metrics = QFontMetricsF(font)
        for value in sorted({low, 0.0, high}):
            text = figure(value)
            width = metrics.horizontalAdvance(text) + 2
            x = (value - low) / (high - low) * bar.width()
            painter.drawText(
                QRectF(min(max(0.0, x - width / 2), bar.width() - width), 12, width, 16), _CENTRE, text
            )
