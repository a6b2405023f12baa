"""Attention as pictures that say what they show, as tables, and as arrays, for files and the clipboard."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from workbench.gui.attention.atlas import Grid, Head, atlas_numbers, whole_cells
from workbench.gui.attention.atlas_marks import (
    KIND_LINE,
    NAME_LINE,
    Sheet,
    draw_axes,
    draw_kind_legend,
    draw_kinds,
    draw_names,
    name_of,
)
from workbench.gui.attention.colours import colour_table, picture
from workbench.gui.attention.drawing import LEFT, Look, Window, draw_bar, draw_head, place_head
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.kinds import facts_text
from workbench.gui.attention.labels import head_name, link_text
from workbench.gui.attention.link_drawing import CAPTION, ROW_MOST, draw_links, place_columns
from workbench.gui.attention.plate import draw_title
from workbench.gui.attention.scales import describe, tops
from workbench.gui.attention.shown import Shown
from workbench.gui.theme import LARGE, Palette
from workbench.run.inside.census import Census
from workbench.run.inside.tables import Table
from workbench.run.results import AttentionMaps, PooledMaps

_HEADER, _FOOTER = 56, 72
_SIDE_ROOM = 36
_SHARP = 2.0  # cells are drawn as fine as the picture of a PNG file, which has twice the size


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture of the whole atlas, or of one head when `where` is a (layer, head).

    Attributes:
        shown: The maps.
        look: How they are drawn.
        where: The head; None for all.
        links: Heads that are drawn as links instead of a map, and how many links each token has.
        census: Colours each head's line by its kind.
        order: The heads of the atlas in their order; empty for all as the model has them.
    """

    shown: Shown
    look: Look
    where: Head | None = None
    links: tuple[tuple[Head, ...], int] | None = None
    census: Census | None = None
    order: tuple[Head, ...] = ()

    @property
    def palette(self) -> Palette:
        """Its colours."""
        return self.look.palette

    @property
    def top(self) -> float:
        """The weight of the strongest colour; in an atlas with a top per head, that of the first head."""
        return float(tops(self.shown, self.look.scale)[self.where or (0, 0)])

    def grid(self) -> Grid:
        """The atlas's tiles: at least a pixel for each token where that stays a reasonable picture."""
        layers, heads, n = self.shown.shape
        rows, columns = layers, heads
        if self.order:
            columns = min(heads, len(self.order))
            rows = math.ceil(len(self.order) / columns)
        tile = max(56, min(160, n, 3200 // columns))
        below = (KIND_LINE if self.census else 0) + (NAME_LINE if self.order else 0)
        return Grid(rows, columns, whole_cells(tile, n), 2, below, self.order)

    def size(self) -> QSize:
        """Of the picture, in logical pixels."""
        if self.links:
            rows = max(len(self.shown.maps.tokens), len(self.shown.maps.keys))
            return QSize(
                760, CAPTION + min(ROW_MOST, max(18, 600 // rows)) * rows + 2 * LARGE + _HEADER + _FOOTER
            )
        if self.where:
            return QSize(760, 760 + _HEADER + _FOOTER)
        grid = self.grid()
        return QSize(
            max(520, grid.width + _SIDE_ROOM + 2 * LARGE), grid.height + 20 + 2 * LARGE + _HEADER + _FOOTER
        )

    def draw(self, painter: QPainter) -> None:
        """Title, maps, and the legend."""
        size, palette = self.size(), self.look.palette
        page = QRectF(0, 0, size.width(), size.height())
        painter.fillRect(page, palette.colour("surface"))
        inner = page.adjusted(LARGE, LARGE, -LARGE, -LARGE)
        self._draw_title(painter, inner)
        body = inner.adjusted(0, _HEADER, 0, -_FOOTER)
        if self.links:
            columns = place_columns(body, self.shown, self.look)
            draw_links(painter, columns, self.shown, *self.links, self.look)
        elif self.where:
            window = Window(0, 0, self.shown.shape[2])
            place = place_head(body, self.shown, window, self.look.small())
            draw_head(painter, place, self.shown, self.where, self.top, self.look, ratio=_SHARP)
        else:
            self._draw_atlas(painter, body)
        bar = QRectF(inner.left(), inner.bottom() - 50, min(220.0, inner.width()), 28)
        if not self.links and (self.where or not self.look.scale.per_head):
            draw_bar(painter, bar, self.top, self.look)
        if self.census and not self.where:
            legend = QRectF(
                bar.right() + LARGE, bar.top() - 1, inner.right() - bar.right() - LARGE, bar.height()
            )
            draw_kind_legend(painter, legend, self.census, self.look)
        painter.setFont(self.look.small())
        painter.setPen(palette.colour("muted"))
        words = QRectF(inner.left(), inner.bottom() - 18, inner.width(), 18)
        painter.drawText(words, LEFT, self.legend())

    def legend(self) -> str:
        """Which scale and options are on."""
        if self.links:
            return f"The {self.links[1]} strongest links of each token; thicker is stronger, from 0.01 to 1."
        return describe(self.shown, self.look.scale)

    def title(self) -> str:
        """What the picture shows."""
        maps = self.shown.maps
        step = f", step {maps.step}" if maps.step is not None and "step" not in maps.model else ""
        layers, heads, _ = self.shown.shape
        name = head_name(*self.where) if self.where else f"{layers} layers × {heads} heads"
        if self.links and len(self.links[0]) > 1:
            name = ", ".join(name_of(*head) for head in self.links[0])
        return f"{name}: {maps.model}{step}"

    def told(self) -> str:
        """The line under the title: what the head does, and the text."""
        text = " ".join(token.strip() for token in self.shown.maps.tokens)
        if not self.where:
            return text
        parts = [link_text(self.shown, self.shown.strongest(*self.where)), text]
        if self.census:
            parts.insert(0, facts_text(self.census.facts(*self.where)))
        return "   ·   ".join(parts)

    def _draw_title(self, painter: QPainter, inner: QRectF) -> None:
        draw_title(painter, inner, self.title(), self.palette, self.look.font)
        painter.setFont(self.look.small())
        painter.setPen(self.palette.colour("muted"))
        metrics = QFontMetricsF(self.look.small())
        text = metrics.elidedText(self.told(), Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(QRectF(inner.left(), inner.top() + 22, inner.width(), 18), LEFT, text)

    def _draw_atlas(self, painter: QPainter, body: QRectF) -> None:
        grid, palette = self.grid(), self.look.palette
        image = picture(
            atlas_numbers(self.shown, self.look.scale, grid), colour_table(self.look.colours, palette)
        )
        sheet = Sheet(grid, QPointF(body.left() + _SIDE_ROOM, body.top() + 20), _SIDE_ROOM, 20, 1.0)
        for head in grid.heads():
            painter.fillRect(sheet.tile(*head), palette.colour("background"))
        painter.drawImage(QRectF(sheet.origin, QSizeF(grid.width, grid.height)), image)
        if self.census:
            draw_kinds(painter, sheet, self.census, self.look, body)
        if self.order:
            draw_names(painter, sheet, self.look, grid.heads(), body)
        else:
            painter.translate(0, body.top())
            draw_axes(
                painter, replace(sheet, origin=sheet.origin - QPointF(0, body.top()), top=20), self.look, ()
            )
            painter.translate(0, -body.top())


def head_table(shown: Shown, where: tuple[int, int]) -> Table:
    """A head's weights: the first line and column hold the tokens; cells that are not drawn are empty."""
    table = [["", *(shown.maps.keys or shown.maps.tokens)]]
    for row, token in enumerate(shown.maps.tokens):
        weights = shown.weights[where][row]
        cells = [f"{w:.6g}" if seen else "" for w, seen in zip(weights, shown.visible[row], strict=True)]
        table.append([token, *cells[: len(shown.maps.keys) or None]])
    return table


def map_arrays(maps: AttentionMaps | PooledMaps) -> dict[str, Any]:
    """All weights as they are; of a long text the maxima of blocks, and where each block begins."""
    arrays: dict[str, Any] = {"tokens": np.array(maps.tokens), "special": maps.special}
    if maps.keys:
        arrays["keys"] = np.array(maps.keys)
    if isinstance(maps, PooledMaps):
        return {**arrays, "tiles": maps.tiles, "rows": maps.rows, "columns": maps.columns}
    return {**arrays, "attention": maps.weights}


def map_parts(whole: Figure | None, one: Figure | None, extra: str = "") -> list[Part]:
    """What can be had of maps: the chosen head as picture and table, all heads as a picture and as arrays.

    `extra` tells several maps apart: "original".
    """
    parts = []
    behind, marked = (f", {extra}", f"-{extra}") if extra else ("", "")
    if one is not None and one.where is not None:
        name = f"layer-{one.where[0] + 1}-head-{one.where[1] + 1}{marked}"
        shown, where = one.shown, one.where
        parts.append(Part(f"This head{behind}", name, lambda: one, lambda: head_table(shown, where)))
    if whole is not None:
        arrays = partial(map_arrays, whole.shown.maps)
        parts.append(Part(f"All heads{behind}", f"all-heads{marked}", lambda: whole, arrays=arrays))
    return parts
