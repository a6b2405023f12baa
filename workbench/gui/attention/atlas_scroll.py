"""Moving over an atlas that is larger than its room: scroll bars, dragging, and bringing a tile into sight."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QAbstractScrollArea

from workbench.gui.attention.atlas_marks import Sheet

_DRAG = 6  # pixels until a press becomes a drag


class Scrolling:
    """The two scroll bars of an area, and the pointer that drags it; lengths are logical pixels."""

    def __init__(self, area: QAbstractScrollArea) -> None:
        self._area = area
        self._pressed: tuple[QPointF, int, int] | None = None
        self._dragged = False

    @property
    def at(self) -> tuple[int, int]:
        """How far the area is moved to the right and down."""
        return self._area.horizontalScrollBar().value(), self._area.verticalScrollBar().value()

    def fit(self, sheet: Sheet) -> None:
        """Set the bars to the size of an atlas; they move by tiles."""
        grid, ratio, room = sheet.grid, sheet.ratio, self._area.viewport().size()
        for bar, length, first, page, step in (
            (self._area.horizontalScrollBar(), grid.width, sheet.left, room.width(), grid.pitch),
            (self._area.verticalScrollBar(), grid.height, sheet.top, room.height(), grid.rise),
        ):
            bar.setRange(0, max(0, math.ceil(length / ratio) + first - page))
            bar.setPageStep(page)
            bar.setSingleStep(round(step / ratio))

    def to(self, x: float, y: float) -> None:
        """Move there, as far as the bars go."""
        self._area.horizontalScrollBar().setValue(round(x))
        self._area.verticalScrollBar().setValue(round(y))

    def by(self, x: float, y: float) -> None:
        """Move on by so much."""
        self.to(self.at[0] + x, self.at[1] + y)

    def show(self, tile: QRectF, sheet: Sheet) -> None:
        """Move no further than until a tile is in sight."""
        room = self._area.viewport().size()
        self.by(
            _missing(tile.left(), tile.right(), sheet.left, room.width()),
            _missing(tile.top(), tile.bottom(), sheet.top, room.height()),
        )

    def press(self, point: QPointF) -> None:
        """Begin to drag; a press that stays is a click."""
        self._pressed, self._dragged = (point, *self.at), False

    def drag(self, point: QPointF) -> bool:
        """Move along with the pointer; whether it was pressed here."""
        if self._pressed is None:
            return False
        start, x, y = self._pressed
        moved = point - start
        self._dragged = self._dragged or moved.manhattanLength() > _DRAG
        if self._dragged:
            self.to(x - moved.x(), y - moved.y())
        return True

    def release(self) -> bool:
        """Let go; whether it was a click."""
        clicked = self._pressed is not None and not self._dragged
        self._pressed = None
        return clicked


def _missing(low: float, high: float, first: int, last: int) -> int:
    """How far to move so that low to high lie within first to last, with a little room."""
    if low < first:
        return math.floor(low - first - 2)
    return math.ceil(high - last + 2) if high > last else 0
