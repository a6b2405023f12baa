"""The rectangle with which the keyboard chooses points of a map."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt

#: It moves and grows by this share of the picture.
_STEP = 0.05
ARROWS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)
}  # fmt: skip


class KeyboardBox:
    """A rectangle in shares of the picture; None while the mouse is used."""

    def __init__(self) -> None:
        self.place: QRectF | None = None

    def show(self) -> QRectF:
        """Begin in the middle, or stay."""
        if self.place is None:
            self.place = QRectF(0.35, 0.35, 0.3, 0.3)
        return self.place

    def pixels(self, width: int, height: int) -> QRectF:
        """Where it lies in a picture of this size."""
        box = self.place or QRectF()
        return QRectF(box.x() * width, box.y() * height, box.width() * width, box.height() * height)

    def step(self, key: Qt.Key, *, resize: bool) -> None:
        """Go a step in an arrow's direction, or grow; the first arrow only shows it."""
        if self.place is None:
            self.show()
            return
        (across, down), box = ARROWS[key], QRectF(self.place)
        if resize:
            box.setWidth(min(1 - box.x(), max(_STEP, box.width() + across * _STEP)))
            box.setHeight(min(1 - box.y(), max(_STEP, box.height() + down * _STEP)))
        else:
            box.moveLeft(min(1 - box.width(), max(0.0, box.x() + across * _STEP)))
            box.moveTop(min(1 - box.height(), max(0.0, box.y() + down * _STEP)))
        self.place = box
