"""Drawing the guesses of a language model's layers with any painter: for the screen, PNG and SVG."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from workbench.gui.attention.colours import readable_on
from workbench.gui.attention.labels import token_name
from workbench.gui.attention.plate import Block
from workbench.gui.theme import SMALL, Palette, colour_table
from workbench.run.inside.lens import TokenLens, row_name

#: In pixels: a cell of an exported grid, the names of its layers, and the lines of tokens above and below.
_WIDE, _HIGH, _NAMES, _BAND = 84, 24, 112, 22
#: So many tokens stand side by side before the next grid begins.
_ACROSS = 10
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def draw_guess(
    painter: QPainter, where: QRectF, found: TokenLens, cell: tuple[int, int], palette: Palette, font: QFont
) -> None:
    """The (row, place) guess of a lens, shaded by its probability; framed where it is what really follows."""
    share = 255 * 0.8 * float(found.probabilities[*cell, 0])
    shade = QColor(*(int(part) for part in colour_table(palette)[round(share)]))
    inner = where.adjusted(1, 1, -1, -1)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    painter.drawRoundedRect(inner, 3, 3)
    if found.is_right(*cell):
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(palette.colour("good"), 2))
        painter.drawRoundedRect(inner.adjusted(1, 1, -1, -1), 3, 3)
    painter.setPen(readable_on(shade.rgba()))
    write(painter, inner.adjusted(4, 0, -4, 0), token_name(found.guess(*cell)), font)


def write(painter: QPainter, where: QRectF, words: str, font: QFont) -> None:
    """Words in the middle, cut where they do not fit."""
    short = QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideRight, where.width())
    painter.drawText(where, Qt.AlignmentFlag.AlignCenter, short)


def grids(found: TokenLens, palette: Palette, font: QFont) -> tuple[Block, ...]:
    """The whole grid for a page, some tokens of the text at a time."""
    made = []
    for start in range(0, len(found.tokens), _ACROSS):
        places = range(start, min(start + _ACROSS, len(found.tokens)))
        size = QSize(_NAMES + _WIDE * len(places), _HIGH * found.rows + 2 * _BAND)

        def draw(painter: QPainter, places: range = places) -> None:
            _draw_grid(painter, found, places, palette, font)

        made.append(Block(size, draw))
    return tuple(made)


def _draw_grid(painter: QPainter, found: TokenLens, places: range, palette: Palette, font: QFont) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    foot = _BAND + _HIGH * found.rows
    names = [
        ("After", 0.0),
        *((row_name(row), _BAND + _HIGH * (row + 0.5) - _BAND / 2) for row in range(found.rows)),
    ]
    painter.setPen(palette.colour("muted"))
    for words, top in (*names, ("Really follows", float(foot))):
        painter.drawText(QRectF(0, top, _NAMES - SMALL, _BAND), _RIGHT, words)
    for column, place in enumerate(places):
        left = float(_NAMES + _WIDE * column)
        painter.setPen(palette.colour("text"))
        write(painter, QRectF(left + 3, 0, _WIDE - 6, _BAND), token_name(found.tokens[place]), font)
        if found.following[place] >= 0:
            name = token_name(found.words[int(found.following[place])])
            write(painter, QRectF(left + 3, foot, _WIDE - 6, _BAND), name, font)
        for row in range(found.rows):
            where = QRectF(left, _BAND + _HIGH * row, _WIDE, _HIGH)
            draw_guess(painter, where, found, (row, place), palette, font)
