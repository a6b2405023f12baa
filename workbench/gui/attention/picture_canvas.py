"""A picture with the attention to its patches laid over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.attention.colours import colour_table, picture
from workbench.gui.attention.plate import Block
from workbench.gui.attention.scales import colour_numbers
from workbench.gui.theme import current, theme
from workbench.run.results import Picture

#: The map of colours: it is told from most pictures, and looks the same on light and dark pages.
COLOURS = "viridis"
_STEPS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
#: The longer side of a picture that is exported, in pixels.
_EXPORTED = 640
Patch = tuple[int, int]


class PictureCanvas(QWidget):
    """Draws the picture as the model sees it, as large as there is room, and colours over it.

    Signals:
        pointed: The (row, column) of the patch under the pointer, or None.
        picked: The (row, column) of a patch that was clicked or reached with the arrow keys.
    """

    pointed = Signal(object)
    picked = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.source: Patch | None = None  # the patch that looks, where one does
        self.opacity = 0.6
        self._picture: Picture | None = None
        self._image = QImage()
        self._overlay = QImage()
        self._weights = np.zeros((1, 1))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 160)
        self.setAccessibleName(name)
        theme().changed.connect(self.update)

    def show_picture(self, shown: Picture) -> None:
        """Take another picture."""
        self._picture = shown
        high, wide = shown.pixels.shape[:2]
        # copy(): the image must not borrow NumPy's memory
        self._image = QImage(
            np.ascontiguousarray(shown.pixels).tobytes(), wide, high, 3 * wide, QImage.Format.Format_RGB888
        ).copy()
        self.source = None
        self.update()

    def show_weights(self, weights: NDArray[np.float64], source: Patch | None) -> None:
        """Lay weights over it, of shape (rows, columns) of patches; the largest one has the strongest colour."""
        self._weights, self.source = weights, source
        numbers = colour_numbers(weights.astype(np.float32), float(weights.max()) or 1.0, "sqrt")
        self._overlay = picture(np.ascontiguousarray(numbers), colour_table(COLOURS, current()))
        row, column = np.unravel_index(int(weights.argmax()), weights.shape)
        self.setAccessibleDescription(
            self.tr("Strongest: row {0}, column {1}, weight {2}").format(
                row + 1, column + 1, f"{weights.max():.4f}"
            )
        )
        self.update()

    def set_opacity(self, share: float) -> None:
        """How much the colours cover, from 0 to 1."""
        self.opacity = share
        self.update()

    def sizeHint(self) -> QSize:
        """A picture of a usual size."""
        return QSize(480, 480)

    # ---- places

    def _place(self, area: QRectF) -> QRectF:
        """The largest rectangle of the picture's shape, in the middle."""
        scale = min(area.width() / self._image.width(), area.height() / self._image.height())
        wide, high = scale * self._image.width(), scale * self._image.height()
        return QRectF(
            area.left() + (area.width() - wide) / 2, area.top() + (area.height() - high) / 2, wide, high
        )

    def _patch(self, place: QRectF, patch: Patch) -> QRectF:
        rows, columns = self._weights.shape
        wide, high = place.width() / columns, place.height() / rows
        return QRectF(place.left() + patch[1] * wide, place.top() + patch[0] * high, wide, high)

    def patch_place(self, patch: Patch) -> QRectF:
        """Where a patch is drawn."""
        return self._patch(self._place(QRectF(self.rect()).adjusted(2, 2, -2, -2)), patch)

    def patch_at(self, point: QPointF) -> Patch | None:
        """The patch under a point; None outside the picture."""
        if self._picture is None:
            return None
        place = self._place(QRectF(self.rect()).adjusted(2, 2, -2, -2))
        if not place.contains(point):
            return None
        rows, columns = self._weights.shape
        row = int((point.y() - place.top()) / place.height() * rows)
        column = int((point.x() - place.left()) / place.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture and the colours."""
        if self._picture is not None:
            self._draw(QPainter(self), QRectF(self.rect()).adjusted(2, 2, -2, -2))

    def _draw(self, painter: QPainter, area: QRectF) -> None:
        place = self._place(area)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, self._image)
        if not self._overlay.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.setOpacity(self.opacity)
            painter.drawImage(
                place, self._overlay.scaled(place.size().toSize())
            )  # patches stay patches in SVG too
            painter.setOpacity(1.0)
        if self.source is not None:  # white within black: seen on every picture
            frame = self._patch(place, self.source)
            for colour, width in ((QColor("#000000"), 4), (QColor("#ffffff"), 2)):
                painter.setPen(QPen(colour, width))
                painter.drawRect(frame)

    def part(self) -> Block:
        """What is on the screen, in a size of its own."""
        size = self._image.size().scaled(_EXPORTED, _EXPORTED, Qt.AspectRatioMode.KeepAspectRatio)
        return Block(size, lambda painter: self._draw(painter, QRectF(QPointF(0, 0), size)))

    # ---- pointing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point to read."""
        self.pointed.emit(self.patch_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at."""
        super().leaveEvent(event)
        self.pointed.emit(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Click to let a patch look."""
        patch = self.patch_at(event.position())
        if patch is not None:
            self.picked.emit(patch)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The arrow keys go from patch to patch, Escape back to the whole picture."""
        step = _STEPS.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_Escape:
            self.picked.emit(None)
        elif step is None or self._picture is None:
            super().keyPressEvent(event)
        else:
            rows, columns = self._weights.shape
            row, column = self.source or (rows // 2 - step[0], columns // 2 - step[1])
            self.picked.emit(
                (max(0, min(rows - 1, row + step[0])), max(0, min(columns - 1, column + step[1])))
            )
