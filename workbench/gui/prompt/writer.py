"""The conversation with a language model: prompts, their answers as they are written, and the prompt box."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.examples import PROMPTS, ExamplesButton
from workbench.gui.prompt.answer import Answer
from workbench.gui.prompt.settings import SettingsForm
from workbench.gui.theme import LARGE, MEDIUM, SMALL
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    GhostButton,
    Label,
    PrimaryButton,
    explain_widget,
    scrolled,
)
from workbench.gui.workspace import Workspace
from workbench.run.problem import Problem
from workbench.run.results import Generated, GeneratedToken
from workbench.session.lanes import Ticket
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


class Turn(QWidget):
    """A prompt and its answers."""

    def __init__(self, model: str, prompt: str, answers: int, shaded: bool) -> None:
        super().__init__()
        self.prompt = prompt
        self.answers = [
            Answer(self.tr("Answer {0}").format(i + 1) if answers > 1 else "", shaded) for i in range(answers)
        ]
        self.state = Label("", "caption", wrap=True)
        asked = Label(prompt, "section", wrap=True)
        asked.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, MEDIUM, LARGE)
        layout.setSpacing(SMALL)
        layout.addWidget(Label(model, "caption"))
        layout.addWidget(asked)
        layout.addWidget(self.state)
        self._grid = QGridLayout()
        self._grid.setSpacing(MEDIUM)
        layout.addLayout(self._grid)
        self.say(self.tr("Waiting for the model …"))
        self.arrange(2)

    def arrange(self, columns: int) -> None:
        """Place the answers side by side, as many as fit."""
        columns = max(1, min(columns, len(self.answers)))
        for index, answer in enumerate(self.answers):
            self._grid.addWidget(answer, index // columns, index % columns, Qt.AlignmentFlag.AlignTop)
        for index in range(len(self.answers)):
            self._grid.setColumnStretch(index, 1 if index < columns else 0)

    def add(self, token: GeneratedToken) -> None:
        """A token of one of the answers."""
        self.say("")
        self.answers[token.answer].add(token)

    def say(self, text: str) -> None:
        """What is going on, above the answers."""
        self.state.setText(text)
        self.state.setVisible(bool(text))

    def finish(self, whole: Sequence[Generated]) -> None:
        """All answers are there; none means that the person stopped."""
        self.say("")
        for index, answer in enumerate(self.answers):
            done = whole[index] if index < len(whole) else None
            if done is None and not answer.text.tokens:
                answer.facts.setText("not written")
            else:
                answer.finish(done)


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
        settings.setFixedWidth(_SETTINGS)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(talk, 1)
        layout.addWidget(settings)

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
        settings = self.form.settings
        turn = Turn(self._title, prompt, settings.answers, self.form.shade.isChecked())
        turn.arrange(self._columns())
        self.turns.append(turn)
        self.transcript.insertWidget(self.transcript.count() - 1, turn)
        self.stack.setCurrentWidget(self.area)
        self._at_end = True
        self.box.clear()
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

        request = GenerationRequest(self._model, prompt, settings)
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
        for turn in self.turns:
            self.transcript.removeWidget(turn)
            turn.deleteLater()
        self.turns.clear()
        self.stack.setCurrentWidget(self.empty)
        self._busy(False)

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
