"""A prompt and its answers, as a conversation shows them, with its other versions."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.prompt.answer import Answer
from workbench.gui.prompt.box import PromptBox
from workbench.gui.theme import LARGE, MEDIUM, SMALL, TINY
from workbench.gui.widgets import ElidedLabel, GhostButton, IconButton, Label, PrimaryButton, row, show_if
from workbench.run.generation import GenerationSettings
from workbench.run.results import GeneratedToken
from workbench.session.conversation import Place, Version


class Turn(QWidget):
    """One version of a turn of the conversation.

    Signals:
        picked: The number of an answer, and of the token in it that is to be looked at.
        left: No token is looked at any more.
        edited: The prompt is to be another one.
        again_wanted: The prompt is to be answered anew.
        switched: Another version is to be shown: the one before (-1) or after (1).
        followed, continued, rated, attention_wanted: As an `Answer` tells, with its number.
    """

    picked = Signal(int, int)
    left = Signal()
    edited = Signal(str)
    again_wanted = Signal()
    switched = Signal(int)
    followed = Signal(int)
    continued = Signal(int)
    rated = Signal(int)
    attention_wanted = Signal(int)

    def __init__(self, place: Place, version: Version, shaded: bool) -> None:
        super().__init__()
        self.place, self.version = place, version
        several = len(version.answers) > 1
        self.answers = [
            Answer(written, self.tr("Answer {0}").format(i + 1) if several else "", shaded)
            for i, written in enumerate(version.answers)
        ]
        self.state = Label("", "caption", wrap=True)
        self._group = QButtonGroup(self)
        for number, answer in enumerate(self.answers):
            self._group.addButton(answer.follow, number)
            answer.picked.connect(lambda index, number=number: self.picked.emit(number, index))
            answer.left.connect(self.left)
            for name in ("followed", "continued", "rated", "attention_wanted"):
                getattr(answer, name).connect(
                    lambda number=number, name=name: getattr(self, name).emit(number)
                )
        self.answers[version.chosen].follow.setChecked(True)
        self._make_head()
        self._make_editor()
        self._lay_out()
        waits = not version.answer.tokens and not version.answer.ended
        self.say(self.tr("Waiting for the model…") if waits else "")
        self.arrange(2)
        self.refresh()

    def _make_head(self) -> None:
        asked = self.version.asked
        title = f"{self.version.title} · {how_asked(asked.settings)}"
        self.title = ElidedLabel(title.strip(" ·"), "caption")
        self.words = Label(asked.prompt, "section", wrap=True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.earlier = IconButton(
            "chevron-left", self.tr("Earlier version"), on_click=lambda: self.switched.emit(-1), size=24
        )
        self.count = Label("", "caption")
        self.later = IconButton(
            "chevron-right", self.tr("Later version"), on_click=lambda: self.switched.emit(1), size=24
        )
        self.again = IconButton(
            "refresh",
            self.tr("Answer again"),
            self.tr("With the present settings and a new seed. This version is kept."),
            on_click=self.again_wanted.emit,
            size=24,
        )
        self.edit = IconButton(
            "pencil",
            self.tr("Edit the prompt"),
            self.tr("Asks anew from here. This version and what follows it are kept."),
            checkable=True,
            size=24,
        )
        self.edit.toggled.connect(self._edit)

    def _make_editor(self) -> None:
        self.editor = PromptBox(self.tr("The prompt as it should be"), self.tr("Edited prompt"))
        self.ask = PrimaryButton(
            self.tr("Ask"), help=self.tr("Ask this in its place (Ctrl+Enter)."), on_click=self._send
        )
        self.cancel = GhostButton(self.tr("Cancel"), on_click=lambda: self.edit.setChecked(False))
        self.editor.sent.connect(self._send)
        self.editor.left.connect(lambda: self.edit.setChecked(False))

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, MEDIUM, LARGE)
        layout.setSpacing(SMALL)
        head = QHBoxLayout()
        head.setSpacing(TINY)
        head.addWidget(self.title, 1)
        for widget in (self.earlier, self.count, self.later, self.again, self.edit):
            head.addWidget(widget)
        layout.addLayout(head)
        layout.addWidget(self.words)
        self._editing = QWidget()
        inside = QVBoxLayout(self._editing)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(TINY)
        inside.addWidget(self.editor)
        inside.addWidget(row(None, self.cancel, self.ask))
        layout.addWidget(self._editing)
        self._editing.hide()
        layout.addWidget(self.state)
        self._grid = QGridLayout()
        self._grid.setSpacing(MEDIUM)
        layout.addLayout(self._grid)

    def arrange(self, columns: int) -> None:
        """Place the answers side by side, as many as fit."""
        columns = max(1, min(columns, len(self.answers)))
        for index, answer in enumerate(self.answers):
            self._grid.addWidget(answer, index // columns, index % columns, Qt.AlignmentFlag.AlignTop)
        for index in range(len(self.answers)):
            self._grid.setColumnStretch(index, 1 if index < columns else 0)

    def add(self, answer: int, token: GeneratedToken) -> None:
        """A token of one of the answers."""
        self.say("")
        self.answers[answer].add(token)

    def say(self, text: str) -> None:
        """What is going on, above the answers."""
        self.state.setText(text)
        show_if(self.state, bool(text))

    def finish(self) -> None:
        """All answers are there, or the person stopped."""
        self.say("")
        for answer in self.answers:
            if answer.written.ended:
                answer.finish()

    def refresh(self) -> None:
        """Which of the versions this is."""
        versions = self.place.versions
        here, count = versions.index(self.version), len(versions)
        self.count.setText(self.tr("{0} / {1}").format(here + 1, count))
        for widget in (self.earlier, self.count, self.later):
            show_if(widget, count > 1)
        self.earlier.setEnabled(here > 0)
        self.later.setEnabled(here + 1 < count)

    def focus_switch(self, by: int) -> None:
        """The keyboard goes on with the same button, or with the other one at the end."""
        buttons = (self.earlier, self.later) if by < 0 else (self.later, self.earlier)
        next(button for button in buttons if button.isEnabled()).setFocus()

    def set_busy(self, busy: bool) -> None:
        """While anything is being written, nothing else can be asked for."""
        self.again.setEnabled(not busy)
        self.edit.setEnabled(not busy)
        self.ask.setEnabled(not busy)
        for answer in self.answers:
            answer.set_busy(busy)

    def _edit(self, on: bool) -> None:
        self._editing.setVisible(on)
        self.words.setVisible(not on)
        if on:
            self.editor.setPlainText(self.version.asked.prompt)
            self.editor.setFocus()

    def _send(self) -> None:
        prompt = self.editor.toPlainText().strip()
        if prompt and self.ask.isEnabled():
            self.edit.setChecked(False)
            self.edited.emit(prompt)


def how_asked(settings: GenerationSettings) -> str:
    """The settings that determine an answer, in one line: what is not named changes nothing."""
    said = []
    if settings.beams > 1:
        said.append(f"{settings.beams} beams")
    elif settings.temperature == 0:
        said.append("always the likeliest token")
    else:
        said.append(f"temperature {settings.temperature:g}")
        said += [f"top-p {settings.top_p:g}"] if settings.top_p < 1 else []
        said += [f"top-k {settings.top_k}"] if settings.top_k else []
        said += [f"min-p {settings.min_p:g}"] if settings.min_p else []
    if settings.repetition_penalty != 1:
        said.append(f"repetition penalty {settings.repetition_penalty:g}")
    if settings.temperature > 0 and settings.beams == 1:
        said.append(f"seed {settings.seed}")
    said.append(f"at most {settings.max_new_tokens} tokens")
    return " · ".join(said)
