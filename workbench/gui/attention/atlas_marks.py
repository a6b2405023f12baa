"""What is drawn over the atlas: labels of layers and heads, the colour of each head's kind, frames, the veil."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from workbench.gui.attention.atlas import Grid, Head
from workbench.gui.attention.drawing import CENTRE, LEFT, RIGHT, Look
from workbench.gui.attention.kinds import kind_colour
from workbench.gui.attention.labels import every
from workbench.gui.theme import MEDIUM, SMALL, TINY
from workbench.run.inside.census import Census
from workbench.run.inside.head_kinds import KINDS

#: Logical pixels of the line under a tile that shows its kind, and of a head's name under that.
KIND_LINE, NAME_LINE = 4, 13


@dataclass(frozen=True, slots=True)
class Sheet:
    """The atlas on a surface: where each tile of `grid` lies; lengths are logical pixels.

    `origin` is the image's corner, `left` and `top` the room for labels, `ratio` device pixels in a logical one.
    """

    grid: Grid
    origin: QPointF
    left: int
    top: int
    ratio: float

    def tile(self, layer: int, head: int) -> QRectF:
        """Where a head is drawn."""
        x, y = self.grid.corner(layer, head)
        side = self.grid.tile / self.ratio
        return QRectF(x / self.ratio, y / self.ratio, side, side).translated(self.origin)

    def head_at(self, point: QPointF) -> Head | None:
        """The head under a point."""
        at = point - self.origin
        return self.grid.at(at.x() * self.ratio, at.y() * self.ratio)


def name_of(layer: int, head: int) -> str:
    """A head in as few letters as can be, counted from 1."""
    return f"L{layer + 1} H{head + 1}"


def draw_grounds(painter: QPainter, sheet: Sheet, look: Look, seen: QRectF) -> None:
    """The ground of each tile in sight. What a causal model cannot see is transparent in the image of the atlas, and
    its ground must differ from a weight of 0."""
    ground = look.palette.colour("background")
    for head in sheet.grid.heads():
        rect = sheet.tile(*head)
        if rect.intersects(seen):
            painter.fillRect(rect, ground)


def draw_kinds(painter: QPainter, sheet: Sheet, census: Census, look: Look, seen: QRectF) -> None:
    """A line in the colour of its kind under each head in sight."""
    for head in sheet.grid.heads():
        rect = sheet.tile(*head)
        if rect.intersects(seen):
            line = QRectF(rect.left(), rect.bottom() + 1, rect.width(), KIND_LINE - 1)
            painter.fillRect(line, kind_colour(census.kind(*head).key, look.palette))


def draw_veil(
    painter: QPainter, sheet: Sheet, faint: Callable[[Head], bool], look: Look, seen: QRectF
) -> None:
    """Heads that are not meant fade into the page."""
    veil = look.palette.colour("surface")
    veil.setAlphaF(0.82)
    for head in sheet.grid.heads():
        rect = sheet.tile(*head)
        if rect.intersects(seen) and faint(head):
            painter.fillRect(rect.adjusted(0, 0, 0, KIND_LINE), veil)


def draw_kind_legend(painter: QPainter, area: QRectF, census: Census, look: Look) -> None:
    """Which colour is which kind, in as many lines as the area needs; kinds without heads are left out."""
    painter.setFont(look.small())
    metrics = QFontMetricsF(look.small())
    x, y = area.left(), area.top()
    for kind, count in zip(KINDS, census.counts().sum(axis=0).tolist(), strict=True):
        words = f"{kind.title} {count}"
        width = 13 + metrics.horizontalAdvance(words) + MEDIUM
        if not count:
            continue
        if x + width > area.right() and x > area.left():
            x, y = area.left(), y + 15
        painter.fillRect(QRectF(x, y + 3, 9, 9), kind_colour(kind.key, look.palette))
        painter.setPen(look.palette.colour("muted"))
        painter.drawText(QRectF(x + 13, y, width, 15), LEFT, words)
        x += width


def draw_frame(painter: QPainter, rect: QRectF, colour: QColor, width: int) -> None:
    """A frame around a tile."""
    painter.setPen(QPen(colour, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    grow = width / 2
    painter.drawRect(rect.adjusted(-grow, -grow, grow, grow))


def draw_frames(
    painter: QPainter, sheet: Sheet, look: Look, picked: Sequence[Head], hover: Head | None
) -> None:
    """Frames around the head under the pointer and those that were picked, each of these in its colour."""
    if hover and hover not in picked:
        draw_frame(painter, sheet.tile(*hover), look.palette.colour("muted"), 1)
    for head, colour in zip(picked, look.head_colours(len(picked)), strict=True):
        if sheet.grid.place(*head) is not None:
            rect = sheet.tile(*head)
            draw_frame(painter, rect, look.palette.colour("surface"), 4)  # stands off from any colour map
            draw_frame(painter, rect, colour, 2)


def draw_names(painter: QPainter, sheet: Sheet, look: Look, strong: Iterable[Head], seen: QRectF) -> None:
    """Where heads stand in another order than the model's: the name under each, as far as there is room."""
    font = look.small()
    painter.setFont(font)
    widest = QFontMetricsF(font).horizontalAdvance("L00 H00")
    side, named = sheet.grid.tile / sheet.ratio, set(strong)
    for head in sheet.grid.heads():
        rect = sheet.tile(*head)
        if rect.intersects(seen) and (side >= widest or head in named):
            painter.setPen(look.palette.colour("text" if head in named else "muted"))
            middle = rect.center().x()
            box = QRectF(middle - 30, rect.bottom() + KIND_LINE, 60, NAME_LINE)
            painter.drawText(box, CENTRE, name_of(*head))


def draw_axes(painter: QPainter, sheet: Sheet, look: Look, points: Iterable[Head]) -> None:
    """Layers at the left, heads above; those of `points` are strong and always there."""
    font = look.small()
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    grid, origin, ratio = sheet.grid, sheet.origin, sheet.ratio
    side = grid.tile / ratio
    widest = metrics.horizontalAdvance(f"H{grid.columns}") + TINY
    marked = set(points)
    for axis, count, pitch, room in (
        (0, grid.rows, grid.rise / ratio, metrics.height()),
        (1, grid.columns, grid.pitch / ratio, widest),
    ):
        strong = {point[axis] for point in marked}
        step = every(pitch, room)
        for i in range(count):
            if i % step and i not in strong:
                continue
            painter.setPen(look.palette.colour("text" if i in strong else "muted"))
            if axis == 0:
                box = QRectF(origin.x() - sheet.left, origin.y() + i * pitch, sheet.left - SMALL, side)
                if box.center().y() >= sheet.top:
                    painter.drawText(box, RIGHT, f"L{i + 1}")
            else:
                x = origin.x() + i * pitch + side / 2
                if x >= sheet.left:
                    painter.drawText(QRectF(x - 20, 0, 40, sheet.top - TINY), CENTRE, f"H{i + 1}")
