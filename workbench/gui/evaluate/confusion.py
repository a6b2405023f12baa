"""The confusion matrix: which class is taken for which, as a painted map whose cells and lines can be chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.attention.colours import readable_on
from workbench.gui.theme import FONT_SMALL, SMALL, TINY, current, mixed, theme

Mode = Literal["count", "row", "column"]
Cell = tuple[int, int]
CENTRE = Qt.AlignmentFlag.AlignCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
#: Pixels of a cell: without a number at least, and at most.
LEAST, MOST = 14, 72
#: Cells are not lower than this where there are not many.
_READABLE, _FEW = 22, 12
_LABELS, _UPRIGHT = 118, 84
_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class ConfusionMap(QWidget):
    """True classes below each other, predicted ones side by side. A name chooses its whole line.

    `picked` tells (true, predicted) of a chosen cell, with -1 for any: (2, -1) is the whole line of class 2.
    """

    picked = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.counts: NDArray[np.int64] = np.zeros((0, 0), dtype=np.int64)
        self.names: tuple[str, ...] = ()
        self.spot: Cell = (0, 0)
        self._mode: Mode = "count"
        self._chosen: Cell | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Confusion matrix"))
        theme().changed.connect(self.update)

    def show_counts(self, counts: NDArray[np.int64], names: Sequence[str]) -> None:
        """Show another matrix: row = true class, column = predicted class."""
        self.counts, self.names = counts, tuple(names)
        last = max(0, len(names) - 1)
        self.spot = min(self.spot[0], last), min(self.spot[1], last)
        high = _READABLE if len(names) <= _FEW else LEAST
        self.setMinimumSize(
            round(self._left()) + LEAST * len(names) + SMALL, round(self._top()) + high * len(names) + TINY
        )
        self._tell()
        self.update()

    def show_mode(self, mode: Mode) -> None:
        """Numbers as counts, or as shares of the true or of the predicted class."""
        self._mode = mode
        self._tell()
        self.update()

    def show_chosen(self, cell: Cell | None) -> None:
        """Frame a cell or a line; None frames nothing."""
        self._chosen = cell
        self.update()

    def text(self, true: int, predicted: int) -> str:
        """What is written into a cell."""
        if self._mode == "count":
            return str(int(self.counts[true, predicted]))
        share = self._shares()[true, predicted]
        return f"{100 * share:.0f} %" if math.isfinite(share) else "–"

    def words(self, true: int, predicted: int) -> str:
        """A cell in words."""
        count = int(self.counts[true, predicted])
        rows = self.tr("1 row") if count == 1 else self.tr("{0} rows").format(count)
        if true == predicted:
            return self.tr("{0} of “{1}” rightly recognised ({2})").format(
                rows, self.names[true], self._share_words(true, predicted)
            )
        return self.tr("{0} of “{1}” taken for “{2}” ({3})").format(
            rows, self.names[true], self.names[predicted], self._share_words(true, predicted)
        )

    def _share_words(self, true: int, predicted: int) -> str:
        total = int(self.counts[true].sum())
        return f"{100 * self.counts[true, predicted] / total:.1f} %" if total else "–"

    def _shares(self) -> NDArray[np.float64]:
        axis = {"row": 1, "column": 0}.get(self._mode)
        counts = self.counts.astype(np.float64)
        total = counts.sum(axis=axis, keepdims=True) if axis is not None else counts.max(initial=0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            found: NDArray[np.float64] = counts / total
        return found

    # ---- places

    def _small(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        return font

    def _widest(self) -> float:
        metrics = QFontMetricsF(self._small())
        return min(_LABELS, max((metrics.horizontalAdvance(name) for name in self.names), default=0.0) + 1)

    def _left(self) -> float:
        return 16 + self._widest() + SMALL

    def _turned(self) -> bool:
        """Whether the names above stand upright, because they are too wide for their columns."""
        return self._widest() > self._side_without_names() - TINY

    def _side_without_names(self) -> float:
        count = max(1, len(self.names))
        return max(LEAST, min(MOST, (self.width() - self._left() - SMALL) / count))

    def _top(self) -> float:
        return 16 + (min(_UPRIGHT, self._widest()) if self._turned() else 15) + TINY

    def _pitch(self) -> tuple[float, float]:
        """Width and height of a cell; cells are wider than high where there is room for names."""
        count = max(1, len(self.names))
        wide = max(LEAST, min(1.6 * MOST, (self.width() - self._left() - SMALL) / count))
        high = max(LEAST, min(MOST, (self.height() - self._top() - TINY) / count))
        return math.floor(min(wide, 2.4 * high)), math.floor(min(high, wide))

    def cell(self, true: int, predicted: int) -> QRectF:
        """Where a cell is drawn."""
        wide, high = self._pitch()
        return QRectF(self._left() + predicted * wide, self._top() + true * high, wide - 2, high - 2)

    def cell_at(self, point: QPointF) -> Cell | None:
        """The cell under a point, -1 in the place of a name; None elsewhere."""
        wide, high = self._pitch()
        count = len(self.names)
        column = math.floor((point.x() - self._left()) / wide)
        line = math.floor((point.y() - self._top()) / high)
        inside_x, inside_y = 0 <= column < count, 0 <= line < count
        if inside_x and inside_y:
            return line, column
        if inside_y and point.x() < self._left():
            return line, -1
        if inside_x and point.y() < self._top():
            return -1, column
        return None

    def sizeHint(self) -> QSize:
        """Cells that can be read; where there is more room they grow."""
        count = max(1, len(self.names))
        return QSize(
            round(self._left()) + 40 * count + SMALL, round(self._top()) + (_READABLE + 2) * count + TINY
        )

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Cells, names, frames."""
        if not self.names:
            return
        painter = QPainter(self)
        painter.setFont(self._small())
        shares = np.nan_to_num(self._shares())
        for true in range(len(self.names)):
            for predicted in range(len(self.names)):
                self._draw_cell(painter, true, predicted, float(shares[true, predicted]))
        self._draw_names(painter)
        self._draw_frames(painter)

    def _draw_cell(self, painter: QPainter, true: int, predicted: int, share: float) -> None:
        palette, place = current(), self.cell(true, predicted)
        ground = palette.raised
        if self.counts[true, predicted]:
            tone = palette.accent if true == predicted else palette.bad
            # A single mistake is seen among thousands of rows: the scale is a root, and begins above nothing.
            ground = mixed(tone, palette.surface, 0.14 + 0.8 * math.sqrt(share))
        painter.fillRect(place, QColor(ground))
        text = self.text(true, predicted)
        metrics = painter.fontMetrics()
        if place.height() < metrics.ascent() or place.width() < metrics.horizontalAdvance(text) + 2:
            return
        empty = not self.counts[true, predicted]
        painter.setPen(palette.colour("muted") if empty else readable_on(QColor(ground).rgb()))
        painter.drawText(place, CENTRE, text)

    def _draw_names(self, painter: QPainter) -> None:
        palette, metrics = current(), QFontMetricsF(self._small())
        wide, high = self._pitch()
        left, top, widest = self._left(), self._top(), self._widest()
        elide = Qt.TextElideMode.ElideRight
        painter.setPen(palette.colour("muted"))
        count = len(self.names)
        painter.drawText(
            QRectF(left, 0, count * wide, 15), CENTRE if count * wide > 90 else LEFT, self.tr("predicted")
        )
        painter.save()
        painter.translate(0, top + count * high / 2)
        painter.rotate(-90)
        painter.drawText(QRectF(-60, 0, 120, 15), CENTRE, self.tr("true"))
        painter.restore()
        painter.setPen(palette.colour("text"))
        for number, name in enumerate(self.names):
            if high >= metrics.height() or number % 2 == 0:
                line = self.cell(number, 0)
                painter.drawText(
                    QRectF(16, line.center().y() - 8, widest, 16),
                    RIGHT,
                    metrics.elidedText(name, elide, widest),
                )
            column = self.cell(0, number)
            if self._turned():
                painter.save()
                painter.translate(column.center().x(), top - TINY)
                painter.rotate(-90)
                room = min(_UPRIGHT, widest)
                painter.drawText(QRectF(0, -8, room, 16), LEFT, metrics.elidedText(name, elide, room))
                painter.restore()
            else:
                painter.drawText(QRectF(column.left(), 16, column.width(), 15), CENTRE, name)

    def _draw_frames(self, painter: QPainter) -> None:
        palette, count = current(), len(self.names)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._chosen is not None:
            true, predicted = self._chosen
            if true < 0:
                place = self.cell(0, predicted).united(self.cell(count - 1, predicted))
            elif predicted < 0:
                place = self.cell(true, 0).united(self.cell(true, count - 1))
            else:
                place = self.cell(true, predicted)
            for colour, width in (("surface", 5.0), ("text", 2.0)):  # seen on cells of every colour
                painter.setPen(QPen(palette.colour(colour), width))
                painter.drawRect(place.adjusted(-1, -1, 1, 1))
        if self.hasFocus():
            painter.setPen(QPen(palette.colour("text"), 1, Qt.PenStyle.DotLine))
            painter.drawRect(self.cell(*self.spot).adjusted(2, 2, -2, -2))

    # ---- pointing

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click chooses a cell, or the whole line of a name."""
        found = self.cell_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and found is not None:
            if min(found) >= 0:
                self._go(found)
            self.picked.emit(*found)
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """What can be chosen says so by the pointer."""
        found = self.cell_at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if found else Qt.CursorShape.ArrowCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The arrow keys go from cell to cell; Enter and the space bar choose."""
        step = _STEPS.get(Qt.Key(event.key()))
        last = len(self.names) - 1
        if step is not None and last >= 0:
            self._go((max(0, min(last, self.spot[0] + step[0])), max(0, min(last, self.spot[1] + step[1]))))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.names:
            self.picked.emit(*self.spot)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The cell of the keyboard shows."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """It shows no more."""
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        """The tooltip tells the cell in words."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self.cell_at(QPointF(event.pos()))
            if found is not None:
                QToolTip.showText(event.globalPos(), self._line_words(found), self)
                return True
        return super().event(event)

    def _line_words(self, cell: Cell) -> str:
        true, predicted = cell
        if predicted < 0:
            return self.tr("All rows that are “{0}”").format(self.names[true])
        if true < 0:
            return self.tr("All rows that are taken for “{0}”").format(self.names[predicted])
        return self.words(true, predicted)

    def _go(self, cell: Cell) -> None:
        self.spot = cell
        self._tell()
        self.update()

    def _tell(self) -> None:
        if self.names:
            self.setAccessibleDescription(self.words(*self.spot))
