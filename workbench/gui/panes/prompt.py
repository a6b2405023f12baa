"""The Prompt page: try a language model or a classifier, from the shelf or one's own."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.model_choice import CLASSIFIER, LANGUAGE_MODEL, Choice, ModelChooser
from workbench.gui.model_setup import ModelSetup
from workbench.gui.prompt.classifier import Classifier
from workbench.gui.prompt.writer import Writer
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import Card, ElidedLabel, EmptyState, Label
from workbench.gui.workspace import Workspace

_ABOUT = {
    CLASSIFIER: "A classifier: puts a text into one of its classes.",
    LANGUAGE_MODEL: "A language model: answers, or continues what you write.",
}


def _can_be_tried(choice: Choice) -> bool:
    return choice.task in (CLASSIFIER, LANGUAGE_MODEL)


class PromptPane(QWidget):
    """The model above; below it what suits it: a conversation, classes with probabilities, or its set-up."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.workspace = workspace
        self.chooser = ModelChooser(workspace, _can_be_tried)
        self.about = ElidedLabel("", "muted")
        self.writer = Writer(workspace)
        self.classifier = Classifier(workspace)
        self.setup = ModelSetup(workspace)
        self.empty = EmptyState(
            "prompt",
            self.tr("No model to try yet"),
            self.tr("Train a run and it appears here, or set up a language model from the shelf."),
        )
        self.stack = QStackedWidget()
        for page in (self.writer, self.classifier, self.setup, self.empty):
            self.stack.addWidget(page)
        head = Card()
        line = QHBoxLayout()
        line.setSpacing(MEDIUM)
        line.addWidget(Label(self.tr("Model"), "caption"))
        line.addWidget(self.chooser, 1)
        line.addWidget(self.about, 1)
        head.body.addLayout(line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(head)
        layout.addWidget(self.stack, 1)
        self.chooser.chosen.connect(self._model_chosen)
        # Otherwise a run that starts would take the page away from a conversation.
        self.writer.begun.connect(self.chooser.hold)
        self._model_chosen()

    def _model_chosen(self) -> None:
        choice = self.chooser.choice()
        self.about.setText(self.tr(_ABOUT[choice.task]) if choice else "")
        if choice is None:
            self.stack.setCurrentWidget(self.empty)
        elif not choice.ready:
            self.setup.explain(choice.model)
            self.stack.setCurrentWidget(self.setup)
        elif choice.task == CLASSIFIER:
            self.writer.halt()
            self.classifier.use(choice.model)
            self.stack.setCurrentWidget(self.classifier)
        else:
            self.writer.use(choice.model, choice.title)
            self.stack.setCurrentWidget(self.writer)


if __name__ == "__main__":
    from workbench.gui.preview import preview

    preview(PromptPane)
