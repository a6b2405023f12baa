"""A page for parts of the window: what widgets draw, as vectors, under a title and above a legend."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter, QPicture, QRegion
from PySide6.QtWidgets import QWidget

from workbench.gui.theme import FONT_SMALL, FONT_TITLE, LARGE, MEDIUM, TINY, Palette, current

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_WRAPPED = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
#: A page is at least so wide, and as wide as a title up to so many pixels.
_NARROWEST, _TITLE = 520, 900


class Drawing(Protocol):
    """A picture that says what it shows, drawn with any painter on any thread."""

    @property
    def palette(self) -> Palette:
        """Its colours."""

    def size(self) -> QSize:
        """In logical pixels."""

    def draw(self, painter: QPainter) -> None:
        """Everything, the ground too."""

    def title(self) -> str:
        """What the picture shows."""

    def told(self) -> str:
        """The line under the title."""

    def legend(self) -> str:
        """What colours and lines mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A part of a page: its size, and what draws it with any painter on any thread."""

    size: QSize
    draw: Callable[[QPainter], object]


def recorded(part: QWidget | Block) -> Block:
    """What a widget draws now, or a function that may be called on the window's thread only, to be drawn again: on
    another thread, larger, or as SVG. Costs as much as painting it once; pictures in it cost more."""
    picture = QPicture()
    painter = QPainter(picture)
    if isinstance(part, QWidget):
        size = part.size()
        part.render(painter, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
    else:
        size = part.size
        part.draw(painter)
    painter.end()
    size = _filled(picture, size) if isinstance(part, QWidget) else size
    return Block(size, lambda painter: painter.drawPicture(0, 0, picture))


def _filled(picture: QPicture, size: QSize) -> QSize:
    """The size without the room at the right and below that looks as the last corner does. The picture's own
    rectangle knows neither text nor what moves the painter, so it is drawn to see."""
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    painter.drawPicture(0, 0, picture)
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(size.height(), size.width())
    drawn = pixels != pixels[-1, -1]
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    return size.boundedTo(QSize(int(columns[-1]) + 2, int(rows[-1]) + 2)) if rows.size else size


@dataclass(frozen=True, slots=True, eq=False)
class Plate:
    """Parts below each other; a `Drawing`."""

    heading: str
    words: str
    foot: str
    parts: tuple[Block, ...]
    palette: Palette
    font: QFont

    def title(self) -> str:
        """What the picture shows."""
        return self.heading

    def told(self) -> str:
        """The line under the title."""
        return self.words

    def legend(self) -> str:
        """What colours and lines mean."""
        return self.foot

    def size(self) -> QSize:
        """As wide as the widest part."""
        title = math.ceil(QFontMetricsF(bold(self.font)).horizontalAdvance(self.heading))
        width = max([_NARROWEST, min(title, _TITLE), *(part.size.width() for part in self.parts)])
        high = sum(part.size.height() + MEDIUM for part in self.parts)
        return QSize(
            width + 2 * LARGE,
            round(high + self._heading_height(width) + _wrapped(self.foot, self.font, width) + 2 * LARGE),
        )

    def draw(self, painter: QPainter) -> None:
        """Title, parts, legend."""
        size, left = self.size(), float(LARGE)
        painter.fillRect(QRectF(0, 0, size.width(), size.height()), self.palette.colour("surface"))
        inner = QRectF(left, left, size.width() - 2 * left, size.height() - 2 * left)
        draw_title(painter, inner, self.heading, self.palette, self.font)
        painter.setFont(small(self.font))
        painter.setPen(self.palette.colour("muted"))
        painter.drawText(inner.adjusted(0, 22 + TINY, 0, 0), _WRAPPED, self.words)
        top = inner.top() + self._heading_height(inner.width())
        for part in self.parts:
            painter.save()
            painter.translate(left, top)
            part.draw(painter)
            painter.restore()
            top += part.size.height() + MEDIUM
        painter.setFont(small(self.font))
        painter.setPen(self.palette.colour("muted"))
        painter.drawText(QRectF(left, top, inner.width(), inner.bottom() - top + TINY), _WRAPPED, self.foot)

    def _heading_height(self, width: float) -> float:
        return 22 + TINY + _wrapped(self.words, self.font, width) + MEDIUM


def plate(title: str, told: str, legend: str, *parts: QWidget | Block, font: QFont) -> Plate:
    """A page with these parts as they are now, in the colours that are on. Only on the window's thread."""
    return Plate(title, told, legend, tuple(map(recorded, parts)), current(), font)


def draw_title(painter: QPainter, inner: QRectF, title: str, palette: Palette, font: QFont) -> None:
    """The title at the top of a page."""
    painter.setFont(bold(font))
    painter.setPen(palette.colour("text"))
    text = QFontMetricsF(bold(font)).elidedText(title, Qt.TextElideMode.ElideRight, inner.width())
    painter.drawText(QRectF(inner.left(), inner.top(), inner.width(), 20), _LEFT, text)


def bold(font: QFont) -> QFont:
    """The font of titles."""
    made = QFont(font)
    made.setPixelSize(FONT_TITLE)
    made.setWeight(QFont.Weight.DemiBold)
    return made


def small(font: QFont) -> QFont:
    """The font of captions."""
    made = QFont(font)
    made.setPixelSize(FONT_SMALL)
    return made


def _wrapped(words: str, font: QFont, width: float) -> float:
    """The height of words in lines of a width."""
    if not words:
        return 0.0
    return math.ceil(
        QFontMetricsF(small(font)).boundingRect(QRectF(0, 0, width, 9999), _WRAPPED, words).height()
    )
