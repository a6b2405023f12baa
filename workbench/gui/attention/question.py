"""What is asked on the Attention page: the sentence, the model, and whether to follow the training."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLineEdit

from workbench.gui.examples import SENTENCES, ExamplesButton
from workbench.gui.model_choice import PICTURES, ModelChooser
from workbench.gui.theme import SMALL
from workbench.gui.widgets import Card, ElidedLabel, GhostButton, explain_widget, show_if
from workbench.gui.workspace import Workspace
from workbench.session.requests import LIVE

#: Files that are taken for pictures.
_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
_PATTERNS = " ".join(f"*{suffix}" for suffix in _SUFFIXES)


def picture_in(data: QMimeData) -> str:
    """The first picture file of what is dragged; empty where there is none."""
    files = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    return next((file for file in files if file.lower().endswith(_SUFFIXES)), "")


class Question(Card):
    """The sentence, or the picture, and the model.

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
        self._picture = ""
        self.picture_name = ElidedLabel(self.tr("No picture yet: choose one, or drop it here."), "muted")
        self.picture_button = GhostButton(
            self.tr("Choose a picture…"),
            "folder",
            help=self.tr("A PNG or JPEG file. It can also be dropped here."),
            on_click=self.choose_picture,
        )
        self.setAcceptDrops(True)
        self._lay_out()
        self.chooser.chosen.connect(self._offer_follow)
        self.chooser.chosen.connect(self._offer_picture)
        workspace.active_changed.connect(self._offer_follow)
        self._offer_follow()
        self._offer_picture()

    def text(self) -> str:
        """The sentence without white space around it."""
        return self.line.text().strip()

    def set_text(self, text: str) -> None:
        """Take a sentence and ask about it."""
        self.line.setText(text)
        self.asked.emit()

    def picture(self) -> str:
        """The picture's file; empty while there is none."""
        return self._picture

    def set_picture(self, path: str) -> None:
        """Take a picture and ask about it."""
        self._picture = path
        self.picture_name.setText(Path(path).name)
        self.picture_name.setToolTip(path)
        self.asked.emit()

    def choose_picture(self) -> None:
        """Let the person choose a file."""
        path, _ = QFileDialog.getOpenFileName(
            self, self.tr("Choose a picture"), self._picture, self.tr("Pictures ({0})").format(_PATTERNS)
        )
        if path:
            self.set_picture(path)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A picture may be dropped where a model can read it."""
        if self._reads_pictures() and picture_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take a picture."""
        if path := picture_in(event.mimeData()):
            event.acceptProposedAction()
            self.set_picture(path)

    def _reads_pictures(self) -> bool:
        choice = self.chooser.choice()
        return choice is not None and choice.task == PICTURES

    def _offer_picture(self) -> None:
        """Ask for a picture where the model reads pictures, for a sentence elsewhere."""
        pictures = self._reads_pictures()
        show_if(self.picture_name, pictures)
        show_if(self.picture_button, pictures)
        show_if(self.line, not pictures)
        show_if(self.examples, not pictures)

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
        line.addWidget(self.picture_name, 3)
        line.addWidget(self.examples)
        line.addWidget(self.picture_button)
        line.addWidget(self.chooser, 2)
        line.addWidget(self.follow)
        self.body.addLayout(line)
