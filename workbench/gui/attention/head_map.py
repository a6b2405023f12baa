"""A map with one cell per head, coloured by how much the head matters, from which heads are chosen."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.attention.labels import every
from workbench.gui.attention.map_legend import readable, value_colour
from workbench.gui.theme import FONT_SMALL, SMALL, TINY, Palette, current, theme
from workbench.run.inside.ablation import Head, figure

#: The smallest and largest cell, in pixels.
LEAST, WIDEST, HIGHEST = 12, 84, 64
#: How much of its colour a value keeps that may be chance.
PALE = 0.15
_GAP = 2
_STEPS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
_CENTRE = Qt.AlignmentFlag.AlignCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class HeadMap(QWidget):
    """Heads as cells, layers below each other. Click chooses one, Ctrl adds or removes, Shift a block, dragging a
    rectangle; with the keys: arrows move, Space adds or removes, Shift and arrows take a block, Escape clears.

    Signals:
        chosen: The choice is another one.
        hovered: A (layer, head), or None when the pointer leaves.
    """

    chosen = Signal()
    hovered = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.selection: frozenset[Head] = frozenset()
        self._layers: tuple[str, ...] = ()
        self._heads: tuple[int, ...] = ()
        self._values: NDArray[np.float64] | None = None
        self._unsure: NDArray[np.bool_] | None = None
        self._cursor: Head = (0, 0)
        self._anchor: Head = (0, 0)
        self._before: frozenset[Head] = frozenset()
        self._band: tuple[Head, Head] | None = None
        self._hover: Head | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("All heads"))
        theme().changed.connect(self.update)

    # ---- what is shown

    def show_heads(self, layers: tuple[str, ...], heads: tuple[int, ...]) -> None:
        """The shape: names of layers, and how many heads each has. Another shape clears values and choice."""
        if (layers, heads) != (self._layers, self._heads):
            self._layers, self._heads = layers, heads
            self._values, self._cursor, self._anchor = None, (0, 0), (0, 0)
            self.selection = frozenset()
            self.setMinimumSize(
                self._left() + max(heads, default=1) * LEAST, self._top() + len(layers) * LEAST
            )
        self._describe()
        self.update()

    def show_values(
        self, values: NDArray[np.float64] | None, unsure: NDArray[np.bool_] | None = None
    ) -> None:
        """Colour the cells.

        Args:
            values: float64 (layers, most heads), NaN where nothing is known; None for no colours.
            unsure: bool, the same shape: which values may be chance; they are drawn pale.
        """
        self._values, self._unsure = values, unsure
        self._describe()
        self.update()

    def choose(self, heads: Iterable[Head]) -> None:
        """Choose these, and tell it when they are others than before."""
        found = frozenset(heads)
        if found != self.selection:
            self.selection = found
            self.chosen.emit()
        self._describe()
        self.update()

    def top(self) -> float:
        """The value with the strongest colour, in either direction."""
        if self._values is None or not np.isfinite(self._values).any():
            return 0.0
        return float(np.nanmax(np.abs(self._values)))

    def cell(self, layer: int, head: int) -> QRectF:
        """Where a head is drawn."""
        wide, high = self._pitch()
        left = self._left() + self._spare() + head * wide
        return QRectF(left, self._top() + layer * high, wide - _GAP, high - _GAP)

    def head_at(self, point: QPointF) -> Head | None:
        """The head under a point; None outside."""
        wide, high = self._pitch()
        head = math.floor((point.x() - self._left() - self._spare()) / wide)
        layer = math.floor((point.y() - self._top()) / high)
        if 0 <= layer < len(self._layers) and 0 <= head < self._heads[layer]:
            return layer, head
        return None

    def sizeHint(self) -> QSize:
        """Room for figures in the cells."""
        heads = max(self._heads, default=12)
        return QSize(self._left() + heads * 40, self._top() + max(6, len(self._layers)) * 28)

    def head_words(self, head: Head) -> str:
        """ "Layer 2, head 3"."""
        return self.tr("{0}, head {1}").format(self._layers[head[0]], head[1] + 1)

    # ---- geometry

    def _small(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        return font

    def _left(self) -> int:
        metrics = QFontMetricsF(self._small())
        return (
            math.ceil(
                max((metrics.horizontalAdvance(self._short(i)) for i in range(len(self._layers))), default=0)
            )
            + SMALL
        )

    def _top(self) -> int:
        return math.ceil(QFontMetricsF(self._small()).height()) + TINY

    def _pitch(self) -> tuple[int, int]:
        heads, layers = max(self._heads, default=1), max(1, len(self._layers))
        wide = max(LEAST, min(WIDEST, (self.width() - self._left()) // heads))
        return wide, max(LEAST, min(HIGHEST, (self.height() - self._top()) // layers))

    def _spare(self) -> int:
        wide, _ = self._pitch()
        return max(0, self.width() - self._left() - wide * max(self._heads, default=1)) // 2

    def _short(self, layer: int) -> str:
        """ "L3", and "E3" or "D3" where encoder and decoder have layers."""
        side, _, number = self._layers[layer].rpartition(" ")
        return f"{side[:1]}{number}"

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw cells, labels, marks and the rubber band."""
        painter, palette = QPainter(self), current()
        small = self._small()
        painter.setFont(small)
        top, room = self.top(), self._figure_room(QFontMetricsF(small))
        for layer, heads in enumerate(self._heads):
            for head in range(heads):
                self._draw_cell(painter, palette, (layer, head), top, figures=room)
        self._draw_labels(painter, palette)
        self._draw_marks(painter, palette)

    def _figure_room(self, metrics: QFontMetricsF) -> bool:
        if self._values is None:
            return False
        wide, high = self._pitch()
        widest = max(
            (metrics.horizontalAdvance(figure(v)) for v in self._values.flat if math.isfinite(v)), default=0
        )
        return widest + TINY <= wide - _GAP and metrics.height() <= high - _GAP

    def _draw_cell(
        self, painter: QPainter, palette: Palette, head: Head, top: float, *, figures: bool
    ) -> None:
        rect = self.cell(*head)
        value = float(self._values[head]) if self._values is not None else math.nan
        pale = self._unsure is not None and bool(self._unsure[head])
        ground = value_colour(palette, value * (PALE if pale else 1), top)
        gone = head in self.selection
        painter.fillRect(rect, ground)
        if not math.isfinite(value):
            painter.setPen(QPen(palette.colour("line"), 1))
            painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))
        if gone:  # struck out, which is seen without colours too
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(palette.colour("accent"), 2))
            inner = rect.adjusted(1, 1, -1, -1)
            painter.drawRect(inner)
            painter.drawLine(inner.bottomLeft(), inner.topRight())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        elif figures and math.isfinite(value):
            painter.setPen(readable(ground))
            painter.drawText(rect, _CENTRE, figure(value))

    def _draw_labels(self, painter: QPainter, palette: Palette) -> None:
        metrics = QFontMetricsF(self._small())
        wide, high = self._pitch()
        marked = self._hover or (self._cursor if self.hasFocus() else None)
        down = every(high, metrics.height())
        across = every(wide, metrics.horizontalAdvance(f"H{max(self._heads, default=1)}") + TINY)
        left = self._left() + self._spare()
        for layer in range(len(self._layers)):
            strong = marked is not None and marked[0] == layer
            if layer % down == 0 or strong:
                painter.setPen(palette.colour("text" if strong else "muted"))
                y = self._top() + layer * high
                painter.drawText(
                    QRectF(self._spare(), y, self._left() - TINY, high - _GAP), _RIGHT, self._short(layer)
                )
        for head in range(max(self._heads, default=0)):
            strong = marked is not None and marked[1] == head
            if head % across == 0 or strong:
                painter.setPen(palette.colour("text" if strong else "muted"))
                x = left + head * wide + (wide - _GAP) / 2
                painter.drawText(QRectF(x - 20, 0, 40, self._top() - TINY), _CENTRE, f"H{head + 1}")

    def _draw_marks(self, painter: QPainter, palette: Palette) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._hover and self._hover not in self.selection:
            painter.setPen(QPen(palette.colour("muted"), 1))
            painter.drawRect(self.cell(*self._hover).adjusted(-0.5, -0.5, 0.5, 0.5))
        if self.hasFocus() and self._heads:
            painter.setPen(QPen(palette.colour("text"), 1, Qt.PenStyle.DashLine))
            painter.drawRect(self.cell(*self._cursor).adjusted(-1.5, -1.5, 1.5, 1.5))
        if self._band:
            rect = self.cell(*self._band[0]).united(self.cell(*self._band[1]))
            painter.setPen(QPen(palette.colour("accent"), 1, Qt.PenStyle.DashLine))
            painter.drawRect(rect.adjusted(-2, -2, 2, 2))

    # ---- input

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a choice."""
        head = self.head_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton:
            return
        keys = event.modifiers()
        if head is None:
            if not keys:
                self.choose(())
            return
        self._cursor = head
        if keys & Qt.KeyboardModifier.ShiftModifier:
            self._before = frozenset()
            self.choose(self._block(self._anchor, head))
        else:
            self._anchor = head
            adding = bool(keys & Qt.KeyboardModifier.ControlModifier)
            self._before = self.selection if adding else frozenset()
            alone = self.selection == {head}  # a second click on the only one gives it back
            self.choose(self._before ^ {head} if adding else () if alone else {head})
        self._band = (self._anchor, head)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point at a head, or draw the rubber band."""
        head = self.head_at(event.position())
        drawing = bool(event.buttons() & Qt.MouseButton.LeftButton)
        if drawing and self._band and head and head != self._band[1]:
            self._cursor, self._band = head, (self._anchor, head)
            self.choose(self._before | self._block(self._anchor, head))
        self._point_at(head)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The band is done."""
        self._band = None
        self.update()

    def event(self, event: QEvent) -> bool:
        """The pointer leaves; the mark of the keyboard comes and goes with the focus."""
        if event.type() == QEvent.Type.Leave:
            self._point_at(None)
        elif event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See the class."""
        key, keys = Qt.Key(event.key()), event.modifiers()
        if not self._heads:
            super().keyPressEvent(event)
        elif key in _STEPS:
            down, right = _STEPS[key]
            layer = max(0, min(len(self._heads) - 1, self._cursor[0] + down))
            self._cursor = layer, max(0, min(self._heads[layer] - 1, self._cursor[1] + right))
            if keys & Qt.KeyboardModifier.ShiftModifier:
                self.choose(self._block(self._anchor, self._cursor))
            else:
                self._anchor = self._cursor
            self._point_at(self._cursor)
            self._describe()
            self.update()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.choose(self.selection ^ {self._cursor})
        elif key == Qt.Key.Key_Escape and self.selection:
            self.choose(())
        elif key == Qt.Key.Key_A and keys & Qt.KeyboardModifier.ControlModifier:
            self.choose(self._block((0, 0), (len(self._heads) - 1, max(self._heads) - 1)))
        else:
            super().keyPressEvent(event)

    def _block(self, one: Head, other: Head) -> frozenset[Head]:
        """All heads of the rectangle between two."""
        layers = range(min(one[0], other[0]), max(one[0], other[0]) + 1)
        heads = range(min(one[1], other[1]), max(one[1], other[1]) + 1)
        return frozenset((layer, head) for layer in layers for head in heads if head < self._heads[layer])

    def _point_at(self, head: Head | None) -> None:
        if head != self._hover:
            self._hover = head
            self.hovered.emit(head)
            self.update()

    def _describe(self) -> None:
        if not self._heads:
            return
        gone = self.tr("taken away") if self._cursor in self.selection else self.tr("at work")
        words = f"{self.head_words(self._cursor)}: {gone}"
        if self._values is not None and math.isfinite(self._values[self._cursor]):
            words += f", {figure(float(self._values[self._cursor]))}"
        self.setAccessibleDescription(
            self.tr("{0}. {1} of {2} taken away.").format(words, len(self.selection), sum(self._heads))
        )
