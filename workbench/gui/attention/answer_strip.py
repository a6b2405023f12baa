"""A text and its continuation as tokens in a row, each on a ground as strong as one step looked at it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPen

from workbench.gui.attention.colours import readable_on
from workbench.gui.attention.labels import token_name
from workbench.gui.attention.token_strip import TokenStrip
from workbench.gui.probabilities import percent
from workbench.gui.theme import FONT_TITLE, RADIUS_SMALL, Palette, colour_table
from workbench.run.inside.generation import WrittenRows

#: Pixels between the text that an encoder has read and the answer of the decoder.
_APART = 14


def place_of(rows: WrittenRows, number: int) -> int:
    """The number of a token as people count: from 1, and from 0 where a decoder's answer begins."""
    return number - rows.source if rows.source and number >= rows.source else number + 1


def numbered(rows: WrittenRows, number: int) -> str:
    """A token and which one it is."""
    part = "" if not rows.source else " of the text" if number < rows.source else " of the answer"
    return f"‘{token_name(rows.tokens[number])}’ (token {place_of(rows, number)}{part})"


class AnswerStrip(TokenStrip):
    """The tokens of a prompt and an answer; a click on one of the answer's tells its step.

    The answer of a model with an encoder and a decoder begins a line of its own.

    Signals:
        picked: The step whose token was clicked.
        keyed: A key (a QKeyEvent) that is the view's to act on.
    """

    picked = Signal(int)
    keyed = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        font = QFont(self.font())
        font.setPixelSize(FONT_TITLE)
        self.setFont(font)
        self._rows: WrittenRows | None = None
        self._step = 0
        self._weights = np.zeros(0)
        self._seen = np.zeros(0, bool)
        self._hidden = np.zeros(0, bool)
        self._top = 1.0

    def show_step(
        self,
        rows: WrittenRows,
        step: int,
        weights: NDArray[np.float64],
        seen: NDArray[np.bool_],
        hidden: NDArray[np.bool_],
    ) -> None:
        """Shade the tokens by what a step looked at.

        Args:
            rows: The text and its steps.
            step: Which step.
            weights: Of each token that had been read.
            seen: Which of them could be seen.
            hidden: bool, as long as the text: tokens that are not shaded, and do not count for the strongest colour.
        """
        self._rows, self._step, self._weights, self._seen, self._hidden = rows, step, weights, seen, hidden
        shown = weights[~hidden[: len(weights)]]
        self._top = (float(shown.max()) if shown.size else 0.0) or 1.0
        self.breaks = {rows.source: _APART} if rows.source else {}
        if rows.tokens == self.tokens:
            self.update()
        else:
            self.show_tokens(rows.tokens, rows.special)
        self.setAccessibleDescription(", ".join(self.words(i) for i in range(len(weights))))

    def share(self, number: int) -> float:
        """How strong a token's colour is, from 0 to 1: the square root of its share of the largest weight shown."""
        if number >= len(self._weights) or self._hidden[number]:
            return 0.0
        return float(np.sqrt(min(1.0, self._weights[number] / self._top)))

    def hidden_of(self, count: int) -> NDArray[np.bool_]:
        """Which of the first tokens are not shaded."""
        return self._hidden[:count]

    def words(self, number: int) -> str:
        """What a token says when it is pointed at."""
        rows = self._rows
        if rows is None:
            return ""
        name = numbered(rows, number)
        if number < len(self._weights):
            if not self._seen[number] and rows.source:
                return self.tr("{0}: its weight is in the other row").format(name)
            if not self._seen[number]:
                return self.tr("{0}: not seen; it lies before the window of what is looked at").format(name)
            hidden = self.tr(", not coloured") if self._hidden[number] else ""
            return self.tr("{0}: weight {1}{2}").format(name, f"{self._weights[number]:.4f}", hidden)
        written = percent(float(rows.probabilities[number - rows.prompt]))
        if number == rows.reads(self._step):
            return self.tr("{0}: written in this step, with probability {1}").format(name, written)
        return self.tr("{0}: written later, with probability {1}").format(name, written)

    def _foreign(self, number: int) -> bool:
        """Whether a token was read, but belongs to the other of a decoder's two rows."""
        return bool(self._rows and self._rows.source) and not self._seen[number]

    def _draw(self, painter: QPainter, palette: Palette, i: int, token: str, place: QRectF) -> None:
        rows = self._rows
        if rows is None:
            return
        now, read = i == rows.reads(self._step), i < len(self._weights)
        ground, text = palette.colour("surface"), palette.colour("text")
        if read and not self._hidden[i]:
            red, green, blue = colour_table(palette)[round(255 * self.share(i))].tolist()
            ground = QColor(red, green, blue)
            text = readable_on(ground.rgba())
        edge = QPen(palette.colour("line"), 1)
        if read and self._foreign(i):
            edge, ground, text = QPen(Qt.PenStyle.NoPen), palette.colour("surface"), palette.colour("muted")
        elif read and (self._hidden[i] or not self._seen[i]):
            edge.setStyle(Qt.PenStyle.DashLine)
            text = palette.colour("muted")
        elif not read and not now:
            edge, text = QPen(Qt.PenStyle.NoPen), palette.colour("muted")
        if now:
            edge = QPen(palette.colour("accent"), 2)
        elif i == self.marked:
            edge = QPen(palette.colour("text"), 1.5)
        painter.setPen(edge)
        painter.setBrush(ground)
        painter.drawRoundedRect(place, RADIUS_SMALL - 2, RADIUS_SMALL - 2)
        painter.setPen(text)
        inside = place.adjusted(3, 0, -3, 0)
        name = self.fontMetrics().elidedText(
            token_name(token), Qt.TextElideMode.ElideRight, int(inside.width()) + 1
        )
        painter.drawText(inside, Qt.AlignmentFlag.AlignCenter, name)
        if i >= rows.prompt:  # the answer is underlined, which is seen without colours too
            painter.setPen(QPen(palette.colour("accent"), 2))
            y = place.bottom() + 2
            painter.drawLine(int(place.left()) + 1, int(y), int(place.right()) - 1, int(y))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a token of the answer goes to its step."""
        number = self.at(event.position().x(), event.position().y())
        if self._rows is not None and number >= self._rows.prompt:
            self.picked.emit(number - self._rows.prompt)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys go through the steps; the scroll area around this would keep them."""
        self.keyed.emit(event)
