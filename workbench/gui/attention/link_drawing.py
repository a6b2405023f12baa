"""Drawing heads as links: two columns of tokens and a curved line for each strong weight between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from workbench.gui.attention.atlas import Head
from workbench.gui.attention.atlas_marks import name_of
from workbench.gui.attention.drawing import LABEL_ROOM, LEFT, RIGHT, Look
from workbench.gui.attention.labels import key_names, query_names
from workbench.gui.attention.shown import Shown
from workbench.gui.theme import SMALL, TINY

#: Weaker links are never drawn: a page full of threads says nothing.
FAINTEST = 0.01
#: A row of tokens in pixels: never less, so that each can be read; never more, so that lines stay steep.
ROW_LEAST, ROW_MOST = 15, 30
CAPTION = 20  # pixels above the tokens
_FIGURES = 34  # pixels for a weight behind a token


class Strand(NamedTuple):
    """One line: which of the heads, the token that looks, the token it looks at, the weight."""

    number: int
    query: int
    key: int
    weight: float


@dataclass(frozen=True, slots=True)
class Token:
    """A token of one of the two columns: the `looks` one at the left or the looked-at one at the right."""

    looks: bool
    index: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the tokens are: `row` pixels each, below `top`; lines run from `left` to `right`."""

    top: float
    row: float
    left: float
    right: float
    counts: tuple[int, int]

    def height(self) -> float:
        """Of all rows."""
        return self.row * max(self.counts)

    def middle(self, index: int) -> float:
        """The height of a token's line."""
        return self.top + (index + 0.5) * self.row

    def at(self, point: QPointF) -> Token | None:
        """The token under a point: the half of the drawing says which column is meant."""
        looks = point.x() < (self.left + self.right) / 2
        index = int((point.y() - self.top) // self.row)
        return Token(looks, index) if 0 <= index < self.counts[0 if looks else 1] else None


def place_columns(area: QRectF, shown: Shown, look: Look) -> Columns:
    """The two columns in an area: names outside, lines between them."""
    metrics = QFontMetricsF(look.small())
    names = query_names(shown), key_names(shown)
    counts = len(names[0]), len(names[1])
    widest = [
        max((min(LABEL_ROOM, metrics.horizontalAdvance(n)) for n in side), default=0.0) for side in names
    ]
    row = min(ROW_MOST, max(ROW_LEAST, (area.height() - CAPTION) / max(1, *counts)))
    between = min(420.0, area.width() - sum(widest) - 2 * (_FIGURES + SMALL))
    spare = max(0.0, area.width() - between - sum(widest) - 2 * (_FIGURES + SMALL)) / 2
    left = area.left() + spare + widest[0] + _FIGURES + SMALL
    return Columns(area.top() + CAPTION, row, left, left + max(24.0, between), counts)


def strands(shown: Shown, heads: Sequence[Head], most: int) -> list[Strand]:
    """The `most` strongest links of each token that looks, in each head; the faintest first, as they are drawn."""
    found = []
    for number, (layer, head) in enumerate(heads):
        weights = shown.weights[layer, head]
        count = min(most, weights.shape[1])
        columns = np.argpartition(-weights, count - 1, axis=1)[:, :count]
        for query, key in zip(np.repeat(np.arange(len(weights)), count), columns.ravel(), strict=True):
            if shown.visible[query, key] and weights[query, key] >= FAINTEST:
                found.append(Strand(number, int(query), int(key), float(weights[query, key])))
    return sorted(found, key=lambda strand: strand.weight)


def strands_of(shown: Shown, heads: Sequence[Head], token: Token) -> list[Strand]:
    """Every link of one token that can be seen, the faintest first."""
    found = []
    for number, where in enumerate(heads):
        weights, visible = shown.weights[where], shown.visible
        line, seen = (
            (weights[token.index], visible[token.index])
            if token.looks
            else (weights[:, token.index], visible[:, token.index])
        )
        for other in np.flatnonzero(seen & (line >= FAINTEST)):
            ends = (token.index, int(other)) if token.looks else (int(other), token.index)
            found.append(Strand(number, *ends, float(line[other])))
    return sorted(found, key=lambda strand: strand.weight)


def draw_links(
    painter: QPainter,
    columns: Columns,
    shown: Shown,
    heads: Sequence[Head],
    most: int,
    look: Look,
    marked: Token | None = None,
    seen: QRectF | None = None,
) -> None:
    """The links of the heads, each in its colour; with a marked token only its own, and their weights in figures."""
    colours = look.head_colours(len(heads))
    shown_strands = strands_of(shown, heads, marked) if marked else strands(shown, heads, most)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for strand in shown_strands:
        y0, y1 = columns.middle(strand.query), columns.middle(strand.key)
        if seen is None or (max(y0, y1) >= seen.top() and min(y0, y1) <= seen.bottom()):
            _draw_strand(painter, columns, y0, y1, strand.weight, colours[strand.number])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    _draw_caption(painter, columns, heads, colours, look)
    _draw_tokens(painter, columns, shown, look, marked, shown_strands, seen)


def _draw_strand(
    painter: QPainter, columns: Columns, y0: float, y1: float, weight: float, colour: QColor
) -> None:
    shade = QColor(colour)
    shade.setAlphaF(0.15 + 0.85 * min(1.0, weight))
    painter.setPen(QPen(shade, 0.8 + 3.2 * min(1.0, weight), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    middle = (columns.left + columns.right) / 2
    path = QPainterPath(QPointF(columns.left, y0))
    path.cubicTo(QPointF(middle, y0), QPointF(middle, y1), QPointF(columns.right, y1))
    painter.drawPath(path)


def _draw_caption(
    painter: QPainter, columns: Columns, heads: Sequence[Head], colours: Sequence[QColor], look: Look
) -> None:
    """What the columns are, and between them which colour is which head."""
    painter.setFont(look.small())
    painter.setPen(look.palette.colour("muted"))
    metrics = QFontMetricsF(look.small())
    y = columns.top - CAPTION
    painter.drawText(QRectF(columns.left - 130, y, 124, 16), RIGHT, "looks")
    painter.drawText(QRectF(columns.right + 6, y, 124, 16), LEFT, "looked at")
    if len(heads) == 1:
        return
    widths = [metrics.horizontalAdvance(name_of(*head)) + 14 + SMALL for head in heads]
    x = (columns.left + columns.right - sum(widths) + SMALL) / 2
    for head, colour, width in zip(heads, colours, widths, strict=True):
        painter.fillRect(QRectF(x, y + 4, 9, 9), colour)
        painter.drawText(QRectF(x + 13, y, width, 16), LEFT, name_of(*head))
        x += width


def _draw_tokens(
    painter: QPainter,
    columns: Columns,
    shown: Shown,
    look: Look,
    marked: Token | None,
    drawn: Sequence[Strand],
    seen: QRectF | None,
) -> None:
    metrics, palette = QFontMetricsF(look.small()), look.palette
    strongest = {
        (strand.key if marked and marked.looks else strand.query): strand.weight for strand in drawn if marked
    }
    for looks, names, hidden in (
        (True, query_names(shown), shown.hidden),
        (False, key_names(shown), _keys_hidden(shown)),
    ):
        for index, name in enumerate(names):
            y = columns.middle(index)
            if seen is not None and not seen.top() - 20 <= y <= seen.bottom() + 20:
                continue
            other = marked is not None and marked.looks != looks
            on = marked is not None and (index in strongest if other else index == marked.index)
            role = "accent" if on and not other else "text" if on or marked is None else "muted"
            painter.setPen(QColor(palette.blend("muted", 0.55)) if hidden[index] else palette.colour(role))
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, LABEL_ROOM)
            box, side = QRectF(columns.right + 6, y - 8, LABEL_ROOM, 16), LEFT
            if looks:
                box, side = QRectF(columns.left - 6 - LABEL_ROOM, y - 8, LABEL_ROOM, 16), RIGHT
            painter.drawText(box, side, text)
            if other and on:
                painter.setPen(palette.colour("muted"))
                width = metrics.horizontalAdvance(text) + TINY
                moved = (
                    box.adjusted(width, 0, _FIGURES + width, 0)
                    if not looks
                    else box.adjusted(-_FIGURES - width, 0, -width, 0)
                )
                painter.drawText(moved, side, f"{strongest[index]:.2f}")


def _keys_hidden(shown: Shown) -> NDArray[np.bool_]:
    marks = shown.maps.keys_special
    if not shown.maps.keys or marks is None:
        return shown.hidden
    return marks if shown.special != "shown" else np.zeros(len(marks), dtype=bool)
