"""What a language model looks at while it writes: the tokens so far, shaded by the attention of one step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSizePolicy, QSplitter, QVBoxLayout

from workbench.gui.attention.answer_strip import AnswerStrip, numbered, place_of
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.head_tiles import HeadTiles
from workbench.gui.attention.labels import head_name, token_name
from workbench.gui.attention.options import Choices, captioned
from workbench.gui.attention.question import Question
from workbench.gui.attention.step_player import StepPlayer
from workbench.gui.attention.view import Ask, View
from workbench.gui.attention.writing_export import writing_parts
from workbench.gui.model_choice import Choice
from workbench.gui.probabilities import ProbabilityBars, percent
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import Card, ElidedLabel, GhostButton, Segmented, column, scrolled, show_if
from workbench.gui.workspace import Workspace
from workbench.run.inside.generation import STEPS, WrittenRows
from workbench.session.inside.generation import WritingRequest, watch_writing

_HINT = "Point at a token to read its weight; underlined ones are the answer, and can be clicked."
_TILES_HINT = "Click a head to see it alone."
_LENGTHS = tuple((str(n), f"{n}", "") for n in (8, STEPS, 48, 96, 128))
_SHOWN = (
    ("text", "Without the first one", "Neither the first token, where many heads rest, nor special tokens."),
    ("special", "Without special ones", "All but tokens that stand for no text."),
    ("all", "All", "Every token, also the first one, where many heads rest."),
)
_PROMPTS = (
    ("plain", "As it is", "The model continues the text."),
    ("chat", "As a chat turn", "The text is wrapped in the model's chat template, so that it is answered."),
)
_LOOKS = (
    ("cross", "Text", "", "What the decoder looks at in the text, which the encoder has read."),
    ("decoder", "Answer", "", "What the decoder looks at in what it has written so far."),
)
_ENDINGS = {
    "end": "The model ended by itself.",
    "length": "Cut at the number of tokens.",
    "person": "Stopped by you.",
}
#: So many of the tokens that were looked at most are listed.
_LISTED = 6
#: The list is left out where the view is lower than this, in pixels.
_HIGH = 600


class GenerationView(View):
    """The text and what was looked at most at the left, all heads at the right, the steps below."""

    alarms = False  # a model that cannot write is no mishap
    invitation = "Or pick an example. You will see what the model looks at for each token that it writes."

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.rows: WrittenRows | None = None
        self._model = ""
        self.length = Choices(
            self.tr("Tokens to write"), self.tr("At most so many are written."), _LENGTHS, str(STEPS)
        )
        self.prompt = Choices(
            self.tr("Prompt"), self.tr("How the text reaches the model."), _PROMPTS, "plain"
        )
        self.shown = Choices(
            self.tr("Coloured tokens"),
            self.tr("What is left out has no colour, and does not count for the strongest one."),
            _SHOWN,
            "text",
        )
        self.whose = Segmented(
            [
                ("all", self.tr("All heads"), "", self.tr("The mean of all heads of all layers.")),
                ("layer", self.tr("A layer"), "", self.tr("The mean of the heads of the chosen layer.")),
                ("head", self.tr("One head"), "", self.tr("The head that is chosen at the right.")),
            ],
            self.tr("Whose attention"),
        )
        self.look = Segmented(
            [(key, self.tr(words), icon, self.tr(help)) for key, words, icon, help in _LOOKS],
            self.tr("Looks at the"),
        )
        self.stop = GhostButton(
            self.tr("Stop"), "stop", help=self.tr("Keeps what is written so far."), on_click=self.halt
        )
        self.facts, self.hint = ElidedLabel("", "muted"), ElidedLabel(self.tr(_HINT), "muted")
        self.strip = AnswerStrip(self.tr("The text and its continuation"))
        self.tiles = HeadTiles(self.tr("Strongest weight of each head in this step"))
        self.tiles_words = ElidedLabel(self.tr(_TILES_HINT), "muted")
        self.bars = ProbabilityBars(limit=_LISTED)
        self.bars.setAccessibleName(self.tr("Most looked at"))
        self.hidden_words = ElidedLabel("", "caption")
        self.note = ElidedLabel("", "caption")
        self.player = StepPlayer()
        self._lay_out()
        self._connect()

    # ---- shape

    def _lay_out(self) -> None:
        controls = QHBoxLayout()
        controls.setSpacing(MEDIUM)
        controls.addWidget(captioned(self.length.accessibleName(), self.length), 1)
        self.prompt_part = captioned(self.prompt.accessibleName(), self.prompt)
        controls.addWidget(self.prompt_part, 1)
        controls.addWidget(captioned(self.shown.accessibleName(), self.shown), 1)
        controls.addWidget(captioned(self.tr("Whose attention"), self.whose))
        self.look_part = captioned(self.look.accessibleName(), self.look)
        controls.addWidget(self.look_part)
        self.prompt_part.hide()
        self.look_part.hide()
        self.card = Card(self.tr("What each step looked at"))
        self.card.add_action(self.stop)
        self.export = ExportButton(
            self.tr("Writing"), lambda: self.rows.model if self.rows else "", self.parts, self.workspace
        )
        self.card.add_action(self.export)
        self.stop.hide()
        self.card.add(self.facts)
        self.area: QScrollArea = scrolled(column(self.strip, None))
        self.card.add(self.area, 1)
        for words in (self.hint, self.hidden_words, self.note):
            self.card.add(words)
        heads = Card(self.tr("Strongest weight of each head"))
        heads.add(self.tiles, 1)
        heads.add(self.tiles_words)
        self.most = most = Card(self.tr("Most looked at"))
        most.add(self.bars)
        most.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setHandleWidth(MEDIUM)
        halves.setChildrenCollapsible(False)
        halves.addWidget(column(self.card, most, spacing=MEDIUM))
        halves.addWidget(heads)
        halves.setSizes([1400, 600])  # shares, not pixels
        layout = QVBoxLayout(self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addLayout(controls)
        layout.addWidget(halves, 1)
        layout.addWidget(self.player)

    def _connect(self) -> None:
        self.length.chosen.connect(self.ask)
        self.prompt.chosen.connect(self.ask)
        self.shown.chosen.connect(self._redraw)
        self.whose.chosen.connect(lambda key: self._redraw())
        self.look.chosen.connect(lambda key: self._redraw())
        self.player.moved.connect(lambda step: self._redraw())
        self.strip.pointed.connect(self._pointed)
        self.strip.keyed.connect(self.keyPressEvent)
        self.strip.picked.connect(self.player.go_to)
        self.tiles.chosen.connect(self._choose_head)
        self.tiles.hovered.connect(self._hovered)
        self.busy_changed.connect(lambda words: self.stop.setVisible(bool(words)))

    # ---- asking

    def wanted(self, choice: Choice, text: str) -> Ask:
        """The text's continuation; a model in training waits meanwhile, and writes little."""
        steps = int(self.length.current())
        steps = min(steps, STEPS) if self.question.is_live() else steps
        if choice.model != self._model:
            self.forget()
        self._model = choice.model
        request = WritingRequest(choice.model, text, steps, self.prompt.current() == "chat")
        return Ask(watch_writing, request, between_steps=steps <= STEPS)

    def write_as(self, how: str) -> None:
        """Take the text as it is ("plain"), or as a turn of a chat ("chat"), from the next question on."""
        with QSignalBlocker(self.prompt):
            self.prompt.choose(how)

    def show_progress(self, value: WrittenRows) -> None:
        """Show what is written so far."""
        self.show_answer(value)
        self.stack.setCurrentWidget(self.content)

    def show_answer(self, answer: WrittenRows) -> None:
        """Show the steps. One who stands at the newest one stays there while more come."""
        before, self.rows = self.rows, answer
        newest = before is None or self.player.step >= before.steps - 1
        self.player.show_steps(answer.steps)
        show_if(self.prompt_part, answer.template)
        show_if(self.look_part, bool(answer.source))
        if newest and not self.player.playing:
            self.player.slider.setValue(answer.steps - 1)
        self._redraw()

    def halt(self) -> None:
        """Stop writing; what is there stays."""
        self.cancel()
        if self.rows is None:
            self.say_empty()
        elif not self.rows.stopped_by:
            self.rows = replace(self.rows, stopped_by="person")
            self._redraw()

    def forget(self) -> None:
        """There is no answer."""
        self.rows = None
        self.player.pause()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is low, the text needs the room: its colours say the same as the list."""
        super().resizeEvent(event)
        self.most.setVisible(self.height() > _HIGH)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: it stands still."""
        super().hideEvent(event)
        self.player.pause()

    # ---- drawing

    def _whose(self) -> tuple[int | None, int | None]:
        """The layer and the head that are wanted; None for all."""
        layer, head = self.tiles.selection
        return {"all": (None, None), "layer": (layer, None)}.get(self.whose.current(), (layer, head))

    def _look(self, rows: WrittenRows) -> str:
        """Which of a step's rows is wanted."""
        return self.look.current() if rows.source else ""

    def _hidden(self, rows: WrittenRows) -> NDArray[np.bool_]:
        key = self.shown.current()
        hidden = rows.special.copy() if key != "all" else np.zeros(len(rows.tokens), bool)
        if key == "text":
            hidden[rows.source] = True
        return hidden

    def _redraw(self) -> None:
        rows = self.rows
        if rows is None:
            return
        step, hidden = min(self.player.step, rows.steps - 1), self._hidden(rows)
        framed = {"all": ""}.get(self.whose.current(), self.whose.current())
        look = self._look(rows)
        self.tiles.show_tiles(rows.strongest(step, hidden, look)[:, :, None, None], framed)
        layer, head = self._whose()
        weights, seen = rows.row(step, layer, head, look), rows.seen(step, layer, look)
        self.strip.show_step(rows, step, weights, seen, hidden)
        self._keep_in_sight(rows.reads(step))
        self._say_step(step, weights, hidden[: len(weights)])

    def _say_step(self, step: int, weights: NDArray[np.float64], hidden: NDArray[np.bool_]) -> None:
        rows = self.rows
        assert rows is not None
        name = token_name(rows.tokens[rows.reads(step)])
        layer, head = self._whose()
        who = self.tr("all heads together")
        if layer is not None:
            who = self.tr("Layer {0}").format(layer + 1) if head is None else head_name(layer, head)
            who = who.lower()
        place = {"cross": self.tr(" in the text"), "decoder": self.tr(" in the answer")}.get(
            self._look(rows), ""
        )
        self.facts.setText(
            self.tr("Before ‘{0}’ ({1}) was written, {2} looked{3} at:").format(
                name, percent(float(rows.probabilities[step])), who, place
            )
        )
        order = [int(i) for i in np.argsort(-weights) if not hidden[i] and weights[i] > 0][:_LISTED]
        self.bars.show_rows(
            [(f"{token_name(rows.tokens[i])}  ({place_of(rows, i)})", float(weights[i])) for i in order]
        )
        gone = float(weights[hidden].sum())
        self.hidden_words.setText(
            self.tr("{0} of the attention goes to tokens that are not coloured.").format(percent(gone))
            if hidden.any()
            else self.tr("Behind each token stands its number.")
        )
        at = "" if rows.step is None or "step" in rows.model else f", step {rows.step}"
        ending = self.tr(_ENDINGS[rows.stopped_by]) if rows.stopped_by else self.tr("Writing…")
        if (
            rows.stopped_by == "end"
            and rows.steps == 1
            and rows.template
            and self.prompt.current() == "plain"
        ):
            ending += self.tr(
                " To a whole sentence nothing is added: choose “As a chat turn” above for an answer."
            )
        size = self.tr("{0} tokens read, {1} written.").format(rows.source or rows.prompt, rows.steps)
        self.note.setText(" ".join(filter(None, (f"{rows.model}{at}.", size, ending, rows.note))))

    def _keep_in_sight(self, number: int) -> None:
        place = self.strip.place(number)
        self.area.ensureVisible(int(place.left()), int(place.bottom()), 0, 40)

    def parts(self) -> list[Part]:
        """What can be exported: this step as a picture, all steps as a table and as arrays."""
        if self.rows is None:
            return []
        words = self.facts.text(), f"{self.hidden_words.text()} {self.note.text()}"
        return writing_parts(self.rows, words, self.strip, self.tiles, self.font())

    def _choose_head(self) -> None:
        if self.whose.current() == "all":
            self.whose.choose("head")
        self._redraw()

    def _pointed(self, number: int) -> None:
        self.strip.mark(number)
        self.hint.setText(self.strip.words(number) if number >= 0 else self.tr(_HINT))

    def _hovered(self, head: tuple[int, int] | None) -> None:
        rows = self.rows
        if head is None or rows is None:
            self.tiles_words.setText(self.tr(_TILES_HINT))
            return
        weights = rows.row(min(self.player.step, rows.steps - 1), *head, self._look(rows))
        weights[self._hidden(rows)[: len(weights)]] = 0
        best = int(weights.argmax())
        words = self.tr("{0}: most at {1}, {2}").format(
            head_name(*head), numbered(rows, best), f"{weights[best]:.3f}"
        )
        self.tiles_words.setText(words if weights[best] > 0 else head_name(*head))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go token by token, Home and End to the ends, the space bar plays."""
        if not self.player.take_key(Qt.Key(event.key())):
            super().keyPressEvent(event)
