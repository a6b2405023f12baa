"""Drawing the atlas, one head and the colour bar with any painter: for the screen, PNG, SVG and the clipboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from workbench.gui.attention.atlas import tile_numbers
from workbench.gui.attention.colours import colour_table, picture, readable_on
from workbench.gui.attention.labels import every, fits_across, key_names, query_names
from workbench.gui.attention.pooling import stretch
from workbench.gui.attention.scales import FIRST, Scale, colour_numbers, ticks
from workbench.gui.attention.shown import Shown
from workbench.gui.theme import FONT_SMALL, SMALL, TINY, Palette

CENTRE = Qt.AlignmentFlag.AlignCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
#: From this cell size on, the weight is written into each cell.
FIGURE_CELL = 34
LABEL_ROOM = 96


@dataclass(frozen=True, slots=True)
class Look:
    """How everything is drawn: palette, colour map, scale, font."""

    palette: Palette
    colours: str
    scale: Scale
    font: QFont

    def small(self) -> QFont:
        """The font of labels."""
        font = QFont(self.font)
        font.setPixelSize(FONT_SMALL)
        return font

    def head_colours(self, heads: int) -> list[QColor]:
        """A colour for each of several heads that are looked at together; for one alone the accent."""
        series = (self.palette.accent,) if heads == 1 else self.palette.series
        return [QColor(series[i % len(series)]) for i in range(heads)]


@dataclass(frozen=True, slots=True)
class Window:
    """Which cells of a head are in sight: whole cells, the same number of rows and columns."""

    row: int
    column: int
    span: int

    def zoomed(self, row: float, column: float, factor: float, n: int) -> Window:
        """Closer (factor < 1) or wider around a cell, within the n tokens; at least 4 cells stay."""
        span = max(min(4, n), min(n, round(self.span * factor)))
        if span == self.span and factor != 1:
            span = max(min(4, n), min(n, span + (1 if factor > 1 else -1)))
        share_y, share_x = (row - self.row) / self.span, (column - self.column) / self.span
        return Window(round(row - share_y * span), round(column - share_x * span), span).within(n)

    def within(self, n: int) -> Window:
        """Moved so that no side lies outside."""
        limit = n - self.span
        return Window(max(0, min(limit, self.row)), max(0, min(limit, self.column)), self.span)

    def moved(self, rows: int, columns: int, n: int) -> Window:
        """Moved by whole cells."""
        return Window(self.row + rows, self.column + columns, self.span).within(n)


@dataclass(frozen=True, slots=True)
class HeadPlace:
    """Where a head's cells and labels are drawn: the square `cells`, room for labels left and above."""

    cells: QRectF
    window: Window

    @property
    def cell(self) -> float:
        """A cell's side in pixels."""
        return self.cells.width() / self.window.span

    def at(self, point: QPointF) -> tuple[int, int] | None:
        """The (row, column) of the cell under a point; None outside."""
        if not self.cells.contains(point):
            return None
        row = int((point.y() - self.cells.top()) / self.cell)
        column = int((point.x() - self.cells.left()) / self.cell)
        last = self.window.span - 1
        return self.window.row + min(row, last), self.window.column + min(column, last)

    def rect(self, row: int, column: int) -> QRectF:
        """Where a cell is drawn; may lie outside `cells` when zoomed in."""
        x = self.cells.left() + (column - self.window.column) * self.cell
        y = self.cells.top() + (row - self.window.row) * self.cell
        return QRectF(x, y, self.cell, self.cell)


