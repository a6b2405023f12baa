"""Tokens in a row, each on a ground as strong as its score; and the legend of these colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.attention.colours import readable_on
from workbench.gui.attention.labels import token_name
from workbench.gui.theme import RADIUS_SMALL, SMALL, Palette, current, theme

Floats = NDArray[np.float64]
_GAP, _PAD = 3, 5
#: The strongest ground is this much of the full colour.
_STRONGEST = 0.9


def ground(palette: Palette, share: float) -> QColor:
    """The ground of a score from -1 to 1: blue speaks for, orange against, which colour-blind people tell apart."""
    name = palette.series[0] if share >= 0 else palette.series[1]
    full, plain = QColor(name), palette.colour("surface")
    strength = _STRONGEST * min(1.0, abs(share))
    parts = zip(
        (full.red(), full.green(), full.blue()), (plain.red(), plain.green(), plain.blue()), strict=True
    )
    return QColor(*(round(strength * a + (1 - strength) * b) for a, b in parts))


def signed(number: str) -> str:
    """A number with its sign, and a minus as wide as a plus."""
    return f"−{number[1:]}" if number.startswith("-") else f"+{number}"


class TokenStrip(QWidget):
    """Tokens that wrap like text. Special ones stand apart: no ground, a dashed frame.

    `pointed` tells the number of the token under the pointer or chosen by the arrow keys, or -1.
    """

    pointed = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.tokens: tuple[str, ...] = ()
        self.scores: Floats | None = None
        self.special: NDArray[np.bool_] = np.zeros(0, bool)
        self.marked = -1
        self.breaks: dict[int, int] = {}  # tokens that begin a line, and how many pixels lie above it
        self._places: list[QRectF] = []
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        theme().changed.connect(self.update)

    def show_tokens(
        self, tokens: Sequence[str], special: NDArray[np.bool_], scores: Floats | None = None
    ) -> None:
        """Show tokens, with their scores when there are any yet."""
        self.tokens, self.special, self.scores = tuple(tokens), special, scores
        if self.marked >= len(self.tokens):
            self.marked = -1
        self.setAccessibleDescription(
            ", ".join(self.words(i) for i in range(len(self.tokens))) if scores is not None else ""
        )
        self._arrange()
        self.update()

    def mark(self, number: int) -> None:
        """Frame one token; -1 frames none."""
        if number != self.marked:
            self.marked = number
            self.update()

    def share(self, number: int) -> float:
        """A token's score as a share of the strongest one of the text, from -1 to 1."""
        if self.scores is None:
            return 0.0
        text = np.abs(self.scores[~self.special])
        top = float(text.max()) if text.size else 0.0
        return float(np.clip(self.scores[number] / top, -1, 1)) if top > 0 else 0.0

    def words(self, number: int) -> str:
        """What a token says when it is pointed at."""
        name = f"‘{token_name(self.tokens[number])}’"
        score = "" if self.scores is None else f" {signed(f'{self.scores[number]:.4g}')}"
        return f"{name}{score}{self.tr(' (special, not ranked)') if self.special[number] else ''}"

    def place(self, number: int) -> QRectF:
        """Where a token is drawn."""
        return self._places[number]

    # ---- places

    def _arrange(self) -> None:
        metrics = self.fontMetrics()
        high = metrics.height() + 6
        across, down = 0.0, 1.0
        self._places = []
        for number, token in enumerate(self.tokens):
            wide = min(metrics.horizontalAdvance(token_name(token)) + 2 * _PAD, max(20, self.width() - 2))
            if number in self.breaks:
                across, down = 0.0, down + high + self.breaks[number]
            if across + wide > self.width() - 1 and across > 0:
                across, down = 0.0, down + high + _GAP
            self._places.append(QRectF(across + 0.5, down + 0.5, wide, high))
            across += wide + _GAP
        self.setFixedHeight(round(down + high + 3))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, other lines."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._arrange()

    def minimumSizeHint(self) -> QSize:
        """Narrow."""
        return QSize(80, self.fontMetrics().height() + 10)

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the tokens."""
        painter, palette = QPainter(self), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for i, (token, place) in enumerate(zip(self.tokens, self._places, strict=True)):
            if not place.intersects(QRectF(event.rect())):
                continue
            self._draw(painter, palette, i, token, place)

    def _draw(self, painter: QPainter, palette: Palette, i: int, token: str, place: QRectF) -> None:
        text = palette.colour("muted")
        if self.special[i]:
            painter.setPen(QPen(palette.colour("line"), 1, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        else:
            colour = ground(palette, self.share(i))
            painter.setPen(QPen(palette.colour("line"), 1))
            painter.setBrush(colour)
            if self.scores is not None:
                text = readable_on(colour.rgba())
        if i == self.marked:
            painter.setPen(QPen(palette.colour("text"), 1.5))
        painter.drawRoundedRect(place, RADIUS_SMALL - 2, RADIUS_SMALL - 2)
        painter.setPen(text)
        inside = place.adjusted(_PAD - 1, 0, 1 - _PAD, 0)
        name = self.fontMetrics().elidedText(
            token_name(token), Qt.TextElideMode.ElideRight, int(inside.width()) + 1
        )
        painter.drawText(inside, Qt.AlignmentFlag.AlignCenter, name)

    # ---- pointing

    def at(self, x: float, y: float) -> int:
        """The number of the token at a place, or -1."""
        return next((i for i, place in enumerate(self._places) if place.contains(x, y)), -1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point to read."""
        self.pointed.emit(self.at(event.position().x(), event.position().y()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at."""
        super().leaveEvent(event)
        self.pointed.emit(-1)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard points elsewhere."""
        super().focusOutEvent(event)
        self.pointed.emit(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right, Home and End walk over the tokens."""
        last = len(self.tokens) - 1
        goal = {
            Qt.Key.Key_Right: min(last, self.marked + 1),
            Qt.Key.Key_Left: max(0, self.marked - 1),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }.get(Qt.Key(event.key()))
        if goal is None or last < 0:
            super().keyPressEvent(event)
        else:
            self.pointed.emit(goal)

    def event(self, event: QEvent) -> bool:
        """The tooltip is the exact score of the token under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            number = self.at(event.pos().x(), event.pos().y())
            if number >= 0:
                QToolTip.showText(event.globalPos(), self.words(number), self)
                return True
        return super().event(event)


class ScoreLegend(QWidget):
    """From what speaks against the prediction to what speaks for it; or another scale of these colours."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(16)
        self.setMinimumWidth(200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)
        self._lowest = -1.0
        self.show_scale(self.tr("against"), self.tr("for the prediction"))
        self.setAccessibleName(self.tr("Colours: orange speaks against the prediction, blue for it"))

    def show_scale(self, low: str, high: str, lowest: float = -1.0) -> None:
        """Other words at the ends; `lowest` is the share at the left: -1 for two colours, 0 for one."""
        self._low, self._high, self._lowest = low, high, lowest
        self.setAccessibleName(self.tr("Colours: from {0} to {1}").format(low, high))
        self.update()

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(280, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar between its two words."""
        painter, palette = QPainter(self), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPixelSize(11)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        left = metrics.horizontalAdvance(self._low) + SMALL
        right = self.width() - metrics.horizontalAdvance(self._high) - SMALL
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(palette.colour("muted"))
        painter.drawText(QRectF(0, 0, left, self.height()), centre, self._low)
        painter.drawText(QRectF(right + SMALL, 0, self.width() - right, self.height()), centre, self._high)
        bar = QRectF(left, 4.5, max(10, right - left), 8)
        colours = QLinearGradient(bar.topLeft(), bar.topRight())
        for at in (0.0, 0.5, 1.0):
            colours.setColorAt(at, ground(palette, self._lowest + at * (1 - self._lowest)))
        painter.setPen(QPen(palette.colour("line"), 1))
        painter.setBrush(colours)
        painter.drawRoundedRect(bar, 3, 3)
