"""One head enlarged: tokens on both axes, the exact weight under the pointer, zoom."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.attention.drawing import HeadPlace, Look, Window, draw_head, place_head
from workbench.gui.attention.labels import cell_text, head_name
from workbench.gui.attention.shown import Shown

_STEPS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}


class HeadView(QWidget):
    """The weights of one head. The wheel or + and - zoom, dragging moves, a double click or 0 shows all.

    Signals:
        pointed: Words about the cell under the pointer or the keyboard mark; empty when there is none.
        closed: Escape was pressed.
    """

    pointed = Signal(str)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, 220)
        self.setAccessibleName(self.tr("One head"))
        self._shown: Shown | None = None
        self._look: Look | None = None
        self._top = 1.0
        self._where = (0, 0)
        self._window = Window(0, 0, 1)
        self._marked: tuple[int, int] | None = None
        self._drag: tuple[QPointF, Window] | None = None

    def show_head(self, shown: Shown | None, where: tuple[int, int], top: float, look: Look) -> None:
        """Draw the head at (layer, head); zoom and mark stay when the tokens are the same."""
        same = shown and self._shown and shown.maps.tokens == self._shown.maps.tokens
        self._shown, self._where, self._top, self._look = shown, where, top, look
        if shown and not same:
            self._window = Window(0, 0, max(1, shown.shape[2]))
            self._marked = None
        self.setAccessibleName(head_name(*where))
        self._tell()
        self.update()

    def sizeHint(self) -> QSize:
        """Square."""
        return QSize(480, 440)

    @property
    def window_of_cells(self) -> Window:
        """Which cells are in sight."""
        return self._window

    def place(self) -> HeadPlace | None:
        """Where cells and labels are drawn now."""
        if self._shown is None or self._look is None:
            return None
        return place_head(
            QRectF(self.rect()).adjusted(0, 0, -2, -2), self._shown, self._window, self._look.small()
        )

    def mark(self, cell: tuple[int, int] | None) -> None:
        """Point out a cell, with its row and column."""
        if cell != self._marked:
            self._marked = cell
            self._tell()
            self.update()

    def zoom(self, factor: float, around: tuple[int, int] | None = None) -> None:
        """Closer or wider around a cell; 0 shows everything again."""
        if self._shown is None:
            return
        n = self._shown.shape[2]
        w = self._window
        row, column = around or self._marked or (w.row + w.span // 2, w.column + w.span // 2)
        self._window = w.zoomed(row + 0.5, column + 0.5, factor, n) if factor else Window(0, 0, n)
        self.update()

    def _tell(self) -> None:
        text = ""
        if self._marked and self._shown:
            text = cell_text(self._shown, *self._where, *self._marked)
        self.setAccessibleDescription(text)
        self.pointed.emit(text)

    # ---- events

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the head."""
        place = self.place()
        if place is None or self._shown is None or self._look is None:
            return
        painter = QPainter(self)
        draw_head(
            painter,
            place,
            self._shown,
            self._where,
            self._top,
            self._look,
            self._marked,
            self.devicePixelRatioF(),
        )

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point at a cell, or drag what is in sight."""
        place = self.place()
        if place is None or self._shown is None:
            return
        if self._drag and event.buttons() & Qt.MouseButton.LeftButton:
            start, window = self._drag
            moved = event.position() - start
            rows, columns = round(-moved.y() / place.cell), round(-moved.x() / place.cell)
            self._window = window.moved(rows, columns, self._shown.shape[2])
            self.update()
        else:
            self.mark(place.at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to drag."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = event.position(), self._window

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End dragging."""
        self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show everything again."""
        self.zoom(0.0)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at."""
        self.mark(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the pointer."""
        place = self.place()
        cell = place.at(event.position()) if place else None
        if cell and event.angleDelta().y():
            self.zoom(0.8 if event.angleDelta().y() > 0 else 1.25, cell)
            event.accept()
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the mark, + and - zoom, 0 shows everything, Escape goes back."""
        key = Qt.Key(event.key())
        if key in _STEPS and self._shown:
            self._step(*_STEPS[key])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus, Qt.Key.Key_0):
            self.zoom({Qt.Key.Key_Minus: 1.25, Qt.Key.Key_0: 0.0}.get(key, 0.8))
        elif key == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _step(self, down: int, right: int) -> None:
        assert self._shown is not None
        n, w = self._shown.shape[2], self._window
        if self._marked is None:
            self.mark((w.row, w.column))
            return
        row = max(0, min(n - 1, self._marked[0] + down))
        column = max(0, min(n - 1, self._marked[1] + right))
        rows = min(0, row - w.row) + max(0, row - (w.row + w.span - 1))
        columns = min(0, column - w.column) + max(0, column - (w.column + w.span - 1))
        self._window = w.moved(rows, columns, n)
        self.mark((row, column))
