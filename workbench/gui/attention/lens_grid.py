"""The layer lens of a language model as a grid: layers below each other, tokens side by side, a guess in each cell."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy

from workbench.gui.attention.labels import token_name
from workbench.gui.attention.lens_drawing import draw_guess, write
from workbench.gui.probabilities import percent
from workbench.gui.theme import SMALL, Palette, current, theme
from workbench.run.inside.lens import TokenLens, row_name

#: A cell is so wide and high, at least and at most, in pixels.
_WIDE, _HIGH = (64, 132), (18, 30)
_STEPS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
Cell = tuple[int, int]


class LensGrid(QAbstractScrollArea):
    """Guesses shaded by their probability; names of layers and tokens stay in sight while the rest scrolls.

    Signals:
        hovered: The (row, place) under the pointer, or None.
        chosen: The (row, place) that was clicked or reached with the arrow keys.
    """

    hovered = Signal(object)
    chosen = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 160)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName(self.tr("Guesses after each layer"))
        self.found: TokenLens | None = None
        self.selection: Cell = (0, 0)
        self._hover: Cell | None = None
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(lambda _: self.viewport().update())
        theme().changed.connect(self.viewport().update)

    def show_lens(self, found: TokenLens | None) -> None:
        """Show another lens. What was chosen stays; at first that is where the last layer is surest of what follows."""
        before, self.found = self.found, found
        if found:
            rows, places = found.rows, len(found.tokens)
            row, place = self.selection
            if before is None or before.rows != rows:
                row, place = rows - 1, int(np.nan_to_num(found.following_probability[-1]).argmax())
            self.selection = row, min(place, places - 1)
            self._describe()
        self._hover = None
        self._set_scroll_bars()
        if found and before is None:
            self._bring_into_sight()
        self.viewport().update()

    def choose(self, row: int, place: int) -> None:
        """Select a cell, tell it, and bring it into sight."""
        self.selection = row, place
        self._bring_into_sight()
        self._describe()
        self.viewport().update()
        self.chosen.emit(row, place)

    def sizeHint(self) -> QSize:
        """Room for some tokens."""
        return QSize(560, 420)

    # ---- places

    def _left(self) -> float:
        names = (self.tr("Really follows"), row_name(99))
        return max(map(self.fontMetrics().horizontalAdvance, names)) + 2 * SMALL

    def _band(self) -> float:
        """The height of the heading, and of the foot."""
        return self.fontMetrics().height() + SMALL

    def _cell(self) -> tuple[float, float]:
        """Width and height of a cell: what fits, within bounds."""
        if self.found is None:
            return 1.0, 1.0
        size = self.maximumViewportSize()
        wide = (size.width() - self._left()) / len(self.found.tokens)
        high = (size.height() - 2 * self._band()) / self.found.rows
        return min(max(wide, _WIDE[0]), _WIDE[1]), min(max(high, _HIGH[0]), _HIGH[1])

    def place(self, row: int, place: int) -> QRectF:
        """Where a cell is drawn on the viewport."""
        wide, high = self._cell()
        x = self._left() + place * wide - self.horizontalScrollBar().value()
        return QRectF(x, self._band() + row * high - self.verticalScrollBar().value(), wide, high)

    def _foot(self) -> float:
        """The top of the foot: below the last row, or at the bottom where the rows scroll."""
        assert self.found is not None
        return min(
            self._band() + self.found.rows * self._cell()[1], float(self.viewport().height()) - self._band()
        )

    def at(self, point: QPointF) -> Cell | None:
        """The cell at a point of the viewport."""
        if self.found is None or not self._inside().contains(point):
            return None
        wide, high = self._cell()
        place = int((point.x() - self._left() + self.horizontalScrollBar().value()) // wide)
        row = int((point.y() - self._band() + self.verticalScrollBar().value()) // high)
        return (row, place) if row < self.found.rows and place < len(self.found.tokens) else None

    def _inside(self) -> QRectF:
        """Where cells are drawn."""
        left, top = self._left(), self._band()
        return QRectF(left, top, self.viewport().width() - left, max(0.0, self._foot() - top))

    def _set_scroll_bars(self) -> None:
        if self.found is None:
            return
        wide, high = self._cell()
        across = self._left() + wide * len(self.found.tokens) - self.viewport().width()
        down = 2 * self._band() + high * self.found.rows - self.viewport().height()
        for bar, room, step in (
            (self.horizontalScrollBar(), across, wide),
            (self.verticalScrollBar(), down, high),
        ):
            bar.setRange(0, max(0, round(room)))
            bar.setSingleStep(round(step))
            bar.setPageStep(round(4 * step))

    def _bring_into_sight(self) -> None:
        cell, room = self.place(*self.selection), self._inside()
        for bar, before, after in (
            (self.horizontalScrollBar(), cell.left() - room.left(), cell.right() - room.right()),
            (self.verticalScrollBar(), cell.top() - room.top(), cell.bottom() - room.bottom()),
        ):
            bar.setValue(bar.value() + round(min(0.0, before) + (max(0.0, after) if before > 0 else 0.0)))

    # ---- words

    def words(self, row: int, place: int) -> str:
        """What a cell says, exactly."""
        if self.found is None:
            return ""
        found = self.found
        name, chance = found.likely(row, place)[0]
        told = self.tr("{0}, after ‘{1}’: ‘{2}’ {3:.2f} %").format(
            row_name(row), token_name(found.tokens[place]), token_name(name), 100 * chance
        )
        if found.following[place] < 0:
            return told
        follows = token_name(found.words[int(found.following[place])])
        if found.is_right(row, place):
            return self.tr("{0}, which is what follows").format(told)
        return self.tr("{0}; ‘{1}’ follows: {2:.2f} %, rank {3}").format(
            told, follows, 100 * found.following_probability[row, place], found.following_rank[row, place]
        )

    def _describe(self) -> None:
        self.setAccessibleDescription(self.words(*self.selection))

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the cells in sight, then the names around them."""
        found = self.found
        if found is None:
            return
        painter, palette = QPainter(self.viewport()), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = self._inside()
        painter.save()
        painter.setClipRect(room)
        first = self.at(room.topLeft()) or (0, 0)
        for row in range(first[0], found.rows):
            if self.place(row, 0).top() > room.bottom():
                break
            for place in range(first[1], len(found.tokens)):
                where = self.place(row, place)
                if where.left() > room.right():
                    break
                self._draw_cell(painter, (row, place), where)
        painter.restore()
        self._draw_names(painter, palette, room)

    def _draw_cell(self, painter: QPainter, cell: Cell, where: QRectF) -> None:
        assert self.found is not None
        draw_guess(painter, where, self.found, cell, current(), self.font())
        if cell in (self.selection, self._hover):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            thick = 2.0 if cell == self.selection else 1.0
            painter.setPen(QPen(current().colour("text"), thick))
            painter.drawRoundedRect(where.adjusted(1, 1, -1, -1), 3, 3)

    def _draw_names(self, painter: QPainter, palette: Palette, room: QRectF) -> None:
        found = self.found
        assert found is not None
        band, foot = self._band(), self._foot()
        painter.setPen(palette.colour("muted"))
        painter.drawText(QRectF(0, 0, room.left() - SMALL, band), _RIGHT, self.tr("After"))
        painter.drawText(QRectF(0, foot, room.left() - SMALL, band), _RIGHT, self.tr("Really follows"))
        painter.save()
        painter.setClipRect(QRectF(0, room.top(), room.left(), room.height()))
        for row in range(found.rows):
            where = self.place(row, 0)
            painter.setPen(palette.colour("text" if row == self.selection[0] else "muted"))
            painter.drawText(
                QRectF(0, where.top(), room.left() - SMALL, where.height()), _RIGHT, row_name(row)
            )
        painter.setClipRect(QRectF(room.left(), 0, room.width(), self.viewport().height()))
        for place, token in enumerate(found.tokens):
            where = self.place(0, place)
            across = QRectF(where.left() + 3, 0, where.width() - 6, band)
            painter.setPen(palette.colour("text" if place == self.selection[1] else "muted"))
            write(painter, across, token_name(token), self.font())
            if found.following[place] >= 0:
                name = token_name(found.words[int(found.following[place])])
                write(painter, across.translated(0, foot), name, self.font())
        painter.restore()

    # ---- pointing

    def viewportEvent(self, event: QEvent) -> bool:
        """Leaving points at nothing."""
        if event.type() == QEvent.Type.Leave:
            self._point(None)
        return super().viewportEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point to read."""
        self._point(self.at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Click to choose."""
        cell = self.at(event.position())
        if cell and event.button() == Qt.MouseButton.LeftButton:
            self.choose(*cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the choice."""
        key = Qt.Key(event.key())
        if key in _STEPS and self.found:
            down, right = _STEPS[key]
            row = max(0, min(self.found.rows - 1, self.selection[0] + down))
            self.choose(row, max(0, min(len(self.found.tokens) - 1, self.selection[1] + right)))
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other sizes of cells."""
        super().resizeEvent(event)
        self._set_scroll_bars()
        if self.found:
            self._bring_into_sight()

    def _point(self, cell: Cell | None) -> None:
        if cell != self._hover:
            self._hover = cell
            self.viewport().update()
            self.hovered.emit(cell)


def chance_words(found: TokenLens, row: int, place: int) -> str:
    """What really follows, with its probability and rank after a layer."""
    name = token_name(found.words[int(found.following[place])])
    chance = percent(float(found.following_probability[row, place]))
    return f"‘{name}’ {chance}, rank {found.following_rank[row, place]}"
