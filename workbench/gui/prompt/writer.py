"""The conversation with a language model: prompts, their answers as they are written, and the prompt box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.examples import PROMPTS, ExamplesButton
from workbench.gui.prompt.inspector import Inspector
from workbench.gui.prompt.settings import SettingsForm
from workbench.gui.prompt.turn import Turn
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    GhostButton,
    PrimaryButton,
    explain_widget,
    scrolled,
)
from workbench.gui.workspace import Workspace
from workbench.run.problem import Problem
from workbench.run.results import Generated, GeneratedToken
from workbench.session.lanes import Ticket
from workbench.session.prompting import ChoicesRequest, look_at_choices
from workbench.session.requests import GenerationRequest

_HINT = "Ctrl+Enter sends. Each prompt stands alone: the model does not see earlier ones."
#: Answers side by side, as many as leave each a readable column.
_COLUMN = 280
_SETTINGS = 232


class PromptBox(QPlainTextEdit):
    """Where the prompt is written; Ctrl+Enter sends."""

    sent = Signal()

    def __init__(self, placeholder: str, name: str) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setTabChangesFocus(True)
        explain_widget(self, "", name, placeholder)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * 3 + 20)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter begins a new line, with Ctrl it sends."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.sent.emit()
        else:
            super().keyPressEvent(event)


class Writer(QWidget):
    """Conversation, prompt box and settings for one language model at a time; `begun` tells of each prompt."""

    begun = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._model, self._title = "", ""
        self._ticket: Ticket | None = None
        self.turns: list[Turn] = []
        self.box = PromptBox(
            self.tr("Ask a question, or begin a text that the model continues"), self.tr("Prompt")
        )
        self.send = PrimaryButton(self.tr("Send"), "send", help=self.tr("Ctrl+Enter"), on_click=self.begin)
        self.stop = GhostButton(
            self.tr("Stop"), "stop", help=self.tr("Keeps what is written so far."), on_click=self.halt
        )
        self.clear = GhostButton(
            self.tr("Clear"),
            help=self.tr("Remove all prompts and answers from the page."),
            on_click=self.wipe,
        )
        self.examples = ExamplesButton(workspace, PROMPTS, self.box.setPlainText, rows=False)
        self.hint = ElidedLabel(self.tr(_HINT), "caption")
        self.form = SettingsForm()
        self.inspector = Inspector()
        self._looked: tuple[Turn, int, int] | None = None
        self._look: Ticket | None = None
        self.empty = EmptyState(
            "prompt",
            self.tr("Write a prompt"),
            self.tr(
                "The answer appears here, token by token. An instruction model answers questions; a model trained"
                " on a text of yours continues in its manner."
            ),
        )
        self._lay_out()
        self.box.sent.connect(self.begin)
        self.box.textChanged.connect(lambda: self.hint.setText(self.tr(_HINT)))
        self.form.shading.connect(self._shade)
        self.inspector.closed.connect(self.close_inspector)
        self.inspector.stepped.connect(self._step)
        self.inspector.taken.connect(self._branch)
        self._busy(False)

    def _lay_out(self) -> None:
        self.transcript = QVBoxLayout()
        self.transcript.setContentsMargins(0, 0, 0, 0)
        self.transcript.addStretch(1)
        holder = QWidget()
        holder.setLayout(self.transcript)
        self.area = scrolled(holder)
        self.area.verticalScrollBar().rangeChanged.connect(self._stay_at_end)
        self._at_end = True
        self.area.verticalScrollBar().valueChanged.connect(self._moved)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.area)
        talk = Card()
        talk.body.addWidget(self.stack, 1)
        talk.add(self.box)
        foot = QHBoxLayout()
        foot.addWidget(self.hint, 1)
        for button in (self.clear, self.examples, self.stop, self.send):
            foot.addWidget(button)
        talk.body.addLayout(foot)
        settings = Card(self.tr("Settings"))
        settings.add(scrolled(self.form), 1)
        self.side = QStackedWidget()
        self.side.addWidget(settings)
        self.side.addWidget(self.inspector)
        self.side.setFixedWidth(_SETTINGS)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(talk, 1)
        layout.addWidget(self.side)

    def _columns(self) -> int:
        return (self.width() - _SETTINGS - 4 * MEDIUM) // _COLUMN

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many answers side by side as the width allows."""
        super().resizeEvent(event)
        for turn in self.turns:
            turn.arrange(self._columns())

    # ---- what is asked

    def use(self, model: str, title: str) -> None:
        """Ask this model from now on; an answer being written is stopped."""
        if model != self._model:
            self.halt()
        self._model, self._title = model, title

    def begin(self) -> None:
        """Send the prompt, unless it is empty or an answer is being written."""
        prompt = self.box.toPlainText().strip()
        if self._ticket is not None:
            return
        if not prompt:
            self.hint.setText(self.tr("Write something first: a question, or the beginning of a text."))
            self.box.setFocus()
            return
        self.box.clear()
        self._ask(self._title, GenerationRequest(self._model, prompt, self.form.settings))

    def _ask(self, title: str, request: GenerationRequest, begun: Sequence[GeneratedToken] = ()) -> None:
        turn = Turn(title, request, self.form.shade.isChecked())
        turn.picked.connect(lambda answer, index: self.inspect(turn, answer, index))
        for token in begun:
            turn.add(token)
        turn.arrange(self._columns())
        self.turns.append(turn)
        self.transcript.insertWidget(self.transcript.count() - 1, turn)
        self.stack.setCurrentWidget(self.area)
        self._at_end = True
        self._busy(True)
        self.begun.emit()

        def token(value: object) -> None:
            # Tokens that were on their way when the person stopped are not written any more.
            if self._ticket is not None and turn is self.turns[-1]:
                turn.add(value) if isinstance(value, GeneratedToken) else turn.say(str(value))

        def done(answers: tuple[Generated, ...]) -> None:
            self._over()
            turn.finish(answers)

        def failed(problem: Problem) -> None:
            self._over()
            turn.say(f"{problem.title} {problem.remedy}".strip())
            self._workspace.problem_raised.emit(problem)

        self._ticket = self._workspace.session.generate(request, token, done, failed)

    def halt(self) -> None:
        """Stop writing; what is there stays."""
        if self._ticket is not None:
            self._ticket.cancel()
            self._over()
            self.turns[-1].finish(())

    def wipe(self) -> None:
        """Remove all turns."""
        self.halt()
        self.close_inspector()
        for turn in self.turns:
            self.transcript.removeWidget(turn)
            turn.deleteLater()
        self.turns.clear()
        self.stack.setCurrentWidget(self.empty)
        self._busy(False)

    # ---- a closer look at one token

    def inspect(self, turn: Turn, answer: int, index: int) -> None:
        """Show what else could have stood in the place of a token."""
        self.close_inspector()
        self._looked = turn, answer, index
        text = turn.answers[answer].text
        text.mark(index)
        self.inspector.wait()
        self.side.setCurrentWidget(self.inspector)
        written = tuple(token.id for token in text.written())
        self.inspector.before.setEnabled(index > 0)
        self.inspector.after.setEnabled(index + 1 < len(written))
        self._look = self._workspace.session.look_inside(
            look_at_choices,
            ChoicesRequest(turn.asked, written[: index + 1], index),
            self.inspector.show_choices,
            self.inspector.complain,
        )

    def close_inspector(self) -> None:
        """Show the settings again."""
        if self._look is not None:
            self._look.cancel()
        if self._looked is not None:
            turn, answer, _ = self._looked
            turn.answers[answer].text.mark(None)
        self._look = self._looked = None
        self.side.setCurrentIndex(0)

    def _step(self, by: int) -> None:
        if self._looked is not None:
            turn, answer, index = self._looked
            self.inspect(turn, answer, index + by)

    def _branch(self, token: int, words: str) -> None:
        """Answer again, the same up to the shown token, and with this one in its place."""
        if self._looked is None or self._ticket is not None:
            return
        turn, answer, index = self._looked
        found = self.inspector.found
        chance = 0.0
        if found is not None:
            chance = float(found.other_after[0][found.other[0].tolist().index(token)])
        kept = [replace(old, answer=0) for old in turn.answers[answer].text.written()[:index]]
        begun = [*kept, GeneratedToken(token, words, chance)]
        settings = turn.asked.settings
        alone = settings.model_copy(update={"seed": settings.seed + answer, "answers": 1})
        request = replace(turn.asked, settings=alone, begun=tuple(old.id for old in begun))
        self.close_inspector()
        title = self.tr("{0}, with another token {1}").format(self._title, index + 1)
        self._ask(title, request, begun)

    def _over(self) -> None:
        self._ticket = None
        self._busy(False)

    def _busy(self, busy: bool) -> None:
        self.send.setVisible(not busy)
        self.stop.setVisible(busy)
        self.clear.setEnabled(bool(self.turns))

    def _shade(self, on: bool) -> None:
        for turn in self.turns:
            for answer in turn.answers:
                answer.text.shade(on)

    # ---- the newest token stays in sight, unless the person has scrolled up

    def _moved(self, value: int) -> None:
        self._at_end = value >= self.area.verticalScrollBar().maximum() - 4

    def _stay_at_end(self, _: int, maximum: int) -> None:
        if self._at_end:
            self.area.verticalScrollBar().setValue(maximum)
