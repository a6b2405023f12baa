"""A painted map of points in colours: pointing reads a row, a lasso or a rectangle of the keyboard chooses rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.evaluate.keyboard_box import ARROWS, KeyboardBox
from workbench.gui.evaluate.seen_part import Floats, Mask, SeenPart, inside
from workbench.gui.theme import current, theme

#: A point so near to the pointer is read.
_NEAR = 9
#: The pointer has to move so far before it draws a lasso.
_DRAG = 6
#: With more points than these, they are drawn smaller.
_MANY = 3000


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Points of one colour: which they are, the colour's number in the series or its name in the palette."""

    rows: NDArray[np.int64]
    colour: int | str

    def drawn(self) -> QColor:
        """The colour in the present theme."""
        palette = current()
        return palette.colour(self.colour) if isinstance(self.colour, str) else palette.curve(self.colour)


class Scatter(QWidget):
    """Points in groups.

    Signals:
        lassoed: Which points were chosen, a mask over all of them.
        cleared: The choice is to be taken away.
        pointed: The point that is read now; -1 for none.
    """

    lassoed = Signal(object)
    cleared = Signal()
    pointed = Signal(int)

    def __init__(self, words: Callable[[int], str]) -> None:
        super().__init__()
        self._words = words
        self.points: Floats = np.empty((0, 2))
        self._groups: tuple[Group, ...] = ()
        self._lit: Mask | None = None  # the points that are not faded; None for all
        self._seen = SeenPart()
        self._lasso: list[QPointF] = []
        self._pressed: QPointF | None = None
        self._hovered = -1
        self._box = KeyboardBox()
        self._drawn: QPixmap | None = None
        # Many points that move are drawn without smooth edges, which cost three times as much; at rest they have them.
        self._moving = QTimer(self, singleShot=True, interval=160)
        self._moving.timeout.connect(self._again)
        self.setMinimumSize(220, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Map of the rows"))
        self.setAccessibleDescription(
            self.tr(
                "Draw around points to see their rows. With the keyboard: the arrow keys move a rectangle, with Shift "
                "they change its size, Enter chooses the rows in it, Escape takes the choice away. Plus and minus "
                "enlarge, 0 shows all."
            )
        )
        theme().changed.connect(self._again)

    # ---- what is shown

    def show_points(self, points: NDArray[np.floating]) -> None:
        """Show points, shape (rows, 2), at the scale that is on."""
        self.points = np.asarray(points, dtype=np.float64)
        if len(self.points) > _MANY:
            self._moving.start()
        self._again()

    def fit(self, points: NDArray[np.floating]) -> None:
        """Choose the scale by these points, shape (any, 2): those that are shown, or all those of a film."""
        self._seen.fit(np.asarray(points, dtype=np.float64))
        self._moving.stop()
        self._hovered = -1
        self._again()

    def show_groups(self, groups: Sequence[Group]) -> None:
        """Colour the points; the later groups lie above the earlier ones."""
        self._groups = tuple(groups)
        self._again()

    def show_lit(self, lit: Mask | None) -> None:
        """Fade all points but these; None fades none."""
        self._lit = None if lit is None or lit.all() else lit
        self._again()

    def sizeHint(self) -> QSize:
        """Nearly square."""
        return QSize(420, 320)

    # ---- places

    def places(self) -> Floats:
        """Where the points are drawn, in pixels, shape (rows, 2)."""
        return self._seen.places(self.points, self.width(), self.height())

    def nearest(self, place: QPointF) -> int:
        """The point near a place; -1 for none."""
        if not len(self.points):
            return -1
        places = self.places()
        apart = np.hypot(places[:, 0] - place.x(), places[:, 1] - place.y())
        if self._lit is not None:  # where points lie upon each other, the one that stands out is meant
            apart = apart + np.where(self._lit, 0.0, 3.0)
        at = int(apart.argmin())
        return at if apart[at] <= _NEAR else -1

    # ---- drawing

    def _again(self) -> None:
        self._drawn = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size, other places."""
        super().resizeEvent(event)
        self._again()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The points as they were drawn last, and above them what is pointed at and drawn around."""
        if self._drawn is None or self._drawn.devicePixelRatioF() != self.devicePixelRatioF():
            self._drawn = self._draw_points()
        painter, palette = QPainter(self), current()
        painter.drawPixmap(0, 0, self._drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if 0 <= self._hovered < len(self.points):
            x, y = self.places()[self._hovered]
            painter.setPen(QPen(palette.colour("text"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x, y), 6, 6)
        fill = palette.colour("accent")
        fill.setAlphaF(0.14)
        painter.setPen(QPen(palette.colour("accent"), 1.6))
        painter.setBrush(fill)
        if len(self._lasso) > 1:
            painter.drawPolygon(QPolygonF(self._lasso))
        if self._box.place is not None and self.hasFocus():
            painter.drawRect(self._box_pixels())

    def _draw_points(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        made = QPixmap(QSize(math.ceil(self.width() * ratio), math.ceil(self.height() * ratio)))
        made.setDevicePixelRatio(ratio)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not self._moving.isActive())
        places = self.places()
        size = 4.0 if len(places) > _MANY else 6.0
        for group in self._groups:
            rows = group.rows[group.rows < len(places)]
            lit = self._lit[rows] if self._lit is not None else np.ones(len(rows), dtype=np.bool_)
            self._draw_some(painter, places[rows[~lit]], group.drawn(), 0.16, size)
        for group in self._groups:
            rows = group.rows[group.rows < len(places)]
            if self._lit is not None:
                rows = rows[self._lit[rows]]
            self._draw_some(painter, places[rows], group.drawn(), 0.8, size)
        painter.end()
        return made

    def _draw_some(
        self, painter: QPainter, places: Floats, colour: QColor, strength: float, size: float
    ) -> None:
        if not len(places):
            return
        colour.setAlphaF(strength)
        cap = Qt.PenCapStyle.SquareCap if self._moving.isActive() else Qt.PenCapStyle.RoundCap
        painter.setPen(QPen(colour, size, Qt.PenStyle.SolidLine, cap))
        painter.drawPoints(arrayToQPolygonF(places[:, 0].copy(), places[:, 1].copy()))

    # ---- the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to draw around points."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._box.place = None
            self._pressed = event.position()
            self._lasso = []

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw around points, or read the one that is pointed at."""
        place = event.position()
        if self._pressed is not None:
            if self._lasso or (place - self._pressed).manhattanLength() > _DRAG:
                self._lasso = [*(self._lasso or [self._pressed]), place]
                self.update()
            return
        self._point_at(self.nearest(place))
        if self._hovered >= 0:
            words = (
                self._words(self._hovered).replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
            )
            QToolTip.showText(event.globalPosition().toPoint(), f"<qt>{words}</qt>", self)
        else:
            QToolTip.hideText()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the points that were drawn around, or the one that was clicked."""
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        lasso, self._lasso, self._pressed = self._lasso, [], None
        self.update()
        if len(lasso) > 2:
            self._choose(inside(self.places(), np.array([(p.x(), p.y()) for p in lasso])))
            return
        at = self.nearest(event.position())
        if at >= 0:
            chosen = np.zeros(len(self.points), dtype=np.bool_)
            chosen[at] = True
            self.lassoed.emit(chosen)
        else:
            self.cleared.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at."""
        super().leaveEvent(event)
        self._point_at(-1)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show all."""
        self._show_all()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Come nearer, or go away, at the pointer."""
        self._enlarge(1.2 ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def _enlarge(self, factor: float, place: QPointF) -> None:
        self._seen.enlarge(factor, (place.x(), place.y()), self.width(), self.height())
        self._again()

    def _show_all(self) -> None:
        self._seen.show_all()
        self._again()

    def _point_at(self, point: int) -> None:
        if point != self._hovered:
            self._hovered = point
            self.pointed.emit(point)
            self.update()

    def _choose(self, chosen: Mask) -> None:
        if chosen.any():
            self.lassoed.emit(chosen)

    # ---- the keyboard

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the rectangle where the keyboard led here."""
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self._box.show()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide it again."""
        super().focusOutEvent(event)
        self.update()

    def _box_pixels(self) -> QRectF:
        return self._box.pixels(self.width(), self.height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the rectangle, change its size, choose what is in it; enlarge the map."""
        key = Qt.Key(event.key())
        if key in ARROWS:
            self._box.step(key, resize=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._box.place is not None:
            pixels, places = self._box_pixels(), self.places()
            within = (places >= (pixels.left(), pixels.top())) & (places <= (pixels.right(), pixels.bottom()))
            self._choose(within[:, 0] & within[:, 1])
        elif key == Qt.Key.Key_Escape:
            self.cleared.emit()
        elif key == Qt.Key.Key_0:
            self._show_all()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            centre = self._box_pixels().center() if self._box.place else QPointF(self.rect().center())
            self._enlarge(1 / 1.3 if key == Qt.Key.Key_Minus else 1.3, centre)
        else:
            super().keyPressEvent(event)
