"""A painted chart of curves between 0 and 1, whose points can be chosen with the mouse and the keyboard."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.small_plot import ticks
from workbench.gui.theme import FONT_SMALL, SMALL, TINY, current, theme
from workbench.run.scores import Floats

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
CENTRE = Qt.AlignmentFlag.AlignCenter
#: The ends of both axes: (low, high) across, then up.
Bounds = tuple[tuple[float, float], tuple[float, float]]
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
#: A click so near to a point chooses it.
_NEAR = 28
#: From this width on, the legend stands beside the curves, in so much room.
_ROOMY, _LEGEND = 350, 150
#: Of a curve with more points some are drawn.
_DRAWN = 1500


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One curve.

    Attributes:
        name: In the legend; empty for none.
        x, y: Its points, between 0 and 1.
        key: What a choice of one of its points tells; None where they cannot be chosen.
        colour: The number of its colour in the series; -1 for a quiet grey.
        strong: Whether it is drawn thick.
        dashed: Whether it is drawn as dashes.
        dots: Whether its points are drawn as dots; their sizes are `weights`.
        joined: Whether a line joins the points.
        words: What each point tells when it is pointed at.
        weights: The dots' sizes from 0 to 1.
        told: What it is called where it has no name in the legend.
    """

    name: str
    x: Floats
    y: Floats
    key: object = None
    colour: int = 0
    strong: bool = False
    dashed: bool = False
    dots: bool = False
    words: Sequence[str] = ()
    weights: Floats | None = None
    joined: bool = True
    told: str = ""


