"""Trying a classifier: type a text, and its classes follow with their probabilities."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.gui.examples import SENTENCES, ExamplesButton
from workbench.gui.probabilities import ProbabilityBars, percent
from workbench.gui.prompt.asking import Asking
from workbench.gui.prompt.box import PromptBox
from workbench.gui.prompt.marked_text import MarkedText
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import EmptyState, Title, scrolled
from workbench.gui.workspace import Workspace
from workbench.run.results import Prediction
from workbench.session.lanes import Ticket
from workbench.session.requests import PredictionRequest


class Classifier(Asking):
    """A text box, and bars that follow while typing."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(
            workspace,
            PromptBox(self.tr("Type a text for the model to read"), self.tr("Text")),
            EmptyState(
                "prompt",
                self.tr("Type a text"),
                self.tr("What the model says of it appears here while you type."),
            ),
        )
        self.examples = ExamplesButton(workspace, SENTENCES, self.box.setPlainText)
        self.winner = Title("")
        self.marked = MarkedText()
        self.bars = ProbabilityBars(limit=40)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, MEDIUM, 0)
        column.addWidget(self.bars)
        column.addStretch(1)
        found = QWidget()
        shown = QVBoxLayout(found)
        shown.setContentsMargins(0, 0, 0, 0)
        shown.addWidget(self.winner)
        shown.addWidget(self.marked)
        shown.addWidget(scrolled(inside), 1)
        self._lay_out(found, self.examples)

    def _put(self, text: str) -> Ticket:
        request = PredictionRequest(self._model, (text,))
        return self._workspace.session.predict(request, self._arrived, self._failed)

    def _show(self, answer: tuple[Prediction, ...]) -> str:
        found = answer[0]
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
        return ""
