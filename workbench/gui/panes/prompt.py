"""The Prompt page: try a language model, one that reads texts, or one that fills gaps, from the shelf or one's own."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.model_choice import CLASSIFIER, LANGUAGE_MODEL, MASKED, Choice, ModelChooser
from workbench.gui.model_setup import ModelSetup
from workbench.gui.prompt.batch import Batch
from workbench.gui.prompt.classifier import Classifier
from workbench.gui.prompt.filling import Filling
from workbench.gui.prompt.learning import Learning
from workbench.gui.prompt.scored_view import ScoredView
from workbench.gui.prompt.writer import Writer
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import Card, ElidedLabel, EmptyState, FoldingSwitch, GhostButton, Label, show_if
from workbench.gui.workspace import Workspace
from workbench.session.prompting import MOST_MODELS

_ABOUT = {
    CLASSIFIER: "A classifier: puts a text into one of its classes.",
    "multi-label": "Gives a text all of its labels that fit.",
    "regression": "Reads a number off a text.",
    "token-classification": "Marks words in a text.",
    MASKED: "A masked language model: fills gaps in a text.",
    LANGUAGE_MODEL: "A language model: answers, or continues what you write.",
}


def _can_be_tried(choice: Choice) -> bool:
    return choice.task in _ABOUT


class PromptPane(QWidget):
    """The model above; below it what suits it: conversations, a table of prompts, what it answered while it learned,
    classes with probabilities, words for gaps, or its set-up."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.workspace = workspace
        self.chooser = ModelChooser(workspace, _can_be_tried)
        self.about = ElidedLabel("", "muted")
        self.writer = Writer(workspace)
        self.batch = Batch(workspace, self.writer.columns, lambda: self.writer.form.settings)
        self.scored = ScoredView(workspace)
        self.learning = Learning(workspace)
        self.classifier = Classifier(workspace)
        self.filling = Filling(workspace)
        self.setup = ModelSetup(workspace)
        self.empty = EmptyState(
            "prompt",
            self.tr("No model to try yet"),
            self.tr("Train a run and it appears here, or set up a language model from the shelf."),
        )
        self.add = GhostButton(
            self.tr("Add a model"),
            "plus",
            help=self.tr("Ask up to four models the same prompt with the same seed, side by side."),
            on_click=self._add_model,
        )
        self.views = FoldingSwitch(
            (
                ("talk", self.tr("Talk"), "", self.tr("Write a prompt and see the answers.")),
                ("batch", self.tr("Table"), "", self.tr("Answer every prompt of a file.")),
                (
                    "scored",
                    self.tr("Read a text"),
                    "",
                    self.tr("How probable a text of yours is, token by token, for one model or two."),
                ),
                (
                    "learning",
                    self.tr("Learning"),
                    "",
                    self.tr(
                        "What a run's model answered to pinned prompts, from its first step to its last."
                    ),
                ),
            ),
            self.tr("View"),
        )
        self._lay_out()
        self.chooser.chosen.connect(self._model_chosen)
        # Otherwise a run that starts would take the page away from a conversation.
        self.writer.begun.connect(self.chooser.hold)
        self.writer.columns.changed.connect(self._arrange)
        self.views.chosen.connect(lambda _: self._model_chosen())
        self._model_chosen()

    def _lay_out(self) -> None:
        self.stack = QStackedWidget()
        for page in (
            self.writer,
            self.batch,
            self.scored,
            self.learning,
            self.classifier,
            self.filling,
            self.setup,
            self.empty,
        ):
            self.stack.addWidget(page)
        head = Card()
        line = self._line = QHBoxLayout()
        line.setSpacing(MEDIUM)
        self.caption = Label(self.tr("Model"), "caption")
        line.addWidget(self.caption)
        line.addWidget(self.chooser, 1)
        line.addWidget(self.about, 1)
        line.addWidget(self.add)
        line.addWidget(self.views)
        head.body.addLayout(line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(head)
        layout.addWidget(self.stack, 1)

    def show_view(self, key: str) -> None:
        """Go to "talk", "batch", "scored" or "learning"."""
        self.views.choose(key)
        self._model_chosen()

    def _add_model(self) -> None:
        self.views.choose("talk")
        self._model_chosen()
        self.writer.columns.add()

    def _model_chosen(self) -> None:
        choice = self.chooser.choice()
        if choice is None:
            self.stack.setCurrentWidget(self.empty)
        elif not choice.ready:
            self.setup.explain(choice.model)
            self.stack.setCurrentWidget(self.setup)
        elif choice.task != LANGUAGE_MODEL:
            self.writer.halt()
            page = self.filling if choice.task == MASKED else self.classifier
            page.use(choice.model)
            self.stack.setCurrentWidget(page)
        else:
            self.writer.use(choice)
            self.scored.use(choice)
            self.learning.use(choice)
            pages = {
                "talk": self.writer,
                "batch": self.batch,
                "scored": self.scored,
                "learning": self.learning,
            }
            self.stack.setCurrentWidget(pages[self.views.current()])
        self._arrange()

    def _arrange(self) -> None:
        """The list of models stands above, or over its own column where there are several."""
        choice, columns = self.chooser.choice(), self.writer.columns
        writes = choice is not None and choice.ready and choice.task == LANGUAGE_MODEL
        lent = columns.several and self.stack.currentWidget() is self.writer
        if lent:
            columns.first.line.insertWidget(0, self.chooser, 1)
        else:
            self._line.insertWidget(1, self.chooser, 1)
        show_if(self.add, writes)
        self.add.setEnabled(not columns.full)
        show_if(self.views, writes)
        self.caption.setText(
            self.tr("{0} of {1} models side by side").format(len(columns.columns), MOST_MODELS)
            if lent
            else self.tr("Model")
        )
        # The views take the room that a sentence about a language model would need.
        self.about.setText(self.tr(_ABOUT[choice.task]) if choice else "")
        show_if(self.about, not writes)
        self._line.setStretchFactor(self.caption, 1 if lent else 0)


if __name__ == "__main__":
    from workbench.gui.preview import preview

    preview(PromptPane)