def place_head(area: QRectF, shown: Shown, window: Window, font: QFont) -> HeadPlace:
    """The largest square that leaves room for the labels in sight."""
    metrics = QFontMetricsF(font)
    rows = query_names(shown)[window.row : window.row + window.span]
    columns = key_names(shown)[window.column : window.column + window.span]
    widest = [_widest(part, metrics) for part in (rows, columns)]
    left = min(LABEL_ROOM, widest[0]) + SMALL
    side = min(area.width() - left, area.height() - metrics.height() - SMALL)
    turned = not fits_across(widest[1], side / window.span)
    top = min(LABEL_ROOM, widest[1]) + SMALL if turned else metrics.height() + TINY
    side = max(8.0, float(int(min(area.width() - left, area.height() - top))))
    x = area.left() + left + max(0.0, (area.width() - left - side) // 2)
    return HeadPlace(QRectF(float(int(x)), float(int(area.top() + top)), side, side), window)


def _widest(names: Sequence[str], metrics: QFontMetricsF) -> float:
    """The width of the widest name; measured of those with the most letters, as thousands take longer than a frame."""
    return max((metrics.horizontalAdvance(name) for name in nlargest(24, names, key=len)), default=0.0)


def draw_head(
    painter: QPainter,
    place: HeadPlace,
    shown: Shown,
    where: tuple[int, int],
    top: float,
    look: Look,
    marked: tuple[int, int] | None = None,
    ratio: float = 1.0,
) -> None:
    """One head with token labels; `marked` is the (row, column) to point out."""
    layer, head = where
    w = place.window
    rows, columns = slice(w.row, w.row + w.span), slice(w.column, w.column + w.span)
    weights = np.ascontiguousarray(shown.weights[layer, head, rows, columns])
    visible, possible = shown.visible[rows, columns], shown.possible[rows, columns]
    pixels = max(1, round(place.cells.width() * ratio))
    numbers = tile_numbers(weights, visible, possible, top, look.scale, pixels)
    table = colour_table(look.colours, look.palette)
    image = picture(stretch(numbers, pixels, pixels), table, ratio)
    painter.fillRect(place.cells, look.palette.colour("background"))  # seen where a causal model cannot look
    painter.drawImage(place.cells, image)
    painter.setPen(QPen(look.palette.colour("line"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(place.cells.adjusted(-0.5, -0.5, 0.5, 0.5))
    if place.cell >= FIGURE_CELL:
        _draw_figures(painter, place, weights, visible, numbers, table, look)
    _draw_labels(painter, place, shown, look, marked)
    if marked:
        _draw_mark(painter, place, marked, look)


def _draw_figures(
    painter: QPainter,
    place: HeadPlace,
    weights: NDArray[np.float32],
    visible: NDArray[np.bool_],
    numbers: NDArray[np.uint8],
    table: NDArray[np.uint32],
    look: Look,
) -> None:
    painter.setFont(look.small())
    for row, column in np.argwhere(visible & (np.abs(weights) >= 0.005)):  # a page full of 0.00 says nothing
        rect = place.rect(place.window.row + int(row), place.window.column + int(column))
        painter.setPen(readable_on(int(table[numbers[row, column]])))
        painter.drawText(rect, CENTRE, f"{weights[row, column]:.2f}")


def _draw_labels(
    painter: QPainter, place: HeadPlace, shown: Shown, look: Look, marked: tuple[int, int] | None
) -> None:
    font = look.small()
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    w = place.window
    names = query_names(shown), key_names(shown)
    widest = _widest(names[1][w.column : w.column + w.span], metrics)
    across = fits_across(min(widest, LABEL_ROOM), place.cell)
    step = every(place.cell, metrics.height())
    hidden = shown.hidden, shown.hidden_keys
    for axis in (0, 1):
        first = (w.row, w.column)[axis]
        mark = marked[axis] if marked else None
        for i in _thinned(first, w.span, step, mark):
            if i >= len(names[axis]):  # the shorter side of a square that two texts share
                continue
            strong = i == mark
            text = metrics.elidedText(names[axis][i], Qt.TextElideMode.ElideRight, LABEL_ROOM)
            painter.setPen(_label_colour(look.palette, strong, bool(hidden[axis][i])))
            at = place.rect(i, i)
            if axis == 0:
                box = QRectF(0, at.center().y() - 8, place.cells.left() - 6, 16)
                painter.drawText(box, RIGHT, text)
            elif across:
                painter.drawText(QRectF(at.left(), place.cells.top() - 18, at.width(), 16), CENTRE, text)
            else:
                painter.save()
                painter.translate(at.center().x(), place.cells.top() - 6)
                painter.rotate(-90)
                painter.drawText(QRectF(0, -8, LABEL_ROOM + 8, 16), LEFT, text)
                painter.restore()


def _thinned(first: int, span: int, step: int, mark: int | None) -> Sequence[int]:
    """Every step-th token; the marked one always, and its neighbours make room for it."""
    chosen = list(range(first, first + span, step))
    if mark is None or not first <= mark < first + span:
        return chosen
    return [i for i in chosen if i == mark or abs(i - mark) >= step] + ([] if mark in chosen else [mark])


def _label_colour(palette: Palette, strong: bool, hidden: bool) -> QColor:
    if strong:
        return palette.colour("accent")
    return QColor(palette.blend("muted", 0.55)) if hidden else palette.colour("text")


def _draw_mark(painter: QPainter, place: HeadPlace, marked: tuple[int, int], look: Look) -> None:
    painter.save()
    painter.setClipRect(place.cells.adjusted(-1, -1, 1, 1))
    cell = place.rect(*marked)
    band = look.palette.colour("accent")
    painter.setPen(QPen(band, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    thick = max(cell.height(), 3.0)
    across = QRectF(place.cells.left(), cell.center().y() - thick / 2, place.cells.width(), thick)
    down = QRectF(cell.center().x() - thick / 2, place.cells.top(), thick, place.cells.height())
    painter.drawRect(across)
    painter.drawRect(down)
    painter.setPen(QPen(look.palette.colour("text"), 2))
    painter.drawRect(QRectF(cell.center().x() - thick / 2, cell.center().y() - thick / 2, thick, thick))
    painter.restore()


def draw_bar(painter: QPainter, area: QRectF, top: float, look: Look) -> None:
    """The colour bar with its marks below it; needs about 30 pixels of height."""
    table = colour_table(look.colours, look.palette)
    numbers = np.linspace(FIRST, 255, max(2, round(area.width()))).round().astype(np.uint8)[None, :]
    bar = QRectF(area.left(), area.top(), area.width(), 10)
    painter.drawImage(bar, picture(np.ascontiguousarray(numbers), table))
    painter.setPen(QPen(look.palette.colour("line"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(bar.adjusted(-0.5, -0.5, 0.5, 0.5))
    painter.setFont(look.small())
    metrics = QFontMetricsF(look.small())
    painter.setPen(look.palette.colour("muted"))
    for place, weight in ticks(top, look.scale.kind):
        text = ("≤ " if look.scale.kind == "log" and place == 0 else "") + weight_text(weight)
        width = metrics.horizontalAdvance(text) + 2
        x = area.left() + place * area.width()
        left = min(max(area.left() - 1, x - width / 2), area.right() - width + 1)
        painter.drawText(QRectF(left, bar.bottom() + 3, width, 16), CENTRE, text)


def weight_text(weight: float) -> str:
    """A weight as few figures as it needs: 0, 0.42, 0.0003."""
    if weight == 0:
        return "0"
    if weight < 0:
        return f"−{weight_text(-weight)}"
    return f"{weight:.2f}".rstrip("0").rstrip(".") if weight >= 0.01 else f"{weight:.1g}"


def colour_of(weight: float, top: float, look: Look) -> QColor:
    """The colour that a weight has."""
    number = colour_numbers(np.array([weight], dtype=np.float32), float(top), look.scale.kind)[0]
    return QColor.fromRgba(int(colour_table(look.colours, look.palette)[number]))
