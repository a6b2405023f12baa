"""A pasted text under one language model or two: how probable each token is, and what tuning changed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.attention.token_strip import ScoreLegend
from workbench.gui.examples import SENTENCES, ExamplesButton
from workbench.gui.model_choice import LANGUAGE_MODEL, Choice, ModelChooser
from workbench.gui.prompt.box import PromptBox
from workbench.gui.prompt.scored_parts import ScoredList, ScoredNumbers
from workbench.gui.prompt.scored_strip import ScoredStrip
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    Label,
    PrimaryButton,
    Segmented,
    column,
    explain_widget,
    scrolled,
    show_if,
)
from workbench.gui.workspace import Workspace
from workbench.run.inside.perplexity import ScoredText
from workbench.run.problem import Problem
from workbench.session.inside.perplexity import ScoreRequest, score
from workbench.session.lanes import Ticket

#: Pixels below which the list stands below the text, and the fewest for either.
_BESIDE, _NARROW = 720, 480
_HINT = "Point at a token, or go to it with the arrow keys, to read its probability."


def _writes(choice: Choice) -> bool:
    return choice.task == LANGUAGE_MODEL


class ScoredView(QWidget):
    """The text above, and what its model is compared with; below it the tokens, and those that differ most."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._ticket: Ticket | None = None
        self.found: ScoredText | None = None
        self._decided = False  # whether the person has said if there is to be a second model
        self.box = PromptBox(self.tr("Paste a text that a model is to read"), self.tr("Text"))
        self.examples = ExamplesButton(workspace, SENTENCES, self._take)
        self.first: Choice | None = None
        self.other = ModelChooser(workspace, _writes)
        self.compare = QCheckBox(self.tr("Compare with"))
        explain_widget(
            self.compare,
            self.tr("Let a second model read the text too, such as the one from which a run began."),
            self.tr("Compare with another model"),
        )
        self.read = PrimaryButton(
            self.tr("Read"), help=self.tr("Ask how probable each token is (Ctrl+Enter)."), on_click=self.ask
        )
        self.hint = ElidedLabel("", "caption")
        self.which = Segmented(
            [
                ("gain", self.tr("Difference"), "", self.tr("Which model foresees each token better.")),
                ("first", self.tr("First model"), "", self.tr("How improbable each token was for it.")),
                ("other", self.tr("Second model"), "", self.tr("How improbable each token was for it.")),
            ],
            self.tr("Colours"),
        )
        self.which.setProperty("dense", True)  # it fits beside the title in a narrow window
        self.legend = ScoreLegend()
        self.strip = ScoredStrip(self.tr("The text, token by token"))
        self.pointed = ElidedLabel(self.tr(_HINT), "muted")
        self.note = Label("", "caption", wrap=True)
        self.numbers, self.listed = ScoredNumbers(), ScoredList()
        self.empty = EmptyState("prompt", self.tr("Paste a text"), " ")
        self._lay_out()
        self._connect()
        self._offer()
        self._say_empty()

    # ---- shape

    def _lay_out(self) -> None:
        asked = Card()
        asked.add(self.box)
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(self.compare)
        line.addWidget(self.other, 1)
        line.addWidget(self.examples)
        line.addWidget(self.read)
        asked.body.addLayout(line)
        asked.add(self.hint)
        self.hint.hide()
        tokens = Card(self.tr("Token by token"))
        tokens.add_action(self.which)
        self.area = scrolled(column(self.strip, None))
        tokens.add(self.numbers)
        tokens.add(self.legend)
        tokens.add(self.area, 1)
        tokens.add(self.pointed)
        tokens.add(self.note)
        halves = self._halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setMinimumWidth(_NARROW)
        halves.setHandleWidth(MEDIUM)
        halves.setChildrenCollapsible(False)
        halves.addWidget(tokens)
        halves.addWidget(self.listed)
        halves.setSizes([1300, 700])  # shares, not pixels
        self.stack = QStackedWidget()
        nothing = Card()
        nothing.add(self.empty, 1)
        self.stack.addWidget(nothing)
        self.stack.addWidget(halves)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(asked)
        layout.addWidget(self.stack, 1)
        self.other.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The list comes below the text where there is no room beside it."""
        super().resizeEvent(event)
        beside = self.width() >= _BESIDE
        self._halves.setOrientation(Qt.Orientation.Horizontal if beside else Qt.Orientation.Vertical)

    def _connect(self) -> None:
        self.box.sent.connect(self.ask)
        self.compare.toggled.connect(self.other.setEnabled)
        self.compare.toggled.connect(lambda _: self._again())
        self.compare.clicked.connect(self._decide)
        self.other.chosen.connect(self._again)
        self.which.chosen.connect(lambda _: self._redraw())
        self.strip.pointed.connect(self._point)
        self.listed.wanted.connect(self._find)
        for signal in (self._workspace.shelf_changed, self._workspace.runs_changed):
            signal.connect(self._offer)

    def use(self, choice: Choice) -> None:
        """Ask this model from now on."""
        if choice != self.first:
            self.first = choice
            self._offer()
            self._again()

    def _decide(self) -> None:
        self._decided = True

    def _offer(self) -> None:
        """Compare a run with what is no run, and the other way round: what did tuning change?"""
        first = self.first
        if first is not None and not self.other.picked_by_person:
            others = [
                choice for choice in self.other.choices() if choice.ready and choice.model != first.model
            ]
            likely = sorted(others, key=lambda choice: bool(choice.run) == bool(first.run))
            if likely:
                self.other.offer(likely[0].model)
            if not self._decided:
                self.compare.setChecked(bool(likely and first.run))
        self.other.setEnabled(self.compare.isChecked())

    def _say_empty(self) -> None:
        self.empty.say(
            self.tr("Paste a text"),
            self.tr(
                "You will see how probable each of its tokens is for a language model; and with a second one, such"
                " as the model that a run began with, what tuning changed."
            ),
            "prompt",
        )

    # ---- asking

    def _take(self, text: str) -> None:
        self.box.setPlainText(text)
        self.ask()

    def _again(self) -> None:
        if self.found is not None:
            self.ask()

    def ask(self) -> None:
        """Ask about the text; an older question is dropped."""
        if self._ticket is not None:
            self._ticket.cancel()
            self._ticket = None
        text, first = self.box.toPlainText().strip(), self.first
        other = self.other.choice() if self.compare.isChecked() else None
        if not text:
            self._hint(self.tr("Paste a text first."))
            return
        if first is None:
            self._hint(self.tr("There is no language model yet: train a run, or set one up."))
            return
        for choice in (first, other):
            if choice is not None and not choice.ready:
                words = self.tr("{0} has to be set up first: choose it under Model above.")
                self._hint(words.format(choice.title))
                return
        self._hint(self.tr("Reading…"))
        request = ScoreRequest(first.model, text, other.model if other else "")
        self._ticket = self._workspace.session.look_inside(
            score,
            request,
            self._arrived,
            self._failed,
            lambda said: self._hint(str(said)),
            between_steps=True,
        )

    def _hint(self, words: str) -> None:
        self.hint.setText(words)
        show_if(self.hint, bool(words))

    def _arrived(self, found: ScoredText) -> None:
        self._ticket, self.found = None, found
        self._hint("")
        both = found.other is not None
        show_if(self.which, both)
        show_if(self.listed, True)
        self.which.choose("gain" if found.gain is not None else "first")
        self.numbers.show_text(found)
        self._say_notes(found)
        self.stack.setCurrentIndex(1)
        self._redraw()

    def _failed(self, problem: Problem) -> None:
        self._ticket = self.found = None
        self._hint("")
        self.empty.say(problem.title, f"{problem.cause} {problem.remedy}".strip(), "alert")
        self.stack.setCurrentIndex(0)

    # ---- drawing

    def _say_notes(self, found: ScoredText) -> None:
        notes = [f"{s.model}: {s.note}" for s in (found.first, found.other) if s is not None and s.note]
        if found.other is not None and not found.same_tokens:
            notes.append(
                self.tr(
                    "The two models read different tokens, which cannot be compared one by one: compare the bits"
                    " per character, which do not depend on them."
                )
            )
        self.note.setText(" ".join(notes))
        show_if(self.note, bool(notes))

    def _redraw(self) -> None:
        found = self.found
        if found is None:
            return
        which = self.which.current() if found.other is not None else "first"
        if which == "gain" and found.gain is None:
            which = "first"
        self.strip.show_text(found, which)
        if which == "gain":
            assert found.other is not None
            top = f"{self.strip.top:.2g}"
            self.legend.show_scale(
                self.tr("{0} better (−{1} nats)").format(_short(found.other.model), top),
                self.tr("{0} better (+{1})").format(_short(found.first.model), top),
            )
        else:
            self.legend.show_scale(self.tr("expected"), self.tr("surprising"), 0.0)
        self.listed.show_text(found, self.strip.shown)
        self._point(-1)

    def _point(self, number: int) -> None:
        self.strip.mark(number)
        self.pointed.setText(self.strip.words(number) if number >= 0 else self.tr(_HINT))

    def _find(self, number: int) -> None:
        place = self.strip.place(number)
        self.area.ensureVisible(int(place.left()), int(place.center().y()), 0, 60)
        self._point(number)


def _short(name: str, most: int = 18) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


if __name__ == "__main__":
    from workbench.gui.preview import preview

    preview(ScoredView)