class Chart(QWidget):
    """Curves over the unit square; `picked` tells a point's curve key and its number."""

    picked = Signal(object, int)

    def __init__(self, name: str, across: str, up: str, legend: str = "") -> None:
        super().__init__()
        self.lines: tuple[Line, ...] = ()
        self.name = name
        self._across, self._up = across, up
        self._legend = legend  # "right" where the right lower corner is free, "left" for the left one
        self._diagonal = False
        self._bounds: Bounds = ((0.0, 1.0), (0.0, 1.0))
        self._cursor: tuple[int, int] | None = None
        self._hovered: tuple[int, int] | None = None
        self._marks: tuple[tuple[float, float], ...] = ()
        self.setMinimumSize(200, 170)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        theme().changed.connect(self.update)

    def show_lines(
        self, lines: Sequence[Line], *, diagonal: bool = False, bounds: Bounds = ((0.0, 1.0), (0.0, 1.0))
    ) -> None:
        """Draw other curves; the later ones lie above the earlier ones.

        Args:
            lines: The curves, in units of the axes.
            diagonal: Whether the line from corner to corner is drawn.
            bounds: What 0 and 1 stand for on both axes.
        """
        self.lines, self._diagonal, self._bounds = tuple(lines), diagonal, bounds
        self._cursor = self._hovered = None
        self.setAccessibleDescription(". ".join(line.name for line in lines if line.name))
        self.update()

    def show_marks(self, points: Sequence[tuple[float, float]]) -> None:
        """Ring points, such as those of the threshold that is set."""
        self._marks = tuple(points)
        self.update()

    def sizeHint(self) -> QSize:
        """Nearly square."""
        return QSize(280, 200)

    # ---- places

    def _beside(self) -> bool:
        """Whether the legend has room of its own at the right."""
        return bool(self._legend) and self.width() >= _ROOMY and any(line.name for line in self.lines)

    def _plot(self) -> QRectF:
        side = _LEGEND if self._beside() else 0
        return QRectF(self.rect()).adjusted(self._margin() + 14, SMALL, -SMALL - 2 - side, -34)

    def _margin(self) -> int:
        """Room for the numbers at the left."""
        longest = max((self.fontMetrics().horizontalAdvance(text) for _, text in self._ticks(1)), default=0)
        return max(34, longest + TINY)

    def place(self, x: float, y: float) -> QPointF:
        """Where a value is drawn, in pixels."""
        plot = self._plot()
        return QPointF(plot.left() + plot.width() * x, plot.bottom() - plot.height() * y)

    def nearest(self, point: QPointF) -> tuple[int, int] | None:
        """The line and the point near a place; of lines one above the other the upper one."""
        plot, found, best = self._plot(), None, float(_NEAR)
        for number, line in enumerate(self.lines):
            if line.key is None or not len(line.x):
                continue
            across = plot.left() + plot.width() * line.x - point.x()
            up = plot.bottom() - plot.height() * line.y - point.y()
            distances = np.hypot(across, up)
            at = int(distances.argmin())
            if distances[at] <= best:
                found, best = (number, at), float(distances[at])
        return found

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axes, curves, legend, and what is pointed at."""
        painter, palette = QPainter(self), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        self._draw_axes(painter)
        for line in self.lines:
            self._draw_line(painter, line)
        for x, y in self._marks:
            painter.setPen(QPen(palette.colour("text"), 2))
            painter.setBrush(palette.colour("surface"))
            painter.drawEllipse(self.place(x, y), 5, 5)
        self._draw_legend(painter)
        self._draw_pointed(painter)

    def _draw_axes(self, painter: QPainter) -> None:
        palette, plot = current(), self._plot()
        for share, text in self._ticks(1):
            y = self.place(0, share).y()
            painter.setPen(QPen(palette.colour("line"), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(palette.colour("muted"))
            painter.drawText(QRectF(14, y - 8, self._margin() - TINY, 16), RIGHT, text)
        for share, text in self._ticks(0):
            x = self.place(share, 0).x()
            painter.setPen(QPen(palette.colour("line"), 1))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
            painter.setPen(palette.colour("muted"))
            painter.drawText(QRectF(x - 24, plot.bottom() + 3, 48, 14), CENTRE, text)
        painter.drawText(QRectF(plot.left(), plot.bottom() + 17, plot.width(), 15), CENTRE, self._across)
        painter.save()
        painter.translate(0, plot.center().y())
        painter.rotate(-90)
        painter.drawText(QRectF(-plot.height() / 2, 0, plot.height(), 15), CENTRE, self._up)
        painter.restore()
        if self._diagonal:
            painter.setPen(QPen(palette.colour("muted"), 1, Qt.PenStyle.DotLine))
            painter.drawLine(self.place(0, 0), self.place(1, 1))

    def _ticks(self, axis: int) -> list[tuple[float, str]]:
        """Where round values stand on an axis, as shares of it, and their texts."""
        low, high = self._bounds[axis]
        values = _TICKS if (low, high) == (0.0, 1.0) else ticks(low, high)
        return [((value - low) / (high - low), _tick(value)) for value in values]

    def _colour(self, line: Line) -> QColor:
        palette = current()
        if line.colour < 0:
            return QColor(palette.blend("muted", 0.45))
        return palette.curve(line.colour)

    def _draw_line(self, painter: QPainter, line: Line) -> None:
        if not len(line.x):
            return
        colour = self._colour(line)
        pen = QPen(colour, 2.6 if line.strong else 1.4)
        if line.dashed:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        chosen = np.arange(len(line.x))
        if len(chosen) > _DRAWN:
            chosen = np.unique(np.linspace(0, len(line.x) - 1, _DRAWN).astype(np.int64))
        points = [self.place(float(line.x[i]), float(line.y[i])) for i in chosen]
        if line.joined:
            painter.drawPolyline(QPolygonF(points))
        if line.dots:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            for place, point in enumerate(points):
                weight = 0.0 if line.weights is None else float(line.weights[place])
                painter.drawEllipse(point, 3 + 4 * math.sqrt(weight), 3 + 4 * math.sqrt(weight))

    def _draw_legend(self, painter: QPainter) -> None:
        named = [line for line in self.lines if line.name]
        if not self._legend or not named:
            return
        palette, metrics, plot = current(), painter.fontMetrics(), self._plot()
        room = min(plot.width() * 0.72, max(metrics.horizontalAdvance(line.name) for line in named) + 34.0)
        height = 16 * len(named) + 6
        if self._beside():
            room = _LEGEND
        left = plot.right() - room - TINY if self._legend == "right" else plot.left() + TINY
        top = plot.bottom() - height - TINY
        if self._beside():
            left, top = plot.right() + SMALL, plot.top()
        box = QRectF(left, top, room, height)
        ground = palette.colour("surface")
        ground.setAlphaF(0.86)
        painter.fillRect(box, ground)
        for number, line in enumerate(named):
            y = box.top() + 3 + 16 * number
            pen = QPen(self._colour(line), 2.6 if line.strong else 1.8)
            if line.dashed:
                pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.drawLine(QPointF(box.left() + 4, y + 8), QPointF(box.left() + 22, y + 8))
            painter.setPen(palette.colour("text"))
            text = metrics.elidedText(line.name, Qt.TextElideMode.ElideMiddle, int(room) - 30)
            painter.drawText(QRectF(box.left() + 28, y, room - 28, 16), LEFT, text)

    def _draw_pointed(self, painter: QPainter) -> None:
        at = self._hovered or (self._cursor if self.hasFocus() else None)
        if at is None:
            return
        palette, line = current(), self.lines[at[0]]
        point = self.place(float(line.x[at[1]]), float(line.y[at[1]]))
        painter.setPen(QPen(palette.colour("text"), 2))
        painter.setBrush(self._colour(line))
        painter.drawEllipse(point, 5, 5)
        words = self.words(*at)
        metrics, plot = painter.fontMetrics(), self._plot()
        lines = words.split("\n")
        width = max(metrics.horizontalAdvance(part) for part in lines) + 2 * SMALL
        height = 15 * len(lines) + SMALL
        left = min(max(2.0, point.x() + SMALL), self.width() - width - 2)
        top = point.y() - height - SMALL
        if top < plot.top():
            top = min(point.y() + SMALL, self.height() - height - 2.0)
        box = QRectF(left, top, width, height)
        painter.setPen(QPen(palette.colour("line"), 1))
        painter.setBrush(palette.colour("raised"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(palette.colour("text"))
        painter.drawText(box, CENTRE, words)

    def words(self, line: int, point: int) -> str:
        """A point in words."""
        found = self.lines[line]
        if point < len(found.words):
            return found.words[point]
        name = found.name or found.told
        return f"{name}\n{self._across} {found.x[point]:.3f}, {self._up} {found.y[point]:.3f}".strip()

    # ---- pointing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point to read."""
        self._hovered = self.nearest(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if self._hovered else Qt.CursorShape.ArrowCursor)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at."""
        super().leaveEvent(event)
        self._hovered = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click chooses the nearest point."""
        found = self.nearest(event.position())
        if event.button() == Qt.MouseButton.LeftButton and found is not None:
            self._go(found)
            self._pick()
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go along a curve, up and down to another one; Enter and the space bar choose."""
        able = [i for i, line in enumerate(self.lines) if line.key is not None and len(line.x)]
        key = Qt.Key(event.key())
        if not able:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            line, point = self._cursor or (able[-1], 0)
            count = len(self.lines[line].x)
            step = max(1, count // 50) * (1 if key == Qt.Key.Key_Right else -1)
            if count > 1 and self.lines[line].x[0] > self.lines[line].x[-1]:
                step = -step
            self._go((line, max(0, min(count - 1, point + step if self._cursor else point))))
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            line, point = self._cursor or (able[-1], 0)
            line = able[(able.index(line) + (1 if key == Qt.Key.Key_Up else -1)) % len(able)]
            self._go((line, min(point, len(self.lines[line].x) - 1)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._cursor:
            self._pick()
        else:
            super().keyPressEvent(event)

    def _go(self, at: tuple[int, int]) -> None:
        self._cursor = at
        self.setAccessibleDescription(self.words(*at).replace("\n", ", "))
        self.update()

    def _pick(self) -> None:
        if self._cursor is not None:
            line, point = self._cursor
            self.picked.emit(self.lines[line].key, point)


def _tick(value: float) -> str:
    """A value beside an axis: thousands apart, no powers of ten."""
    return f"{value:,.0f}".replace(",", "\u2009") if abs(value) >= 1000 else f"{value:.3g}"
