"""The census of heads: what each head mostly does, by which score, over one sentence or many."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy, QSplitter, QVBoxLayout

from workbench.gui.attention.atlas_marks import name_of
from workbench.gui.attention.census_export import census_parts
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.kind_bars import KindBars
from workbench.gui.attention.kinds import KindChips, kind_colour
from workbench.gui.attention.question import Question
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.attention.view import Ask, HeadWish, View
from workbench.gui.model_choice import Choice
from workbench.gui.theme import MEDIUM, current, theme
from workbench.gui.widgets import Card, ElidedLabel, Label, Segmented, row
from workbench.gui.workspace import Workspace
from workbench.run.inside.census import Census, HeadFacts
from workbench.session.inside.census import CensusRequest, take_census
from workbench.session.requests import LIVE

_SCOPES = (
    ("sentence", "This sentence", "", "What the heads do in the sentence above."),
    (
        "twice",
        "Sentence twice",
        "",
        "The sentence, and then the same once more: what repeats itself shows heads that look for repetition "
        "(same token, induction).",
    ),
    (
        "examples",
        "Held-out examples",
        "",
        "The mean over 40 held-out examples of the chosen model's run: says more than one sentence can.",
    ),
)
_HEADINGS = (
    Heading("Head"),
    Heading("Kind", "The kind whose score is furthest above its threshold."),
    Heading("Score", "Mostly the share of attention that goes to places of this kind, 0 to 1.", number=True),
    Heading("Next", "The kind that comes next, and its score.", wide=True),
    Heading("Entropy", "How widely attention is spread, in nats; 0 is one token alone.", number=True),
    Heading("Distance", "How far away the tokens are that a token looks at, in tokens.", number=True),
    Heading("Offset", "The same with its sign: −1 is the token before, +1 the token after.", number=True),
)


class CensusView(View):
    """Counts by layer at the left, every head in a table at the right; a click opens the head."""

    invitation = "Or pick an example. You will see what each head mostly does, and by which score."

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.census: Census | None = None
        self._text = self._model = ""
        self.scope = Segmented(_SCOPES, self.tr("Read in"))
        self.told = ElidedLabel("", "muted")
        self.bars = KindBars()
        self.chips = KindChips()
        self.table = RowsTable(
            _HEADINGS,
            self.tr("Heads and their kinds"),
            self.tr("Every head. Click a heading to sort, a row to open the head."),
        )
        self._lay_out()
        self.scope.chosen.connect(lambda _: self.ask())
        self.chips.changed.connect(self._fill)
        self.table.opened.connect(self._open)
        theme().changed.connect(self._fill)

    def _lay_out(self) -> None:
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.setSpacing(MEDIUM)
        caption = Label(self.tr("Read"), "caption")
        caption.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        layout.insertWidget(0, row(caption, self.scope, self.told, spacing=MEDIUM))
        counts = Card(self.tr("Kinds by layer"))
        counts.add(self.chips)
        counts.add(self.bars, 1)
        self.heads = Card(self.tr("Heads"))
        self.export = ExportButton(self.tr("Census"), lambda: self._model, self.parts, self.workspace)
        self.heads.add_action(self.export)
        self.heads.add(self.table, 1)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setHandleWidth(MEDIUM)
        halves.setChildrenCollapsible(False)
        halves.addWidget(counts)
        halves.addWidget(self.heads)
        halves.setSizes([1000, 3000])
        inner = QVBoxLayout(self.content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(halves)

    def wanted(self, choice: Choice, text: str) -> Ask | None:
        """A census over what is chosen; None for held-out examples of a model that has none."""
        scope, self._text, self._model = self.scope.current(), text, choice.title
        if scope == "examples":
            if not choice.run:
                return None
            request = CensusRequest(choice.model, run=choice.run)
        else:
            self._text = text if scope == "sentence" else f"{text} {text}"
            request = CensusRequest(choice.model, (self._text,))
        return Ask(take_census, request, between_steps=scope != "examples" or choice.model == LIVE)

    def say_empty(self) -> None:
        """Explain what one would see here, or why there are no examples."""
        super().say_empty()
        choice = self.question.chooser.choice()
        if choice and not choice.run and hasattr(self, "scope") and self.scope.current() == "examples":
            self.empty.say(
                self.tr("This model has no held-out examples"),
                self.tr(
                    "They belong to a run. Choose a run or one of its checkpoints above, or read a sentence."
                ),
                "attention",
            )

    def show_answer(self, answer: Census) -> None:
        """Show the counts and the table."""
        self.census = answer
        self.told.setText(
            self.tr("{0} sentences, {1} tokens. A click on a head opens it.").format(
                answer.texts, answer.tokens
            )
            if answer.texts > 1
            else self.tr("{0} tokens. A click on a head opens it.").format(answer.tokens)
        )
        self.bars.show_census(answer)
        self.chips.show_census(answer)
        self._fill()

    def forget(self) -> None:
        """There is no census."""
        self.census = None
        self.told.setText("")

    def parts(self) -> list[Part]:
        """What can be exported: the counts as a picture, every head as a table and as arrays."""
        if self.census is None:
            return []
        return census_parts(self.census, self._model, self.font())

    def _fill(self) -> None:
        if self.census is None:
            return
        chosen = self.chips.chosen()
        facts = [each for each in self.census.heads() if not chosen or each.kind.key in chosen]
        self.table.show_rows([_row(each) for each in facts])

    def _open(self, facts: HeadFacts) -> None:
        text = "" if self.scope.current() == "examples" else self._text
        self.head_wanted.emit(HeadWish(facts.layer, facts.head, text))


def _row(facts: HeadFacts) -> Row:
    named = facts.kind.key != "other"
    measures = ((facts.entropy, 2), (facts.distance, 1), (facts.offset, 1))
    return Row(
        (
            Cell(name_of(facts.layer, facts.head), 10_000 * facts.layer + facts.head),
            Cell(facts.kind.title, colour=kind_colour(facts.kind.key, current())),
            Cell(f"{facts.score:.2f}" if named else "", facts.score if named else math.nan),
            Cell(f"{facts.runner_up.title} {facts.runner_up_score:.2f}", facts.runner_up_score),
            *(Cell("" if math.isnan(value) else f"{value:.{digits}f}", value) for value, digits in measures),
        ),
        facts,
    )
