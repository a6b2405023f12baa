"""The page that explains a model which is not here yet, and fetches and converts it when the person asks."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal

from workbench.gui.widgets import EmptyState
from workbench.gui.workspace import Workspace
from workbench.run.problem import Problem
from workbench.session.lanes import Ticket


class ModelSetup(EmptyState):
    """Says what a model is, how large, and under which licence; one button sets it up.

    `ready` tells the model's name once it can be used.
    """

    ready = Signal(str)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__("download", "This model is not set up yet", " ", "Set up", self.begin)
        self._workspace = workspace
        self._name = ""
        self._ticket: Ticket | None = None

    def explain(self, name: str) -> None:
        """Show the model of that name; a set-up under way goes on being shown."""
        if self._ticket is not None:
            return
        self._name = name
        entry = next((entry for entry in self._workspace.models if entry.name == name), None)
        if entry is None:
            return
        fetched = entry.state == "not converted"
        doing = (
            self.tr("It is on this machine ({0:.0f} MB) and is converted once, which takes about a minute.")
            if fetched
            else self.tr("It is fetched once ({0:.0f} MB) and converted; then it works without a network.")
        )
        licence = self.tr("Licence: {0}.").format(entry.licence) if entry.licence else ""
        words = (entry.description, doing.format(entry.megabytes), licence)
        self.say(
            self.tr("{0} is not set up yet").format(entry.title), " ".join(part for part in words if part)
        )
        self.action.setText(self.tr("Convert it") if fetched else self.tr("Fetch and convert it"))
        self.action.setEnabled(True)

    def begin(self) -> None:
        """Set the model up; the person asked for it."""
        if self._ticket is not None or not self._name:
            return
        self.action.setEnabled(False)
        self.say(self.tr("Setting up the model"), self.tr("This happens once."))
        self._ticket = self._workspace.session.prepare_model(
            self._name, self._progress, self._done, self._failed
        )

    def _progress(self, text: str) -> None:
        self.say(self.tr("Setting up the model"), text)

    def _done(self, folder: Path) -> None:
        self._ticket = None
        self._workspace.refresh_shelf()
        self.ready.emit(self._name)

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self.explain(self._name)
        self._workspace.problem_raised.emit(problem)
