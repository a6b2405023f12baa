"""A small painted plot with axes, for pictures that must be there before pyqtgraph is imported."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme import FONT_SMALL, SMALL, TINY, current, theme

Floats = NDArray[np.float64]
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Drawn:
    """One curve: finite values of equal number; `dots` draws pale points instead of a line, `dashed` pale dashes."""

    x: Floats
    y: Floats
    colour: int = 0
    dots: bool = False
    strong: bool = False  # dots that are few and meant to be read
    dashed: bool = False


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round values between low and high."""
    if not high > low:
        return [low]
    size = 10.0 ** math.floor(math.log10((high - low) / about))
    step = next(s * size for s in (1, 2, 5, 10) if s * size * about >= high - low)
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


class SmallPlot(QWidget):
    """Curves over one axis; `picked` tells the x of a click where clicks mean something."""

    picked = Signal(float)

    def __init__(self, name: str, *, log: bool = False, pickable: bool = False) -> None:
        super().__init__()
        self.curves: tuple[Drawn, ...] = ()
        self.words = ""  # said in the middle while there are no curves
        self.marker: tuple[float, str] | None = None
        self._log, self._pickable = log, pickable
        self._bounds = (0.0, 1.0, 0.0, 1.0)
        self._unit = ""
        self._reads: Callable[[float], str] | None = None
        self._pointer: float | None = None
        self.setMinimumSize(200, 110)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        if pickable:
            self.setCursor(Qt.CursorShape.CrossCursor)
        theme().changed.connect(self.update)

    def show_curves(
        self,
        curves: Sequence[Drawn],
        bounds: tuple[float, float, float, float],
        unit: str = "",
        *,
        marker: tuple[float, str] | None = None,
        reads: Callable[[float], str] | None = None,
        words: str = "",
    ) -> None:
        """Draw other curves.

        Args:
            curves: The later ones lie above the earlier ones.
            bounds: Lowest and highest x, lowest and highest y.
            unit: What x is counted in.
            marker: A vertical line at x, with its text.
            reads: The text of the pointer at an x.
            words: What stands there when there are no curves.
        """
        self.curves, self._bounds, self._unit = tuple(curves), bounds, unit
        self.marker, self._reads, self.words = marker, reads, words
        self.update()

    def sizeHint(self) -> QSize:
        """A picture beside a form."""
        return QSize(300, 150)

    # ---- places

    def _plot(self) -> QRectF:
        metrics = self.fontMetrics()
        left = max((metrics.horizontalAdvance(_text(y)) for y in self._y_ticks()), default=20) + SMALL
        return QRectF(left, 16, self.width() - left - SMALL, self.height() - 16 - 20)

    def _y_ticks(self) -> list[float]:
        return ticks(self._bounds[2], self._bounds[3], 3)

    def _across(self, x: float) -> float:
        low, high = self._bounds[:2]
        if self._log:
            low, high, x = math.log10(low), math.log10(high), math.log10(x)
        return (x - low) / ((high - low) or 1.0)

    def place(self, x: float, y: float) -> QPointF:
        """Where a value is drawn, in pixels."""
        plot, (_, _, low, high) = self._plot(), self._bounds
        share = (y - low) / ((high - low) or 1.0)
        return QPointF(plot.left() + plot.width() * self._across(x), plot.bottom() - plot.height() * share)

    def _value(self, pixel: float) -> float | None:
        plot, (low, high, _, _) = self._plot(), self._bounds
        share = (pixel - plot.left()) / max(1.0, plot.width())
        if not self.curves or not -0.02 <= share <= 1.02:
            return None
        share = min(1.0, max(0.0, share))
        return low * (high / low) ** share if self._log else low + (high - low) * share

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axes, curves, the marker and the pointer."""
        painter, palette = QPainter(self), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = QFont(self.font())
        small.setPixelSize(FONT_SMALL)
        painter.setFont(small)
        plot = self._plot()
        if not self.curves:
            painter.setPen(palette.colour("muted"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()).adjusted(SMALL, 0, -SMALL, 0), flags, self.words)
            return
        self._draw_axes(painter, plot)
        painter.save()
        painter.setClipRect(plot.adjusted(-3, -3, 3, 3))
        for curve in self.curves:
            self._draw_curve(painter, curve)
        painter.restore()
        if self.marker:
            x, text = self.marker
            self._draw_upright(painter, plot, x, text, palette.colour("accent"), Qt.PenStyle.DashLine)
        if self._pointer is not None and self._reads:
            text = self._reads(self._pointer)
            self._draw_upright(
                painter, plot, self._pointer, text, palette.colour("text"), Qt.PenStyle.DotLine
            )

    def _draw_curve(self, painter: QPainter, curve: Drawn) -> None:
        palette = current()
        colour = palette.curve(curve.colour)
        points = [self.place(float(x), float(y)) for x, y in zip(curve.x, curve.y, strict=True)]
        if curve.dots:
            colour.setAlphaF(0.9 if curve.strong else 0.45)
            size = 3.5 if curve.strong else 2.0
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            for point in points:
                painter.drawEllipse(point, size, size)
        elif len(points) == 1:
            painter.setBrush(colour)
            painter.drawEllipse(points[0], 2.5, 2.5)
        else:
            colour.setAlphaF(0.6 if curve.dashed else 1.0)
            style = Qt.PenStyle.DashLine if curve.dashed else Qt.PenStyle.SolidLine
            painter.setPen(QPen(colour, 1.2 if curve.dashed else 1.6, style))
            painter.drawPolyline(QPolygonF(points))

    def _draw_axes(self, painter: QPainter, plot: QRectF) -> None:
        palette, metrics = current(), painter.fontMetrics()
        for y in self._y_ticks():
            height = self.place(self._bounds[0], y).y()
            painter.setPen(palette.colour("line"))
            painter.drawLine(QPointF(plot.left(), height), QPointF(plot.right(), height))
            painter.setPen(palette.colour("muted"))
            painter.drawText(QRectF(0, height - 8, plot.left() - TINY, 16), _RIGHT, _text(y))
        painter.setPen(palette.colour("muted"))
        room = (
            plot.right() - metrics.horizontalAdvance(self._unit) - SMALL if self._unit else plot.right() + 1
        )
        for x in self._x_ticks():
            text = _text(x)
            width = metrics.horizontalAdvance(text)
            left = min(max(plot.left(), self.place(x, 0).x() - width / 2), plot.right() - width)
            if left + width <= room:
                painter.drawText(QPointF(left, self.height() - TINY), text)
        painter.drawText(
            QPointF(plot.right() - metrics.horizontalAdvance(self._unit), self.height() - TINY), self._unit
        )

    def _x_ticks(self) -> list[float]:
        low, high = self._bounds[:2]
        if not self._log:
            values = ticks(low, high, max(2, int(self._plot().width() / 70)))
            whole = all(np.all(curve.x == np.round(curve.x)) for curve in self.curves)
            return [value for value in values if not whole or value == round(value)]
        return [10.0**k for k in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]

    def _draw_upright(
        self, painter: QPainter, plot: QRectF, x: float, text: str, colour: QColor, style: Qt.PenStyle
    ) -> None:
        place = self.place(x, 0).x()
        painter.setPen(QPen(colour, 1.0, style))
        painter.drawLine(QPointF(place, plot.top()), QPointF(place, plot.bottom()))
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(text)
        left = min(max(TINY, place - width / 2), self.width() - width - TINY)
        painter.fillRect(QRectF(left - 3, 0, width + 6, 15), current().colour("surface"))
        painter.setPen(colour)
        painter.drawText(QPointF(left, 11), text)

    # ---- the mouse

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point to read."""
        self._pointer = self._value(event.position().x())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at."""
        self._pointer = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the value under the pointer."""
        value = self._value(event.position().x())
        if self._pickable and value is not None:
            self.picked.emit(value)


def _text(value: float) -> str:
    size = abs(value)
    if 1000 <= size < 1e5:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.3g}" if size < 1e5 else f"{value:.0e}"
