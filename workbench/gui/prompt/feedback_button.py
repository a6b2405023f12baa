"""A button that opens what was said of answers as data: good answers for chat tuning, pairs for preference tuning."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMenu

from workbench.gui.widgets import GhostButton
from workbench.gui.workspace import Workspace
from workbench.run.recipe import Recipe
from workbench.session.feedback import Feedback, feedback_folder


class FeedbackButton(GhostButton):
    """Opens a menu with the feedback's data sets."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(
            "Feedback",
            help="Open the answers you rated as a data set: thumbs up, thumbs down, and better ones.",
        )
        self._workspace = workspace
        menu = QMenu(self)
        self.good = menu.addAction(self.tr("Good answers, for chat tuning"))
        self.pairs = menu.addAction(self.tr("Better and worse answers, for preference tuning"))
        menu.addSeparator()
        self.folder = menu.addAction(self.tr("Show the folder"))
        found = Feedback(feedback_folder(workspace.session.home), 0, 0, 0)
        self.good.triggered.connect(lambda: self._open(found.chat_file, "chat"))
        self.pairs.triggered.connect(lambda: self._open(found.pair_file, "preference"))
        self.folder.triggered.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(found.folder))))
        self._found = found
        menu.aboutToShow.connect(self.refresh)
        self.setMenu(menu)
        self.refresh()

    def refresh(self) -> None:
        """Offer what there is."""
        self.good.setEnabled(_filled(self._found.chat_file))
        self.pairs.setEnabled(_filled(self._found.pair_file))
        self.folder.setEnabled(self._found.folder.exists())

    def _open(self, path: Path, kind: str) -> None:
        """Take a file in hand for a task, and go to the Data page."""
        workspace = self._workspace
        workspace.choose_data(str(path))
        data = workspace.recipe.model_dump()
        data["task"]["kind"] = kind
        if data["model"]["source"] == "minilm":
            data["model"]["source"] = "smollm2"
        workspace.set_recipe(Recipe.model_validate(data))
        workspace.page_wanted.emit("data")


def _filled(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
