"""What is asked on the Attention page: the sentence, the model, and whether to follow the training."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit

from workbench.gui.examples import SENTENCES, ExamplesButton
from workbench.gui.model_choice import ModelChooser
from workbench.gui.theme import SMALL
from workbench.gui.widgets import Card, explain_widget
from workbench.gui.workspace import Workspace
from workbench.session.requests import LIVE


class Question(Card):
    """The sentence and the model.

    Signals:
        edited: The text changes while typing.
        asked: Enter was pressed, an example picked, or another model chosen.
    """

    edited = Signal()
    asked = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.line = QLineEdit(SENTENCES[0])
        self.line.setClearButtonEnabled(True)
        self.line.setPlaceholderText(self.tr("Type a sentence to look into"))
        explain_widget(
            self.line,
            self.tr("The text that the model reads. The maps follow as you type."),
            self.tr("Sentence"),
        )
        self.line.textEdited.connect(lambda text: self.edited.emit())
        self.line.returnPressed.connect(self.asked)
        self.examples = ExamplesButton(workspace, SENTENCES, self.set_text)
        self.chooser = ModelChooser(workspace)
        self.chooser.chosen.connect(self.asked)
        self.follow = QCheckBox(self.tr("Follow the training"))
        self.follow.setChecked(True)
        explain_widget(
            self.follow,
            self.tr("Ask the model in training again and again, between its steps."),
            self.tr("Follow"),
        )
        self._lay_out()
        self.chooser.chosen.connect(self._offer_follow)
        workspace.active_changed.connect(self._offer_follow)
        self._offer_follow()

    def text(self) -> str:
        """The sentence without white space around it."""
        return self.line.text().strip()

    def set_text(self, text: str) -> None:
        """Take a sentence and ask about it."""
        self.line.setText(text)
        self.asked.emit()

    def is_live(self) -> bool:
        """Whether the model in training is asked."""
        choice = self.chooser.choice()
        return choice is not None and choice.model == LIVE

    def _offer_follow(self) -> None:
        self.follow.setVisible(self.is_live())

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(self.line, 3)
        line.addWidget(self.examples)
        line.addWidget(self.chooser, 2)
        line.addWidget(self.follow)
        self.body.addLayout(line)
