"""Starting and checking a run: a model that is not ready yet is asked about and prepared first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from workbench.gui.questions import ask_for_model
from workbench.gui.workspace import Workspace
from workbench.run.problem import Problem


class Starter(QObject):
    """Starts or checks the recipe in hand; `say` shows how far the preparation of its model is."""

    def __init__(self, window: QWidget, workspace: Workspace, say: Callable[[str], object]) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace
        self._say = say
        self._preparing = False

    def start(self) -> None:
        """Start, or ask for the model; nothing happens while a run is in work or a model is being prepared."""
        self._with_model(self._workspace.start)

    def check(self) -> None:
        """Check whether the recipe fits, or ask for the model; as for `start`."""
        self._with_model(self._workspace.checking.begin)

    def _with_model(self, begin: Callable[[], object]) -> None:
        workspace = self._workspace
        if workspace.active or workspace.complaints or self._preparing:
            return
        entry = next((m for m in workspace.models if m.name == workspace.recipe.model.source), None)
        if entry is None or entry.state == "ready":
            self._begin(begin)
        else:
            ask_for_model(self._window, entry, lambda: self._prepare(entry.name, begin))

    def _begin(self, begin: Callable[[], object]) -> None:
        begin()
        self._workspace.page_wanted.emit("train")

    def _prepare(self, model: str, begin: Callable[[], object]) -> None:
        self._preparing = True
        self._say(self.tr("Getting the model ready…"))

        def ready(_: Path) -> None:
            self._preparing = False
            self._say("")
            self._workspace.refresh_shelf()
            self._begin(begin)

        self._workspace.session.prepare_model(model, self._say, ready, self._failed)

    def _failed(self, problem: Problem) -> None:
        self._preparing = False
        self._say("")
        self._workspace.problem_raised.emit(problem)
