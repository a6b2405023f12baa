"""Finding links: which heads send one word to another, over sentences and checkpoints."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from workbench.gui.attention.atlas_marks import name_of
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.kinds import kind_colour
from workbench.gui.attention.options import Choices, captioned
from workbench.gui.attention.question import Question
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.attention.view import Ask, HeadWish, View
from workbench.gui.model_choice import Choice
from workbench.gui.theme import MEDIUM, current, theme
from workbench.gui.widgets import Card, ElidedLabel, PrimaryButton, explain_widget
from workbench.gui.workspace import Workspace
from workbench.run.inside.head_kinds import KEYS, KINDS
from workbench.run.inside.links import Found, Hit
from workbench.run.inside.tables import links_table
from workbench.session.inside.search import KEPT, MOST_TEXTS, SearchRequest, search
from workbench.session.requests import LIVE

_TEXTS = (
    ("sentence", "This sentence", "The sentence above."),
    (
        "examples",
        "Held-out examples",
        f"Up to {MOST_TEXTS} held-out examples of the model's run that have the words.",
    ),
)
_MODELS = (
    ("this", "This model", "The model chosen above."),
    (
        "all",
        "All its checkpoints",
        "Every checkpoint that is kept of the model's run: when did a head learn it?",
    ),
)
_HEADINGS = (
    Heading("Head"),
    Heading("Kind", "What the head mostly does in this sentence."),
    Heading(
        "Weight", "The share of the first word's attention that goes to the second, 0 to 1.", number=True
    ),
    Heading("From → to"),
    Heading("Sentence", wide=True),
    Heading("Model"),
)


class FindView(View):
    """Two words above, the heads that link them below; a click opens the head in its sentence and model."""

    invitation = (
        "Or pick an example. Then type the word that looks, the word that is looked at, or only one of them."
    )

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.found: Found | None = None
        self._answered_request: SearchRequest | None = None
        self._running: SearchRequest | None = None
        self.source = _word(
            self.tr("any word"), self.tr("From"), self.tr("The word that looks. Empty means any.")
        )
        self.target = _word(
            self.tr("any word"), self.tr("To"), self.tr("The word that is looked at. Empty means any.")
        )
        self.texts = Choices(self.tr("In"), self.tr("Where to search."), _TEXTS, "sentence")
        self.models = Choices(self.tr("Of"), self.tr("Which weights to search."), _MODELS, "this")
        self.go = PrimaryButton(
            self.tr("Find"), help=self.tr("Search all layers and heads."), on_click=self._go
        )
        self.told = ElidedLabel("", "muted")
        self.table = RowsTable(
            _HEADINGS,
            self.tr("Heads that link the words"),
            self.tr("The strongest first. Click a heading to sort, a row to open the head."),
        )
        self._lay_out()
        for field in (self.source, self.target):
            field.returnPressed.connect(self.ask)
        for choice in (self.texts, self.models):
            choice.chosen.connect(self._offer)
        self.busy_changed.connect(self._busy)
        self.table.opened.connect(self._open)
        theme().changed.connect(self._fill)
        self._offer()

    def _lay_out(self) -> None:
        fields = QWidget()
        line = QHBoxLayout(fields)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(MEDIUM)
        for control in (self.source, self.target, self.texts, self.models):
            line.addWidget(captioned(control.accessibleName(), control), 1)
        line.addWidget(captioned(" ", self.go))
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.setSpacing(MEDIUM)
        layout.insertWidget(0, fields)
        self.card = Card(self.tr("Heads that link the words"))
        self.export = ExportButton(self.tr("Links"), self._words, self.parts, self.workspace)
        self.card.add_action(self.export)
        self.card.add(self.told)
        self.card.add(self.table, 1)
        inner = QVBoxLayout(self.content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.card)

    # ---- asking

    def _go(self) -> None:
        if self.asking:
            self._running = None
            self.cancel()
            if self.found is None:
                self.say_empty()
        else:
            self._answered_request = None
            self.ask()

    def ask(self) -> None:
        """Search, unless just this was searched or is being searched already."""
        choice = self.question.chooser.choice()
        request = self._request(choice, self.question.text()) if choice else None
        if request is not None and self.isVisible() and self._known(request):
            self._stale = False
            return
        super().ask()

    def _known(self, request: SearchRequest) -> bool:
        if request.model == LIVE:
            return False
        return request == (self._running if self.asking else self._answered_request)

    def _request(self, choice: Choice, text: str) -> SearchRequest:
        examples, every = self.texts.current() == "examples", self.models.current() == "all"
        return SearchRequest(
            "" if every else choice.model, self.source.text().strip(), self.target.text().strip(),
            "" if examples else text, choice.run if examples or every else "", examples, every,
        )  # fmt: skip

    def wanted(self, choice: Choice, text: str) -> Ask | None:
        """The search that the fields describe; None while there is no word, or no run to search in."""
        request = self._request(choice, text)
        if not (request.source or request.target):
            return None
        if (request.held_out or request.checkpoints) and not request.run:
            return None
        self._running = request
        return Ask(search, request, between_steps=not (request.held_out or request.checkpoints))

    def say_empty(self) -> None:
        """Explain what one would see here, or what is missing."""
        super().say_empty()
        choice = self.question.chooser.choice()
        if choice is None or not hasattr(self, "models"):
            return
        if (self.texts.current() == "examples" or self.models.current() == "all") and not choice.run:
            self.empty.say(
                self.tr("This model belongs to no run"),
                self.tr("Held-out examples and checkpoints are those of a run. Choose a run above."),
                "attention",
            )
            return
        if self.question.text() or self.texts.current() == "examples":
            self.empty.say(
                self.tr("Which words?"),
                self.tr(
                    "Type the word that looks into From and the word that is looked at into To, such as not and "
                    "good, and press Enter. You will see in which heads the one looks at the other, and how much."
                ),
                "attention",
            )

    def show_progress(self, value: Found) -> None:
        """What is found so far."""
        self._show(value)
        self.stack.setCurrentWidget(self.content)

    def show_answer(self, answer: Found) -> None:
        """What was found."""
        self._answered_request, self._running = self._running, None
        self._show(answer)

    def forget(self) -> None:
        """Nothing is found."""
        self.found = self._answered_request = None

    # ---- showing

    def _show(self, found: Found) -> None:
        self.found = found
        texts = self.tr("{0} sentences").format(found.texts) if found.texts > 1 else self.tr("1 sentence")
        models = self.tr(" in {0} models").format(len(found.models)) if len(found.models) > 1 else ""
        skipped = self.tr("; {0} others do not have the words").format(found.skipped) if found.skipped else ""
        count = len(found.hits)
        hits = self.tr("the {0} strongest links") if count >= KEPT else self.tr("{0} links")
        hits = hits.format(count)
        if not found.hits:
            hits = self.tr("no head links these words, or they are not in it")
        self.told.setText(self.tr("{0}{1} read{2}: {3}.").format(texts, models, skipped, hits))
        self._fill()

    def _fill(self) -> None:
        if self.found:
            self.table.show_rows([_row(hit) for hit in self.found.hits])

    def parts(self) -> list[Part]:
        """What can be exported: the links as a table."""
        if self.found is None or not self.found.hits:
            return []
        return [Part(self.tr("Links"), "links", table=partial(links_table, self.found))]

    def _words(self) -> str:
        return " ".join(filter(None, (field.text().strip() for field in (self.source, self.target))))

    def _busy(self, words: str) -> None:
        self.go.setText(self.tr("Stop") if words else self.tr("Find"))

    def _offer(self) -> None:
        """Another place to search: said at once where it cannot be, searched where the words are there."""
        if self.source.text().strip() or self.target.text().strip():
            self.ask()
        else:
            self.say_empty()

    def _open(self, hit: Hit) -> None:
        self.head_wanted.emit(HeadWish(hit.layer, hit.head, hit.text, hit.model))


def _word(placeholder: str, name: str, help: str) -> QLineEdit:
    field = QLineEdit()
    field.setPlaceholderText(placeholder)
    field.setClearButtonEnabled(True)
    field.setMinimumWidth(60)
    explain_widget(field, help, name)
    return field


def _row(hit: Hit) -> Row:
    kind = KINDS[KEYS.index(hit.kind)]
    return Row(
        (
            Cell(name_of(hit.layer, hit.head), 10_000 * hit.layer + hit.head),
            Cell(kind.title, colour=kind_colour(hit.kind, current())),
            Cell(f"{hit.weight:.4f}", hit.weight),
            Cell(f"{hit.source} → {hit.target}"),
            Cell(hit.text),
            Cell(hit.title),
        ),
        hit,
    )
