"""A painted histogram of probabilities in two colours, whose bars can be chosen with the mouse and the keyboard."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.theme import FONT_SMALL, SMALL, TINY, current, theme

Ints = NDArray[np.int64]
CENTRE = Qt.AlignmentFlag.AlignCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
BINS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Rows in each bin from 0 to 1, of two kinds: `low` stands at the bottom, `high` above it."""

    low: Ints
    high: Ints
    low_name: str
    high_name: str
    tones: tuple[str, str] = ("accent", "bad")

    @property
    def bins(self) -> int:
        """How many bins."""
        return len(self.low)


def places(values: NDArray[np.float64]) -> Ints:
    """The bin of each probability."""
    return np.minimum((values * BINS).astype(np.int64), BINS - 1)


class Histogram(QWidget):
    """Bars side by side; `picked` tells the number of a chosen one."""

    picked = Signal(int)

    def __init__(self, name: str, across: str) -> None:
        super().__init__()
        self.counts: Counts | None = None
        self._across = across
        self._cursor = 0
        self._chosen = -1
        self._threshold: float | None = None
        self.name = name
        self.setMinimumSize(200, 170)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        theme().changed.connect(self.update)

    def show_counts(self, counts: Counts, across: str) -> None:
        """Draw other bars."""
        self.counts, self._across = counts, across
        self._cursor = min(self._cursor, counts.bins - 1)
        self._tell()
        self.update()

    def show_chosen(self, number: int) -> None:
        """Frame a bar; -1 frames none."""
        self._chosen = number
        self.update()

    def show_threshold(self, value: float | None) -> None:
        """Draw a line at a threshold; None draws none."""
        self._threshold = value
        self.update()

    def sizeHint(self) -> QSize:
        """As large as a chart."""
        return QSize(280, 200)

    def _plot(self) -> QRectF:
        return QRectF(self.rect()).adjusted(54, SMALL + 18, -SMALL - 2, -34)

    def bar(self, number: int) -> QRectF:
        """The whole column of a bin."""
        plot = self._plot()
        wide = plot.width() / (self.counts.bins if self.counts else 1)
        return QRectF(plot.left() + number * wide, plot.top(), wide, plot.height())

    def _height(self, count: float) -> float:
        # A root: the few rows in the middle are seen beside the many at the ends.
        assert self.counts is not None
        most = max(1, int((self.counts.low + self.counts.high).max()))
        return self._plot().height() * math.sqrt(count / most)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axes, bars, the threshold."""
        if self.counts is None:
            return
        painter, palette, plot, counts = QPainter(self), current(), self._plot(), self.counts
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        self._draw_axes(painter, plot)
        for number in range(counts.bins):
            bar = self.bar(number).adjusted(1, 0, -1, 0)
            total = int(counts.low[number] + counts.high[number])
            if total:
                height = max(2.0, self._height(total))
                lower = height * counts.low[number] / total
                painter.fillRect(
                    QRectF(bar.left(), plot.bottom() - lower, bar.width(), lower),
                    palette.colour(counts.tones[0]),
                )
                painter.fillRect(
                    QRectF(bar.left(), plot.bottom() - height, bar.width(), height - lower),
                    palette.colour(counts.tones[1]),
                )
            focused = self.hasFocus() and number == self._cursor
            if number == self._chosen or focused:
                style = Qt.PenStyle.SolidLine if number == self._chosen else Qt.PenStyle.DotLine
                painter.setPen(QPen(palette.colour("text"), 2 if number == self._chosen else 1, style))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(bar)
        if self._threshold is not None:
            x = plot.left() + plot.width() * self._threshold
            painter.setPen(QPen(palette.colour("text"), 1.5, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
        self._draw_legend(painter, plot)

    def _draw_axes(self, painter: QPainter, plot: QRectF) -> None:
        palette, counts = current(), self.counts
        assert counts is not None
        most = max(1, int((counts.low + counts.high).max()))
        for count in sorted({0, max(1, most // 16), max(1, most // 4), most}):
            y = plot.bottom() - self._height(count)
            painter.setPen(QPen(palette.colour("line"), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(palette.colour("muted"))
            painter.drawText(QRectF(14, y - 8, plot.left() - 14 - TINY, 16), RIGHT, str(count))
        painter.setPen(palette.colour("muted"))
        for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
            x = plot.left() + plot.width() * tick
            painter.drawText(QRectF(x - 16, plot.bottom() + 3, 32, 14), CENTRE, f"{tick:g}")
        painter.drawText(QRectF(plot.left(), plot.bottom() + 17, plot.width(), 15), CENTRE, self._across)
        painter.save()
        painter.translate(0, plot.center().y())
        painter.rotate(-90)
        painter.drawText(
            QRectF(-plot.height() / 2, 0, plot.height(), 15), CENTRE, self.tr("rows (root scale)")
        )
        painter.restore()

    def _draw_legend(self, painter: QPainter, plot: QRectF) -> None:
        counts, palette, metrics = self.counts, current(), painter.fontMetrics()
        assert counts is not None
        left = plot.left()
        room = plot.width() / 2 - 20
        for tone, name in zip(counts.tones, (counts.low_name, counts.high_name), strict=True):
            painter.fillRect(QRectF(left, SMALL, 9, 9), palette.colour(tone))
            painter.setPen(palette.colour("text"))
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(room))
            painter.drawText(QPointF(left + 14, SMALL + 9), text)
            left += 14 + metrics.horizontalAdvance(text) + 14

    def words(self, number: int) -> str:
        """A bar in words."""
        counts = self.counts
        assert counts is not None
        low, high = number / counts.bins, (number + 1) / counts.bins
        return (
            f"{self._across} {low:.2f}–{high:.2f}: {counts.low[number]} {counts.low_name}, "
            f"{counts.high[number]} {counts.high_name}"
        )

    # ---- pointing

    def _at(self, point: QPointF) -> int:
        plot = self._plot()
        if self.counts is None or not plot.adjusted(0, -4, 0, 20).contains(point):
            return -1
        return min(self.counts.bins - 1, int((point.x() - plot.left()) / plot.width() * self.counts.bins))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click chooses a bar."""
        found = self._at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and found >= 0:
            self._cursor = found
            self._tell()
            self.picked.emit(found)
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """What can be chosen says so by the pointer."""
        over = self._at(event.position()) >= 0
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go from bar to bar; Enter and the space bar choose."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if self.counts is not None and step is not None:
            self._cursor = max(0, min(self.counts.bins - 1, self._cursor + step))
            self._tell()
            self.update()
        elif self.counts is not None and event.key() in (
            Qt.Key.Key_Return,
            Qt.Key.Key_Enter,
            Qt.Key.Key_Space,
        ):
            self.picked.emit(self._cursor)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """The tooltip tells the bar in words."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self._at(QPointF(event.pos()))
            if found >= 0:
                QToolTip.showText(event.globalPos(), self.words(found), self)
                return True
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)

    def _tell(self) -> None:
        if self.counts is not None:
            self.setAccessibleDescription(self.words(self._cursor))
