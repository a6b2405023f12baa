"""A prompt and its answers, as a conversation shows them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from workbench.gui.prompt.answer import Answer
from workbench.gui.theme import LARGE, MEDIUM, SMALL
from workbench.gui.widgets import Label
from workbench.run.results import Generated, GeneratedToken
from workbench.session.requests import GenerationRequest


class Turn(QWidget):
    """A prompt and its answers; `picked` tells the number of an answer, and of the token in it that was clicked."""

    picked = Signal(int, int)

    def __init__(self, model: str, asked: GenerationRequest, shaded: bool) -> None:
        super().__init__()
        self.asked = asked
        self.prompt = prompt = asked.prompt
        answers = asked.settings.answers
        self.answers = [
            Answer(self.tr("Answer {0}").format(i + 1) if answers > 1 else "", shaded) for i in range(answers)
        ]
        self.state = Label("", "caption", wrap=True)
        for number, answer in enumerate(self.answers):
            answer.text.picked.connect(lambda index, number=number: self.picked.emit(number, index))
        words = Label(prompt, "section", wrap=True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, MEDIUM, LARGE)
        layout.setSpacing(SMALL)
        layout.addWidget(Label(model, "caption"))
        layout.addWidget(words)
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
