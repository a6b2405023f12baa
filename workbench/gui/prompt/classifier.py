"""Trying a model that reads: type a text, and its classes, labels, numbers or marks follow."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.examples import SENTENCES, ExamplesButton
from workbench.gui.probabilities import ProbabilityBars, percent
from workbench.gui.prompt.box import PromptBox
from workbench.gui.prompt.marked_text import MarkedText
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import Card, EmptyState, Label, Title, row, scrolled
from workbench.gui.workspace import Workspace
from workbench.run.problem import Problem
from workbench.run.results import Prediction
from workbench.session.lanes import Ticket
from workbench.session.requests import LIVE, PredictionRequest

TYPING_MS = 300


class Classifier(QWidget):
    """A text box, and bars that follow while typing."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._model = ""
        self._ticket: Ticket | None = None
        self.box = PromptBox(self.tr("Type a text for the model to read"), self.tr("Text"))
        self.box.setFixedHeight(self.box.fontMetrics().lineSpacing() * 5 + 20)
        self.examples = ExamplesButton(workspace, SENTENCES, self.box.setPlainText)
        self.hint = Label("", "caption")
        self.winner = Title("")
        self.marked = MarkedText()
        self.bars = ProbabilityBars(limit=40)
        self.empty = EmptyState(
            "prompt",
            self.tr("Type a text"),
            self.tr("What the model says of it appears here while you type."),
        )
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self.ask)
        self.box.textChanged.connect(self._typing.start)
        self.box.sent.connect(self.ask)
        self._lay_out()

    def _lay_out(self) -> None:
        text = Card()
        text.add(self.box)
        text.add(row(self.hint, None, self.examples))
        result = Card()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, MEDIUM, 0)
        column.addWidget(self.bars)
        column.addStretch(1)
        self._result = QWidget()
        shown = QVBoxLayout(self._result)
        shown.setContentsMargins(0, 0, 0, 0)
        shown.addWidget(self.winner)
        shown.addWidget(self.marked)
        shown.addWidget(scrolled(inside), 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._result)
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
        """Ask for the classes of the text; an older question is dropped."""
        self._typing.stop()
        if self._ticket is not None:
            self._ticket.cancel()
            self._ticket = None
        text = self.box.toPlainText().strip()
        if not text or not self._model:
            self.hint.setText("")
            self.stack.setCurrentWidget(self.empty)
            return
        self.hint.setText(self.tr("Reading …"))
        request = PredictionRequest(self._model, (text,))
        self._ticket = self._workspace.session.predict(request, self._arrived, self._failed)

    def _arrived(self, predictions: tuple[Prediction, ...]) -> None:
        self._ticket = None
        self.hint.setText("")
        self._show(predictions[0])
        self.stack.setCurrentWidget(self._result)

    def _show(self, found: Prediction) -> None:
        """What the model says, in its own kind."""
        self.marked.setVisible(found.kind == "marks")
        match found.kind:
            case "labels":
                self.winner.setText(", ".join(found.chosen) or self.tr("No label"))
                self.bars.show_rows(found.classes, found.chosen)
            case "numbers":
                self.winner.setText(", ".join(f"{name} {value:.6g}" for name, value in found.numbers))
                self.bars.show_rows(())
            case "marks":
                of = self.tr("{0} marked") if found.marks else self.tr("Nothing is marked")
                self.winner.setText(of.format(len(found.marks)))
                self.marked.show_marks(found.text, found.marks)
                words = [f"{found.text[mark.start : mark.end]} · {mark.kind}" for mark in found.marks]
                sure = [mark.probability for mark in found.marks]
                self.bars.show_rows(tuple(zip(words, sure, strict=True)), words)
            case _:
                self.winner.setText(f"{found.label}, {percent(found.classes[0][1])}")
                self.bars.show_rows(found.classes)

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self.hint.setText(problem.title)
        if self._model == LIVE and self._workspace.session.active is None:
            return  # the training ended before it could answer; the page turns to its run and asks again
        self._workspace.problem_raised.emit(problem)
