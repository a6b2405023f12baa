"""The atlas on the screen: every head of every layer at once, to hover over and choose from."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy

from workbench.gui.attention.atlas import Grid, atlas_numbers, whole_cells
from workbench.gui.attention.colours import colour_table, picture
from workbench.gui.attention.drawing import CENTRE, RIGHT, Look
from workbench.gui.attention.labels import every, head_name, link_text
from workbench.gui.attention.shown import Shown
from workbench.gui.theme import SMALL, TINY

#: Below this many pixels a head says nothing: then the atlas scrolls instead of shrinking.
SMALLEST, LARGEST = 30, 320
_STEPS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}


class AtlasView(QAbstractScrollArea):
    """All heads as tiles of one image, with layer and head labels that stay in sight.

    Signals:
        hovered: A (layer, head), or None when the pointer leaves.
        chosen: The (layer, head) that was clicked or reached with the arrow keys.
        opened: The person wants the chosen head large (Enter or a double click).
    """

    hovered = Signal(object)
    chosen = Signal(int, int)
    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName(self.tr("All heads"))
        self._shown: Shown | None = None
        self._look: Look | None = None
        self._grid: Grid | None = None
        self._image: QImage | None = None
        self._zoom = 1.0
        self._hover: tuple[int, int] | None = None
        self.selection = (0, 0)

    # ---- what is shown

    def show_maps(self, shown: Shown | None, look: Look) -> None:
        """Draw these maps; the selection stays where the shape allows it."""
        if shown is not None and (self._shown is None or shown.shape[:2] != self._shown.shape[:2]):
            self._zoom = 1.0
        self._shown, self._look = shown, look
        if shown:
            layers, heads, _ = shown.shape
            self.selection = min(self.selection[0], layers - 1), min(self.selection[1], heads - 1)
        self._hover = None
        self._rebuild()

    def choose(self, layer: int, head: int) -> None:
        """Select a head, tell it, and bring it into sight."""
        self.selection = layer, head
        self._bring_into_sight()
        self._describe()
        self.viewport().update()
        self.chosen.emit(layer, head)

    def tile_centre(self, layer: int, head: int) -> QPointF:
        """Where a head's tile is on the viewport."""
        return self._tile_rect(layer, head).center()

    def sizeHint(self) -> QSize:
        """Room for a dozen heads side by side."""
        return QSize(480, 440)

    # ---- geometry; device pixels in the grid, logical pixels here

    @property
    def _ratio(self) -> float:
        return self.devicePixelRatioF()

    def _margins(self) -> tuple[int, int]:
        metrics = QFontMetricsF(self._look.small() if self._look else self.font())
        layers = self._shown.shape[0] if self._shown else 1
        return math.ceil(metrics.horizontalAdvance(f"L{layers}")) + SMALL, math.ceil(metrics.height()) + TINY

    def _rebuild(self) -> None:
        if self._shown is None or self._look is None:
            self._grid = self._image = None
        else:
            self._grid = self._fitted(self._shown)
            numbers = atlas_numbers(self._shown, self._look.scale, self._grid)
            self._image = picture(numbers, colour_table(self._look.colours, self._look.palette), self._ratio)
            self._set_scroll_bars()
            self._describe()
        self.viewport().update()

    def _fitted(self, shown: Shown) -> Grid:
        layers, heads, tokens = shown.shape
        left, top = self._margins()
        size = self.maximumViewportSize()
        gap = max(1, round(2 * self._ratio))
        wide = (size.width() - left) * self._ratio / heads - gap
        high = (size.height() - top) * self._ratio / layers - gap
        smallest, largest = SMALLEST * self._ratio, LARGEST * self._ratio
        fit = min(wide, high)
        if fit < smallest:  # scroll one way rather than both; leave room for the scroll bar
            fit = max(min(44 * self._ratio, wide - 12 * self._ratio / heads), smallest * 0.6)
        tile = int(max(8, min(largest, fit) * self._zoom))
        return Grid(layers, heads, whole_cells(tile, tokens), gap)

    def _set_scroll_bars(self) -> None:
        if self._grid is None:
            return
        left, top = self._margins()
        across = math.ceil(self._grid.width / self._ratio) + left - self.viewport().width()
        down = math.ceil(self._grid.height / self._ratio) + top - self.viewport().height()
        for bar, room, page in (
            (self.horizontalScrollBar(), across, self.viewport().width()),
            (self.verticalScrollBar(), down, self.viewport().height()),
        ):
            bar.setRange(0, max(0, room))
            bar.setPageStep(page)
            bar.setSingleStep(round(self._grid.pitch / self._ratio))

    def _origin(self) -> QPointF:
        """Where the image's corner is on the viewport; a small atlas is centred."""
        left, top = self._margins()
        spare = 0.0
        if self._grid:
            spare = max(0.0, self.viewport().width() - left - self._grid.width / self._ratio)
        x = left + spare // 2 - self.horizontalScrollBar().value()
        return QPointF(x, top - self.verticalScrollBar().value())

    def _tile_rect(self, layer: int, head: int) -> QRectF:
        if self._grid is None:
            return QRectF()
        x, y = self._grid.corner(layer, head)
        side = self._grid.tile / self._ratio
        return QRectF(x / self._ratio, y / self._ratio, side, side).translated(self._origin())

    def _head_at(self, point: QPointF) -> tuple[int, int] | None:
        if self._grid is None:
            return None
        at = point - self._origin()
        return self._grid.at(at.x() * self._ratio, at.y() * self._ratio)

    def _bring_into_sight(self) -> None:
        rect, (left, top) = self._tile_rect(*self.selection), self._margins()
        for bar, low, high, first, last in (
            (self.horizontalScrollBar(), rect.left(), rect.right(), left, self.viewport().width()),
            (self.verticalScrollBar(), rect.top(), rect.bottom(), top, self.viewport().height()),
        ):
            if low < first:
                bar.setValue(bar.value() + math.floor(low - first - 2))
            elif high > last:
                bar.setValue(bar.value() + math.ceil(high - last + 2))

    def _describe(self) -> None:
        if self._shown:
            link = self._shown.strongest(*self.selection)
            self.setAccessibleDescription(f"{head_name(*self.selection)}: {link_text(self._shown, link)}")

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Blit the atlas, then labels and marks over it."""
        if self._image is None or self._look is None:
            return
        painter = QPainter(self.viewport())
        left, top = self._margins()
        body = QRectF(left, top, self.viewport().width() - left, self.viewport().height() - top)
        painter.save()
        painter.setClipRect(body.adjusted(-3, -3, 0, 0))
        self._draw_grounds(painter)
        painter.drawImage(self._origin(), self._image)
        if self._hover and self._hover != self.selection:
            self._frame(painter, self._hover, "muted", 1)
        self._frame(painter, self.selection, "surface", 4)  # so that the mark stands off from any colour map
        self._frame(painter, self.selection, "accent", 2)
        painter.restore()
        self._draw_labels(painter, self._look)

    def _draw_grounds(self, painter: QPainter) -> None:
        # What a causal model cannot see is transparent in the image; its ground must differ from a weight of 0.
        if self._shown is None or self._look is None or not self._shown.maps.causal:
            return
        ground = self._look.palette.colour("background")
        layers, heads, _ = self._shown.shape
        for layer in range(layers):
            for head in range(heads):
                painter.fillRect(self._tile_rect(layer, head), ground)

    def _frame(self, painter: QPainter, head: tuple[int, int], role: str, width: int) -> None:
        assert self._look is not None
        painter.setPen(QPen(self._look.palette.colour(role), width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        grow = width / 2
        painter.drawRect(self._tile_rect(*head).adjusted(-grow, -grow, grow, grow))

    def _draw_labels(self, painter: QPainter, look: Look) -> None:
        assert self._grid is not None
        font = look.small()
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        left, top = self._margins()
        origin = self._origin()
        pitch = self._grid.pitch / self._ratio
        side = self._grid.tile / self._ratio
        points = {self.selection, *({self._hover} if self._hover else ())}
        widest = metrics.horizontalAdvance(f"H{self._grid.heads}") + TINY
        for axis, count, letter, step in (
            (0, self._grid.layers, "L", every(pitch, metrics.height())),
            (1, self._grid.heads, "H", every(pitch, widest)),
        ):
            strong = {point[axis] for point in points}
            for i in range(count):
                if i % step and i not in strong:
                    continue
                painter.setPen(look.palette.colour("text" if i in strong else "muted"))
                if axis == 0:
                    box = QRectF(origin.x() - left, origin.y() + i * pitch, left - SMALL, side)
                    if box.center().y() >= top:
                        painter.drawText(box, RIGHT, f"{letter}{i + 1}")
                else:
                    x = origin.x() + i * pitch + side / 2
                    if x >= left:
                        painter.drawText(QRectF(x - 20, 0, 40, top - TINY), CENTRE, f"{letter}{i + 1}")

    # ---- input

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the tiles to the new size."""
        self._rebuild()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point at a head."""
        self._point_at(self._head_at(event.position()))

    def viewportEvent(self, event: QEvent) -> bool:
        """The pointer leaves the viewport, not this widget."""
        if event.type() == QEvent.Type.Leave:
            self._point_at(None)
        return super().viewportEvent(event)

    def _point_at(self, head: tuple[int, int] | None) -> None:
        if head != self._hover:
            self._hover = head
            self.viewport().update()
            self.hovered.emit(head)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a head."""
        head = self._head_at(event.position())
        if head and event.button() == Qt.MouseButton.LeftButton:
            self.choose(*head)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the head."""
        if self._head_at(event.position()):
            self.opened.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl make the tiles larger or smaller."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(1.2 if event.angleDelta().y() > 0 else 1 / 1.2)
            event.accept()
        else:
            super().wheelEvent(event)

    def zoom(self, factor: float) -> None:
        """Make the tiles larger or smaller; 0 fits them to the room again."""
        self._zoom = max(0.4, min(6.0, self._zoom * factor)) if factor else 1.0
        self._rebuild()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the selection, Home and End go to the ends of a layer, Enter opens the head."""
        if self._shown is None:
            super().keyPressEvent(event)
            return
        layers, heads, _ = self._shown.shape
        layer, head = self.selection
        key = Qt.Key(event.key())
        if key in _STEPS:
            down, right = _STEPS[key]
            self.choose(max(0, min(layers - 1, layer + down)), max(0, min(heads - 1, head + right)))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.choose(layer, 0 if key == Qt.Key.Key_Home else heads - 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus, Qt.Key.Key_0):
            self.zoom({Qt.Key.Key_Minus: 1 / 1.2, Qt.Key.Key_0: 0.0}.get(key, 1.2))
        else:
            super().keyPressEvent(event)
