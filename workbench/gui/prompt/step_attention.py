"""What one step of an answer looked at: the text so far, shaded by the weights of the row, for all heads or a layer."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QScrollArea, QVBoxLayout, QWidget

from workbench.gui.attention.answer_strip import AnswerStrip
from workbench.gui.attention.labels import token_name
from workbench.gui.probabilities import percent
from workbench.gui.theme import FONT_BODY, SMALL
from workbench.gui.widgets import Label, column, explain_widget, scrolled
from workbench.run.inside.generation import WrittenRows


class StepAttention(QWidget):
    """The row of attention with which one token was written."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: WrittenRows | None = None
        self.whose = QComboBox()
        explain_widget(
            self.whose,
            self.tr("The mean of all heads, or of the heads of one layer. The Attention page has each head."),
            self.tr("Whose attention"),
        )
        self.whose.currentIndexChanged.connect(lambda _: self._redraw())
        self.strip = AnswerStrip(self.tr("What this step looked at"))
        font = self.strip.font()
        font.setPixelSize(FONT_BODY)
        self.strip.setFont(font)
        self.strip.pointed.connect(self._pointed)
        self.words = Label("", "caption", wrap=True)
        self.area: QScrollArea = scrolled(column(self.strip, None))
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.verticalScrollBar().rangeChanged.connect(lambda low, high: self._keep_in_sight())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addWidget(self.whose)
        layout.addWidget(self.area, 1)
        layout.addWidget(self.words)
        self.wait()

    def wait(self) -> None:
        """The row is being read."""
        self.rows = None
        self.words.setText(self.tr("Reading the attention…"))

    def complain(self, words: str) -> None:
        """There is none."""
        self.area.hide()
        self.words.setText(words)

    def show_rows(self, rows: WrittenRows) -> None:
        """Show the one step that they hold."""
        layers, before = rows.weights.shape[1], self.whose.currentIndex()
        if self.whose.count() != layers + 1:
            self.whose.blockSignals(True)
            self.whose.clear()
            self.whose.addItem(self.tr("All heads"))
            self.whose.addItems([self.tr("Layer {0}").format(i + 1) for i in range(layers)])
            self.whose.setCurrentIndex(max(0, min(before, layers)))
            self.whose.blockSignals(False)
        self.rows = rows
        self.area.show()
        self._redraw()

    @property
    def layer(self) -> int | None:
        """The chosen layer; None for all."""
        at = self.whose.currentIndex()
        return at - 1 if at > 0 else None

    def _redraw(self) -> None:
        rows = self.rows
        if rows is None:
            return
        hidden = rows.special.copy()
        hidden[0] = True  # where many heads rest: it would outshine the others
        weights = rows.row(0, self.layer)
        if hidden[: len(weights)].all():
            hidden[:] = False
        self.strip.show_step(rows, 0, weights, rows.seen(0, self.layer), hidden)
        self._keep_in_sight()
        self._pointed(-1)

    def _keep_in_sight(self) -> None:
        """What was looked at most is seen."""
        if self.rows is not None:
            place = self.strip.place(self._best(self.rows))
            self.area.ensureVisible(0, int(place.center().y()), 0, 30)

    def _best(self, rows: WrittenRows) -> int:
        """Of the tokens that are coloured, the one with the largest weight."""
        weights = rows.row(0, self.layer)
        return int(np.argmax(np.where(self.strip.hidden_of(len(weights)), -1.0, weights)))

    def _pointed(self, number: int) -> None:
        rows = self.rows
        if rows is None:
            return
        self.strip.mark(number)
        if number >= 0:
            self.words.setText(self.strip.words(number))
            return
        weights = rows.row(0, self.layer)
        hidden, best = self.strip.hidden_of(len(weights)), self._best(rows)
        said = self.tr("Most at ‘{0}’ (token {1}): {2}.").format(
            token_name(rows.tokens[best]), best + 1, percent(float(weights[best]))
        )
        if hidden.any():
            gone = percent(float(weights[hidden].sum()))
            said += " " + self.tr(
                "{0} rests on the first token and special ones, which have no colour."
            ).format(gone)
        self.words.setText(said)
