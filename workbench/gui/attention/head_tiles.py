"""All heads as small tiles, layers below each other: one number or one small picture in each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.attention.colours import colour_table, picture
from workbench.gui.attention.labels import every
from workbench.gui.attention.scales import colour_numbers
from workbench.gui.theme import FONT_SMALL, SMALL, TINY, Palette, current, theme

Head = tuple[int, int]

#: The smallest and the largest tile, in pixels; one number needs less height than a picture.
LEAST, LOWEST, MOST = 8, 6, 56
_GAP = 2
_STEPS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
_CENTRE = Qt.AlignmentFlag.AlignCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class HeadTiles(QWidget):
    """A tile for each head; square roots of weights become colours, up to the largest weight shown.

    Signals:
        chosen: The (layer, head) that was clicked or reached with the arrow keys.
        hovered: A (layer, head), or None when the pointer leaves.
    """

    chosen = Signal(int, int)
    hovered = Signal(object)

    def __init__(self, name: str, colours: str = "ink") -> None:
        super().__init__()
        self._colours = colours
        self.selection: Head = (0, 0)
        self._framed = ""  # what of the selection is framed: "head", "layer" or nothing
        self._tiles = np.zeros((0, 0, 1, 1), np.float32)
        self._image: QImage | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name)
        theme().changed.connect(self._recolour)

    @property
    def shape(self) -> tuple[int, int]:
        """How many layers and heads there are."""
        return self._tiles.shape[0], self._tiles.shape[1]

    def show_tiles(self, tiles: NDArray[Any], framed: str) -> None:
        """Show weights of shape (layers, heads, rows, columns); frame the chosen "head", its "layer", or nothing."""
        if tiles.shape[:2] != self.shape:
            layers, heads = tiles.shape[:2]
            self.selection = min(self.selection[0], layers - 1), min(self.selection[1], heads - 1)
            least = LOWEST if tiles.shape[2:] == (1, 1) else LEAST
            self.setMinimumSize(self._left() + heads * LEAST, self._top() + layers * least)
        self._tiles, self._framed = np.asarray(tiles, np.float32), framed
        self._recolour()

    def choose(self, layer: int, head: int) -> None:
        """Select a head and tell it."""
        self.selection = layer, head
        self.update()
        self.chosen.emit(layer, head)

    def _recolour(self) -> None:
        if not self._tiles.size:
            return
        layers, heads, rows, columns = self._tiles.shape
        flat = self._tiles.transpose(0, 2, 1, 3).reshape(layers * rows, heads * columns)
        numbers = colour_numbers(np.ascontiguousarray(flat), float(flat.max()) or 1.0, "sqrt")
        self._image = picture(np.ascontiguousarray(numbers), colour_table(self._colours, current()))
        self.update()

    # ---- places

    def _small(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        return font

    def _left(self) -> int:
        return math.ceil(QFontMetricsF(self._small()).horizontalAdvance("L99")) + SMALL

    def _top(self) -> int:
        return math.ceil(QFontMetricsF(self._small()).height()) + TINY

    def _pitch(self) -> tuple[int, int]:
        """Width and height of a tile with its gap; small pictures keep their shape, numbers fill the room."""
        layers, heads, rows, columns = self._tiles.shape
        wide = max(LEAST, min(MOST, (self.width() - self._left()) // max(1, heads)))
        high = max(LOWEST, min(MOST, (self.height() - self._top()) // max(1, layers)))
        if rows * columns == 1:
            return wide, high
        scale = min((wide - _GAP) / columns, (high - _GAP) / rows)
        return max(LEAST, round(scale * columns) + _GAP), max(LEAST, round(scale * rows) + _GAP)

    def _spare(self) -> int:
        return max(0, self.width() - self._left() - self._pitch()[0] * self.shape[1]) // 2

    def tile(self, layer: int, head: int) -> QRectF:
        """Where a head is drawn."""
        wide, high = self._pitch()
        x = self._left() + self._spare() + head * wide
        return QRectF(x, self._top() + layer * high, wide - _GAP, high - _GAP)

    def head_at(self, point: QPointF) -> Head | None:
        """The head under a point; None outside."""
        (wide, high), (layers, heads) = self._pitch(), self.shape
        head = math.floor((point.x() - self._left() - self._spare()) / wide)
        layer = math.floor((point.y() - self._top()) / high)
        return (layer, head) if 0 <= layer < layers and 0 <= head < heads else None

    def sizeHint(self) -> QSize:
        """Room for tiles of a readable size."""
        layers, heads = self.shape
        return QSize(self._left() + max(8, heads) * 24, self._top() + max(6, layers) * 24)

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw tiles, numbers of layers and heads, and the frame."""
        if self._image is None:
            return
        painter, palette = QPainter(self), current()
        layers, heads = self.shape
        places = {(i, j): self.tile(i, j) for i in range(layers) for j in range(heads)}
        for (layer, head), place in places.items():
            self._draw_tile(painter, place, layer, head)
        painter.setPen(QPen(palette.colour("line"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRects([place.adjusted(-0.5, -0.5, -0.5, -0.5) for place in places.values()])
        self._draw_numbers(painter, palette)
        self._draw_frame(painter, palette)

    def _draw_tile(self, painter: QPainter, place: QRectF, layer: int, head: int) -> None:
        """One number as a plain ground, a picture as a copy of its part: SVG would keep the whole for each tile."""
        assert self._image is not None
        rows, columns = self._tiles.shape[2:]
        if rows * columns == 1:
            painter.fillRect(place, self._image.pixelColor(head, layer))
        else:
            part = self._image.copy(head * columns, layer * rows, columns, rows)
            painter.drawImage(
                place, part.scaled(4 * columns, 4 * rows)
            )  # browsers would smooth single pixels

    def _draw_numbers(self, painter: QPainter, palette: Palette) -> None:
        layers, heads = self.shape
        painter.setFont(self._small())
        painter.setPen(palette.colour("muted"))
        metrics = QFontMetricsF(self._small())
        wide, high = self._pitch()
        step = every(high, metrics.height())
        left = self._spare() + self._left() - SMALL
        for layer in range(0, layers, step):
            place = self.tile(layer, 0)
            painter.drawText(
                QRectF(0, place.center().y() - 10, left, 20), _RIGHT, f"{self.tr('L')}{layer + 1}"
            )
        step = every(wide, metrics.horizontalAdvance("99") + TINY)
        for head in range(0, heads, step):
            centre = self.tile(0, head).center().x()
            painter.drawText(QRectF(centre - 20, 0, 40, self._top() - TINY), _CENTRE, str(head + 1))

    def _draw_frame(self, painter: QPainter, palette: Palette) -> None:
        layer, head = self.selection
        if self._framed == "head":
            place = self.tile(layer, head)
        elif self._framed == "layer":
            place = self.tile(layer, 0).united(self.tile(layer, self.shape[1] - 1))
        else:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in (("surface", 5), ("text", 2)):  # seen on tiles of every colour
            painter.setPen(QPen(palette.colour(colour), width))
            painter.drawRect(place.adjusted(-1, -1, 0, 0))

    # ---- pointing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point to read."""
        self.hovered.emit(self.head_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at."""
        super().leaveEvent(event)
        self.hovered.emit(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Click to choose."""
        found = self.head_at(event.position())
        if found is not None:
            self.choose(*found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The arrow keys go from head to head."""
        step = _STEPS.get(Qt.Key(event.key()))
        layers, heads = self.shape
        if step is None or not layers:
            super().keyPressEvent(event)
            return
        layer, head = self.selection[0] + step[0], self.selection[1] + step[1]
        self.choose(max(0, min(layers - 1, layer)), max(0, min(heads - 1, head)))
