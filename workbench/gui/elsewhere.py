"""The selected run while another window or command trains it: its curves come in live, and it is read-only here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from workbench.run.folder import RunFolder
from workbench.run.history import History
from workbench.run.problem import Problem
from workbench.session.following import Following, News

if TYPE_CHECKING:
    from workbench.gui.workspace import Workspace


class Elsewhere(QObject):
    """Follows one run at a time: the selected one, as long as somebody else works on it."""

    changed = Signal()  # .name: a run is followed now, or no longer

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._following: Following | None = None
        #: The name of the run that is followed, or None.
        self.name: str | None = None
        #: Who trains it, in words.
        self.worker = ""
        workspace.runs_changed.connect(self._look)
        workspace.selection_changed.connect(self._look)
        workspace.active_changed.connect(self._look)

    def _look(self) -> None:
        """Follow what is selected, if it is in work elsewhere; let go of anything else."""
        workspace = self._workspace
        run = workspace.summary(workspace.selected or "")
        ours = run is not None and run.name == workspace.active_name
        wanted = run.name if run is not None and run.status == "running" and not ours else None
        # The list of runs may be older than what is followed: only the run itself says when it is over.
        if wanted == self.name or (wanted is None and self.name == workspace.selected and not ours):
            return
        self.stop()
        if wanted is not None:
            self._begin(RunFolder(workspace.session.home.runs / wanted))
        self.changed.emit()

    def _begin(self, folder: RunFolder) -> None:
        self.name, self.worker = folder.name, folder.worker()
        token: list[Following] = []  # news of a run that was let go of may still lie in the mailbox

        def current(act: Callable[[], None]) -> None:
            if token and token[0] is self._following:
                act()

        self._fresh = True
        self._following = self._workspace.session.follow(
            folder,
            lambda news: current(lambda: self._heard(folder.name, news)),
            lambda problem: current(lambda: self._failed(problem)),
        )
        token.append(self._following)

    def _heard(self, name: str, news: News) -> None:
        workspace = self._workspace
        if news.events:
            if (
                self._fresh or news.anew
            ):  # they begin with the first one; what is shown stays until they are here
                workspace.histories[name] = History()
                self._fresh = False
            workspace.histories[name].fold(news.events)
            workspace.history_changed.emit(name)
        if news.over:
            self._let_go()

    def _failed(self, problem: Problem) -> None:
        self._let_go()
        self._workspace.problem_raised.emit(problem)

    def _let_go(self) -> None:
        self.stop()
        self._workspace.refresh_runs()
        self.changed.emit()

    def stop(self) -> None:
        """Follow nothing any more."""
        if self._following:
            self._following.stop()
        self._following, self.name = None, None
