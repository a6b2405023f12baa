"""Which words made the prediction: five methods over the text, and a test that says which of them to believe."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QSplitter, QVBoxLayout

from workbench.gui.attention.agreement import Agreement
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.labels import token_name
from workbench.gui.attention.method_rows import MethodRows, Swatch
from workbench.gui.attention.options import captioned
from workbench.gui.attention.plate import Plate, plate
from workbench.gui.attention.question import Question
from workbench.gui.attention.token_strip import ScoreLegend
from workbench.gui.attention.view import Ask, View
from workbench.gui.model_choice import Choice
from workbench.gui.probabilities import percent
from workbench.gui.small_plot import Drawn, SmallPlot
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    Label,
    Segmented,
    column,
    explain_widget,
    row,
    scrolled,
)
from workbench.gui.workspace import Workspace
from workbench.run.inside.explanation import (
    METHODS,
    Explanation,
    correlations,
    method_named,
    verdict,
    whole_words,
)
from workbench.run.inside.tables import deletion_table, scores_table
from workbench.session.inside.explain import ExplainRequest, explain

_HINT = "Point at a token to read its scores."
_TESTING = "Once all methods are there, tokens are removed in the order of their scores."
#: The random orders have the colour after those of the methods.
_CHANCE = len(METHODS)


@dataclass(frozen=True, slots=True)
class _Target:
    """What is asked to be explained, and for which model and text that holds (text "" for every one)."""

    number: int
    model: str
    text: str


class ExplainView(View):
    """Strips of all methods at the left; the deletion test and the agreement of the methods at the right."""

    alarms = False  # a single word, or an encoder without classes, is no mishap
    invitation = (
        "Or pick an example. You will see which words made the prediction, by five methods side by side."
    )

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.found: Explanation | None = None
        self._wish: _Target | None = None
        self._asked: tuple[str, str] = ("", "")
        self.target = QComboBox()
        explain_widget(
            self.target,
            self.tr(
                "Which prediction is explained: for a classifier one of its classes, for a language model what comes "
                "next, or a token of the text, which is then explained by what stands before it."
            ),
            self.tr("Explain"),
        )
        self.target.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.target.setMinimumContentsLength(18)
        self.pieces = Segmented(
            [
                ("tokens", self.tr("Tokens"), "", self.tr("Every piece that the model reads by itself.")),
                (
                    "words",
                    self.tr("Words"),
                    "",
                    self.tr("Sub-words merged: the scores of a word's pieces are summed."),
                ),
            ],
            self.tr("Pieces"),
        )
        self.rows = MethodRows()
        self.hint = ElidedLabel(self.tr(_HINT), "muted")
        self.facts = ElidedLabel("", "caption")
        self.sentence = Label(self.tr(_TESTING), wrap=True)
        self.plot = SmallPlot(self.tr("Probability while tokens are removed"))
        self.agreement = Agreement()
        self._lay_out()
        self.target.activated.connect(self._choose_target)
        self.pieces.chosen.connect(lambda key: self._redraw())

    # ---- shape

    def _lay_out(self) -> None:
        controls = QHBoxLayout()
        controls.setSpacing(MEDIUM)
        top = Qt.AlignmentFlag.AlignTop
        controls.addWidget(captioned(self.tr("Explain"), self.target), 1, top)
        controls.addWidget(captioned(self.tr("Pieces"), self.pieces), 0, top)
        controls.addWidget(captioned(self.tr("Each row has its own strongest colour"), ScoreLegend()), 1, top)
        self.card = Card(self.tr("What each token did"))
        self.export = ExportButton(
            self.tr("What made the prediction"),
            lambda: self.found.model if self.found else "",
            self.parts,
            self.workspace,
        )
        self.card.add_action(self.export)
        self.card.add(self.facts)
        self.card.add(scrolled(self.rows), 1)
        self.card.add(self.hint)
        test = Card(self.tr("Which method is faithful here?"))
        test.add(self.sentence)
        test.add(self.plot, 1)
        test.add(
            row(
                Swatch(_CHANCE),
                Label(self.tr("random orders; the other colours as at the left"), "caption"),
                None,
            )
        )
        agree = Card(self.tr("Do the methods agree?"))
        agree.add(self.agreement)
        agree.add(
            Label(
                self.tr("Rank correlation (Spearman): 1 is the same order, 0 none, −1 the reverse."),
                "caption",
                wrap=True,
            )
        )
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setHandleWidth(MEDIUM)
        halves.setChildrenCollapsible(False)
        halves.addWidget(self.card)
        right = column(test, agree, spacing=MEDIUM)
        agree.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        halves.addWidget(right)
        halves.setStretchFactor(0, 3)
        halves.setStretchFactor(1, 2)
        halves.setSizes([1200, 800])  # shares, not pixels
        layout = QVBoxLayout(self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addLayout(controls)
        layout.addWidget(halves, 1)

    # ---- asking

    def wanted(self, choice: Choice, text: str) -> Ask:
        """The scores of the sentence. A target that was chosen for another model or text is dropped."""
        wish = self._wish
        if wish is not None and (wish.model != choice.model or wish.text not in ("", text)):
            self._wish = wish = None
        self._asked = (choice.model, text)
        return Ask(explain, ExplainRequest(choice.model, text, wish.number if wish else None), in_slices=True)

    def show_progress(self, value: Explanation) -> None:
        """Show the methods that are there already."""
        self.show_answer(value)
        self.stack.setCurrentWidget(self.content)

    def show_answer(self, answer: Explanation) -> None:
        """Show the scores, and the test when it was made."""
        self.found = answer
        self._fill_targets(answer)
        self._redraw()

    def forget(self) -> None:
        """There is no explanation."""
        self.found = None

    def _fill_targets(self, found: Explanation) -> None:
        wish = self._wish
        best = self.tr("The next token") if found.language else self.tr("The most probable class")
        rows = [(best if wish else f"{best}: {token_name(found.target[1])}", -1)]
        for number, name in found.choices:
            rows.append(
                (self.tr("Token {0}: {1}").format(number + 1, name) if found.language else name, number)
            )
        self.target.clear()
        for words, number in rows:
            self.target.addItem(words, number)
        self.target.setCurrentIndex(max(0, self.target.findData(wish.number)) if wish else 0)

    def _choose_target(self) -> None:
        number = int(self.target.currentData())
        model, text = self._asked
        language = self.found is not None and self.found.language
        self._wish = _Target(number, model, text if language else "") if number >= 0 else None
        self.ask()

    # ---- drawing

    def _redraw(self) -> None:
        found = self.found
        if found is None:
            return
        self.rows.show_found(whole_words(found) if self.pieces.current() == "words" else found)
        self.facts.setText(self._facts(found))
        shown = [(number, method) for number, method in enumerate(METHODS) if found.of(method.key)]
        names = [(self.tr(method.short), number) for number, method in shown]
        self.agreement.show_values(names, correlations(found))
        self._draw_test(found)

    def _facts(self, found: Explanation) -> str:
        step = "" if found.step is None or "step" in found.model else f", step {found.step}"
        what = self.tr("Next token") if found.language else self.tr("Class")
        name = token_name(found.target[1])
        parts = [f"{what} ‘{name}’, {percent(found.probability)}{step}."]
        if not found.predicted:
            parts.append(self.tr("The model holds something else more probable."))
        if found.special.any():
            parts.append(self.tr("Dashed: special tokens, not ranked."))
        return " ".join([*parts, found.note]).strip()

    def _draw_test(self, found: Explanation) -> None:
        test = found.test
        if test is None:
            self.sentence.setText(self.tr(_TESTING))
            self.plot.show_curves((), (0, 1, 0, 1), words=self.tr("The deletion test follows."))
            return
        self.sentence.setText(verdict(found))
        x = test.removed.astype(np.float64)
        order = {method.key: colour for colour, method in enumerate(METHODS)}
        drawn = [Drawn(x, line, _CHANCE, dots=True) for line in test.random]
        drawn.append(Drawn(x, test.random.mean(0), _CHANCE))
        drawn += [Drawn(x, curve.first, order[curve.method]) for curve in test.curves]
        top = max(float(curve.y.max()) for curve in drawn)
        low = min(float(curve.y.min()) for curve in drawn)
        # Probabilities of classes are read between 0 and 1; those of tokens can be tiny, and get their own height.
        bounds = (
            (0.0, float(x[-1]), 0.0, 1.0) if top > 0.5 else (0.0, float(x[-1]), min(0.0, low), top * 1.05)
        )
        self.plot.show_curves(drawn, bounds, self.tr("tokens removed"), reads=self._reads)

    def _reads(self, x: float) -> str:
        if self.found is None or self.found.test is None:
            return ""
        test = self.found.test
        place = int(np.abs(test.removed - x).argmin())
        values = [f"{method_named(c.method).short} {c.first[place]:.2f}" for c in test.curves]
        return f"{test.removed[place]}: " + ", ".join(
            [*values, f"{self.tr('random')} {test.random[:, place].mean():.2f}"]
        )

    # ---- handing out

    def parts(self) -> list[Part]:
        """What can be exported: the scores as they lie on the text, and the deletion test."""
        found = self.found
        if found is None:
            return []
        scores = Part(
            self.tr("Scores"), "scores", self._strips, partial(scores_table, found), partial(_arrays, found)
        )
        if found.test is None:
            return [scores]
        test = Part(self.tr("Deletion test"), "deletion-test", self._test, partial(deletion_table, found))
        return [scores, test]

    def _strips(self) -> Plate:
        assert self.found is not None
        title = self.tr("What made the prediction: {0}").format(self.found.model)
        legend = self.tr(
            "Blue speaks for the prediction, orange against it; each row has its own strongest colour."
        )
        return plate(title, self._facts(self.found), legend, self.rows, font=self.font())

    def _test(self) -> Plate:
        assert self.found is not None
        title = self.tr("Probability while tokens are removed: {0}").format(self.found.model)
        legend = self.tr("Points: random orders. Below: rank correlation of the methods (Spearman).")
        return plate(title, verdict(self.found), legend, self.plot, self.agreement, font=self.font())


def _arrays(found: Explanation) -> dict[str, Any]:
    scores = {row.method: row.scores for row in found.attributions}
    return {"tokens": np.array(found.tokens), "special": found.special, **scores}
