"""The numbers of a text that models have read, and its tokens in the order of what is remarkable about them."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from workbench.gui.attention.labels import token_name
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.attention.token_strip import signed
from workbench.gui.prompt.scored_strip import said
from workbench.gui.theme import LARGE
from workbench.gui.widgets import Card, ElidedLabel, Label
from workbench.run.inside.perplexity import ScoredText, TokenScores

#: So many tokens are listed.
_LISTED = 40
#: Below this width, in pixels, there is no room for both probabilities, nor for what stands before a token.
_NARROW = 360
#: What stands before a token has about so many letters.
_LETTERS = 8


class ScoredNumbers(QWidget):
    """Perplexity, bits per character and the number of tokens, a line for each model."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(LARGE)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)

    def show_text(self, found: ScoredText) -> None:
        """Show those of one model or of two."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        heads = ("", self.tr("perplexity"), self.tr("bits per character"), self.tr("tokens"))
        for place, text in enumerate(heads):
            self._put(Label(text, "caption"), 0, place)
        for line, scores in enumerate(filter(None, (found.first, found.other)), 1):
            self._put(ElidedLabel(scores.model, "section"), line, 0)
            numbers = (
                f"{scores.perplexity:.4g}",
                f"{scores.bits_per_character:.3f}",
                f"{len(scores.tokens)}",
            )
            for place, text in enumerate(numbers, 1):
                self._put(Label(text), line, place)

    def _put(self, label: Label, line: int, place: int) -> None:
        if place:
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(label, line, place)


class ScoredList(Card):
    """The tokens that changed most between two models, or surprised one most; `wanted` tells which is clicked."""

    wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__(self.tr("Changed most"))
        self._found: ScoredText | None = None
        self._shown: TokenScores | None = None
        self.table = RowsTable(
            (
                Heading(
                    self.tr("Token"), self.tr("With what stands before it, where there is room."), wide=True
                ),
                Heading(self.tr("First"), self.tr("Its probability for the first model."), number=True),
                Heading(self.tr("Second"), self.tr("Its probability for the second model."), number=True),
                Heading(self.tr("Nats"), self.tr("By how much the first foresees it better."), number=True),
            ),
            self.tr("Tokens"),
            self.tr("Click one to find it in the text."),
        )
        self.table.opened.connect(lambda number: self.wanted.emit(number))
        self.add(self.table, 1)
        self.setMinimumWidth(220)

    def show_text(self, found: ScoredText, shown: TokenScores) -> None:
        """List the tokens of a text; where the two models cannot be compared, those of `shown`."""
        self._found, self._shown = found, shown
        self._list()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fewer columns where it is narrow."""
        super().resizeEvent(event)
        if (event.oldSize().width() < _NARROW) != (event.size().width() < _NARROW):
            self._list()

    def _list(self) -> None:
        found, shown = self._found, self._shown
        if found is None or shown is None:
            return
        gain, narrow = found.gain, self.width() < _NARROW
        self.title.setText(self.tr("Changed most") if gain is not None else self.tr("Most surprising"))
        self.table.setColumnHidden(1, gain is not None and narrow)
        self.table.setColumnHidden(2, gain is None or narrow)
        self.table.setColumnHidden(3, gain is None)
        order = np.argsort(-np.abs(gain[1:])) if gain is not None else np.argsort(shown.log_probability[1:])
        rows = []
        for number in (int(place) + 1 for place in order[:_LISTED]):
            name = token_name(shown.words[number])
            both = (found.first, found.other) if gain is not None else (shown, None)
            cells = [
                Cell(name if narrow else self._in_place(shown, number, name)),
                *(_probability(scores, number) for scores in both),
                Cell(signed(f"{gain[number]:.2f}"), float(gain[number])) if gain is not None else Cell(""),
            ]
            rows.append(Row(tuple(cells), number))
        self.table.show_rows(rows)

    def _in_place(self, scores: TokenScores, number: int, name: str) -> str:
        """A token, and the one before it, or a few where they are short."""
        before = scores.words[number - 1]
        for earlier in reversed(scores.words[max(0, number - 4) : number - 1]):
            if len(earlier) + len(before) > _LETTERS:
                break
            before = earlier + before
        before = before.replace("\n", "⏎").strip() or "␣"
        return self.tr("{0}  after {1}").format(name, before)


def _probability(scores: TokenScores | None, number: int) -> Cell:
    return Cell("") if scores is None else Cell(said(scores, number), float(scores.log_probability[number]))
