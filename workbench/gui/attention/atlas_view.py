"""The atlas on the screen: every head of every layer at once, to hover over and choose from."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QMargins, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy

from workbench.gui.attention import atlas_marks as marks
from workbench.gui.attention.atlas import Grid, Head, atlas_numbers
from workbench.gui.attention.atlas_fit import fitted
from workbench.gui.attention.atlas_scroll import Scrolling
from workbench.gui.attention.colours import colour_table, picture
from workbench.gui.attention.drawing import Look
from workbench.gui.attention.labels import head_name, link_text
from workbench.gui.attention.scales import tops
from workbench.gui.attention.shown import Shown
from workbench.gui.theme import SMALL, TINY
from workbench.run.inside.census import Census

#: So many heads can be looked at together: each needs a colour that is told apart.
MOST_PICKED = 6
_ZOOM = 1.2
_STEPS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}


class AtlasView(QAbstractScrollArea):
    """All heads as tiles of one image, with layer and head labels that stay in sight.

    Ctrl and the wheel, or + and -, zoom; the wheel, dragging, or Shift and the arrows, move.

    Signals:
        hovered: A (layer, head), or None when the pointer leaves.
        chosen: The (layer, head) that was clicked or reached with the arrow keys.
        joined: Another head was taken to the chosen one, or let go: Ctrl and a click or an arrow.
        opened: The person wants the chosen head large (Enter or a double click).
    """

    hovered = Signal(object)
    chosen = Signal(int, int)
    joined = Signal()
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
        self._census: Census | None = None
        self._order: tuple[Head, ...] = ()
        self._bright: frozenset[Head] | None = None
        self._grid: Grid | None = None
        self._image: QImage | None = None
        self._zoom = 1.0
        self._hover: Head | None = None
        self._scrolling = Scrolling(self)
        #: The weight of the strongest colour of each head, float32 (layers, heads).
        self.tops: NDArray[np.float32] = np.ones((1, 1), dtype=np.float32)
        self.selection: Head = (0, 0)
        self.others: tuple[Head, ...] = ()

    # ---- what is shown

    def show_maps(
        self, shown: Shown | None, look: Look, census: Census | None = None, order: tuple[Head, ...] = ()
    ) -> None:
        """Draw these maps; the selection stays where the shape allows it.

        Args:
            shown: The maps.
            look: How they are drawn.
            census: Colours each head's line by its kind.
            order: Which heads, in which order; empty for all in the model's own order.
        """
        if shown is not None and (self._shown is None or shown.shape[:2] != self._shown.shape[:2]):
            self._zoom, self.others = 1.0, ()
        self._shown, self._look, self._census, self._order = shown, look, census, order
        if shown:
            layers, heads = shown.shape[:2]
            self.selection = min(self.selection[0], layers - 1), min(self.selection[1], heads - 1)
            if order and self.selection not in order:
                self.selection = order[0]
        self._hover = None
        self._rebuild()
        if shown:
            self.tops = tops(shown, look.scale)  # now that the maps have been made small, this costs little

    def point_out(self, heads: frozenset[Head] | None) -> None:
        """Let all other heads fade; None lets none."""
        if heads != self._bright:
            self._bright = heads
            self.viewport().update()

    def choose(self, layer: int, head: int) -> None:
        """Select a head alone, tell it, and bring it into sight."""
        self.selection, self.others = (layer, head), ()
        self._bring_into_sight()
        self._describe()
        self.viewport().update()
        self.chosen.emit(layer, head)

    def join(self, layer: int, head: int) -> None:
        """Take a head to the chosen one, or let it go again."""
        found = (layer, head)
        if found == self.selection:
            if self.others:
                self.selection, self.others = self.others[0], self.others[1:]
        elif found in self.others:
            self.others = tuple(other for other in self.others if other != found)
        else:
            self.others = (*self.others, found)[-MOST_PICKED + 1 :]
        self.viewport().update()
        self.joined.emit()

    @property
    def picked(self) -> tuple[Head, ...]:
        """The chosen head, and those that were taken to it."""
        return (self.selection, *self.others)

    def tile_centre(self, layer: int, head: int) -> QPointF:
        """Where a head's tile is on the viewport."""
        return self._sheet().tile(layer, head).center()

    def sizeHint(self) -> QSize:
        """Room for a dozen heads side by side."""
        return QSize(480, 440)

    # ---- geometry; device pixels in the grid, logical pixels here

    @property
    def _ratio(self) -> float:
        return self.devicePixelRatioF()

    def _margins(self) -> tuple[int, int]:
        if self._order:  # each tile has its own name
            return TINY, TINY
        metrics = QFontMetricsF(self._look.small() if self._look else self.font())
        layers = self._shown.shape[0] if self._shown else 1
        return math.ceil(metrics.horizontalAdvance(f"L{layers}")) + SMALL, math.ceil(metrics.height()) + TINY

    def _rebuild(self) -> None:
        if self._shown is None or self._look is None:
            self._grid = self._image = None
        else:
            strip = (marks.KIND_LINE if self._census else 0) + (marks.NAME_LINE if self._order else 0)
            left, top = self._margins()
            room = self.maximumViewportSize().shrunkBy(QMargins(left, top, 0, 0))
            self._grid = fitted(self._shown.shape, self._order, room, strip, self._ratio, self._zoom)
            numbers = atlas_numbers(self._shown, self._look.scale, self._grid)
            self._image = picture(numbers, colour_table(self._look.colours, self._look.palette), self._ratio)
            self._scrolling.fit(self._sheet())
            self._describe()
        self.viewport().update()

    def _sheet(self) -> marks.Sheet:
        """Where everything lies now; a small atlas is centred."""
        left, top = self._margins()
        grid = self._grid or Grid(0, 0, 1, 0)
        spare = max(0.0, self.viewport().width() - left - grid.width / self._ratio)
        across, down = self._scrolling.at
        origin = QPointF(left + spare // 2 - across, top - down)
        return marks.Sheet(grid, origin, left, top, self._ratio)

    def _head_at(self, point: QPointF) -> Head | None:
        return self._sheet().head_at(point) if self._grid else None

    def _bring_into_sight(self) -> None:
        sheet = self._sheet()
        self._scrolling.show(sheet.tile(*self.selection), sheet)

    def _describe(self) -> None:
        if self._shown:
            link = self._shown.strongest(*self.selection)
            kind = f", {self._census.kind(*self.selection).title.lower()}" if self._census else ""
            self.setAccessibleDescription(
                f"{head_name(*self.selection)}{kind}: {link_text(self._shown, link)}"
            )

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Blit the atlas, then labels and marks over it."""
        if self._image is None or self._look is None:
            return
        painter = QPainter(self.viewport())
        sheet, look = self._sheet(), self._look
        seen = QRectF(self.viewport().rect()).adjusted(sheet.left - 3, sheet.top - 3, 0, 0)
        painter.save()
        painter.setClipRect(seen)
        if self._shown and self._shown.maps.causal:
            marks.draw_grounds(painter, sheet, look, seen)
        painter.drawImage(sheet.origin, self._image)
        if self._census:
            marks.draw_kinds(painter, sheet, self._census, look, seen)
        bright = self._bright
        if bright is not None:
            marks.draw_veil(painter, sheet, lambda head: head not in bright, look, seen)
        strong = {*self.picked, *((self._hover,) if self._hover else ())}
        if self._order:
            marks.draw_names(painter, sheet, look, strong, seen)
        marks.draw_frames(painter, sheet, look, self.picked, self._hover)
        painter.restore()
        if not self._order:
            marks.draw_axes(painter, sheet, look, strong)

    # ---- input

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the tiles to the new size."""
        self._rebuild()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point at a head, or drag the atlas."""
        if event.buttons() & Qt.MouseButton.LeftButton and self._scrolling.drag(event.position()):
            return
        self._point_at(self._head_at(event.position()))

    def viewportEvent(self, event: QEvent) -> bool:
        """The pointer leaves the viewport, not this widget."""
        if event.type() == QEvent.Type.Leave:
            self._point_at(None)
        return super().viewportEvent(event)

    def _point_at(self, head: Head | None) -> None:
        if head != self._hover:
            self._hover = head
            self.viewport().update()
            self.hovered.emit(head)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to drag; a press that stays is a click."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._scrolling.press(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose a head; with Ctrl take it to the chosen one."""
        head = self._head_at(event.position())
        clicked = self._scrolling.release()
        if not (clicked and head and event.button() == Qt.MouseButton.LeftButton):
            return
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.join(*head)
        else:
            self.choose(*head)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the head."""
        if self._head_at(event.position()):
            self.opened.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl make the tiles larger or smaller around the pointer."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.angleDelta().y():
            self.zoom(_ZOOM if event.angleDelta().y() > 0 else 1 / _ZOOM, event.position())
            event.accept()
        else:
            super().wheelEvent(event)

    def zoom(self, factor: float, around: QPointF | None = None) -> None:
        """Make the tiles larger or smaller; what is under `around` stays there. 0 fits them to the room again."""
        if self._grid is None:
            return
        point = around or QPointF(self.viewport().rect().center())
        before, sheet = self._grid, self._sheet()
        at = point - sheet.origin
        self._zoom = max(0.4, min(8.0, self._zoom * factor)) if factor else 1.0
        self._rebuild()
        after = at.x() * self._grid.pitch / before.pitch, at.y() * self._grid.rise / before.rise
        self._scrolling.to(after[0] + sheet.left - point.x(), after[1] + sheet.top - point.y())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows choose, with Ctrl they take heads together, with Shift they move the atlas; + - 0 zoom."""
        key = Qt.Key(event.key())
        if self._shown is None or self._grid is None:
            super().keyPressEvent(event)
        elif key in _STEPS and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            down, right = _STEPS[key]
            self._scrolling.by(60 * right, 60 * down)
        elif key in _STEPS or key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._walk(key, bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus, Qt.Key.Key_0):
            self.zoom({Qt.Key.Key_Minus: 1 / _ZOOM, Qt.Key.Key_0: 0.0}.get(key, _ZOOM))
        else:
            super().keyPressEvent(event)

    def _walk(self, key: Qt.Key, joining: bool) -> None:
        assert self._grid is not None
        if key in _STEPS:
            head = self._grid.neighbour(self.selection, *_STEPS[key])
        else:
            head = self._grid.end_of_row(self.selection, last=key == Qt.Key.Key_End)
        if head and joining:
            kept = tuple(other for other in self.picked if other != head)
            self.selection, self.others = head, kept[: MOST_PICKED - 1]
            self._bring_into_sight()
            self.viewport().update()
            self.joined.emit()
        elif head:
            self.choose(*head)
