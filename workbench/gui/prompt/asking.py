"""A text box whose text a model answers while one types; what it answers is for those that derive from this."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.prompt.box import PromptBox
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import Card, EmptyState, Label, row
from workbench.gui.workspace import Workspace
from workbench.run.problem import Problem
from workbench.session.lanes import Ticket
from workbench.session.requests import LIVE

TYPING_MS = 300


class Asking(QWidget):
    """The box above, and below it the last answer or what there will be."""

    def __init__(self, workspace: Workspace, box: PromptBox, empty: EmptyState) -> None:
        super().__init__()
        self._workspace = workspace
        self._model = ""
        self._ticket: Ticket | None = None
        self.box, self.empty = box, empty
        self.box.setFixedHeight(self.box.fontMetrics().lineSpacing() * 5 + 20)
        self.hint = Label("", "caption")
        self.stack = QStackedWidget()
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self.ask)
        self.box.textChanged.connect(self._typing.start)
        self.box.sent.connect(self.ask)

    def _lay_out(self, answer: QWidget, *buttons: QPushButton) -> None:
        text = Card()
        text.add(self.box)
        text.add(row(self.hint, None, *buttons))
        self.answer = answer
        self.stack.addWidget(self.empty)
        self.stack.addWidget(answer)
        result = Card()
        result.body.addWidget(self.stack)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(text)
        layout.addWidget(result, 1)

    def use(self, model: str) -> None:
        """Ask this model from now on."""
        if model != self._model:
            self._model = model
            self.ask()

    def ask(self) -> None:
        """Ask about the text; an older question is dropped."""
        self._typing.stop()
        if self._ticket is not None:
            self._ticket.cancel()
            self._ticket = None
        text = self.box.toPlainText().strip()
        missing = self._missing(text)
        if missing is not None or not self._model:
            self.hint.setText(missing or "")
            self.stack.setCurrentWidget(self.empty)
            return
        self.hint.setText(self.tr("Reading…"))
        self._ticket = self._put(text)

    def _missing(self, text: str) -> str | None:
        """What the text lacks, in words that may be empty; None where it can be asked about."""
        return None if text else ""

    def _put(self, text: str) -> Ticket:
        raise NotImplementedError

    def _show(self, answer: Any) -> str:
        """Show the answer; returns what is to be said of it."""
        raise NotImplementedError

    def _arrived(self, answer: Any) -> None:
        self._ticket = None
        self.hint.setText(self._show(answer))
        self.stack.setCurrentWidget(self.answer)

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self.hint.setText(problem.title)
        if self._model == LIVE and self._workspace.session.active is None:
            return  # the training ended before it could answer; the page turns to its run and asks again
        self._workspace.problem_raised.emit(problem)
