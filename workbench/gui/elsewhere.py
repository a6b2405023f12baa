"""The selected run while another process trains it: its curves come in live, and it is read-only here.

Such a run is one of this home, or a guest: a run folder somewhere else, or `host:/path/run` over SSH.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.run.folder import RunFolder, RunStatus, RunSummary, glance, sparkline
from workbench.run.history import History
from workbench.run.problem import Problem
from workbench.session.following import Following, News, remote_place
from workbench.session.lanes import Ticket

if TYPE_CHECKING:
    from workbench.gui.workspace import Workspace

GLANCE_MS = 3000


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
        #: The lines of the runs that are not of this home, by their names: where they are.
        self.guests: dict[str, RunSummary] = {}
        self._seen: frozenset[tuple[str, bool]] | None = None
        self._glance: Ticket | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(GLANCE_MS)
        self._timer.timeout.connect(self._look_around)
        workspace.runs_changed.connect(self._look)
        workspace.selection_changed.connect(self._look)
        workspace.active_changed.connect(self._look)

    def watch(self, on: bool) -> None:
        """Notice runs that begin or end elsewhere, or do not."""
        self._timer.start() if on else self._timer.stop()

    def _look_around(self) -> None:
        if self._glance is not None and not self._glance.over:
            return
        session = self._workspace.session

        def arrived(seen: frozenset[tuple[str, bool]]) -> None:
            changed, self._seen = self._seen not in (None, seen), seen
            if changed:
                self._workspace.refresh_runs()

        self._glance = session.files.submit(
            lambda desk: glance(session.home), done=arrived, failed=lambda problem: None
        )

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
            self._begin(wanted)
        self.changed.emit()

    def invite(self, where: str) -> None:
        """Show a run that is not of this home.

        Args:
            where: A run folder, or `host:/path/run`.
        """
        workspace = self._workspace
        folder = None if remote_place(where) else Path(where).expanduser().resolve()
        name = str(folder) if folder else where
        if folder and folder.parent == workspace.session.home.runs:
            name = folder.name
        else:
            self._show_guest(name, History(), "running")
        workspace.select(name)
        workspace.page_wanted.emit("train")

    def let_go(self, name: str) -> None:
        """Show a guest no longer; the run itself is left alone."""
        workspace = self._workspace
        self.guests.pop(name, None)
        workspace.runs = tuple(run for run in workspace.runs if run.name != name)
        workspace.set_overlays([other for other in workspace.overlays if other != name])
        if workspace.selected == name:
            workspace.select(None)
        workspace.refresh_runs()

    def _show_guest(self, name: str, history: History, status: RunStatus) -> None:
        workspace = self._workspace
        self.guests[name] = _summary(name, history, status)
        workspace.runs = (
            *(run for run in workspace.runs if run.name not in self.guests),
            *self.guests.values(),
        )
        workspace.runs_changed.emit()

    def _begin(self, name: str) -> None:
        remote = remote_place(name) if name in self.guests else None
        folder = RunFolder(self._workspace.session.home.runs / name)  # a guest's name is a whole path
        self.name = name
        self.worker = (
            self.tr("a process on {0}").format(remote[0].rpartition("@")[2]) if remote else folder.worker()
        )
        token: list[Following] = []  # news of a run that was let go of may still lie in the mailbox

        def current(act: Callable[[], None]) -> None:
            if token and token[0] is self._following:
                act()

        self._fresh = True
        self._following = self._workspace.session.follow(
            name if remote else folder,
            lambda news: current(lambda: self._heard(name, news)),
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
            if name in self.guests and not self.guests[name].total_steps:
                self._show_guest(name, workspace.histories[name], "running")
        if news.over:
            if name in self.guests:
                self._show_guest(name, workspace.histories.get(name) or History(), news.status)
            self._over()

    def _failed(self, problem: Problem) -> None:
        name = self.name
        if name in self.guests and not self._workspace.histories.get(name or ""):
            self.let_go(name or "")
        elif name in self.guests:
            self._show_guest(name or "", self._workspace.histories[name or ""], "interrupted")
        self._over()
        self._workspace.problem_raised.emit(problem)

    def _over(self) -> None:
        self.stop()
        self._workspace.refresh_runs()
        self.changed.emit()

    def stop(self) -> None:
        """Follow nothing any more. Runs that begin elsewhere are still noticed, while `watch` is on."""
        if self._following:
            self._following.stop()
        self._following, self.name = None, None


def _summary(name: str, history: History, status: RunStatus) -> RunSummary:
    """The shelf's line of a guest, from its events alone."""
    started, best, ended = history.started, history.best_evaluation, history.ended
    return RunSummary(
        name=name,
        folder=Path(name),
        title=name.replace("\\", "/").rpartition("/")[2] or name,
        status=status,
        task=started.task if started else "",
        model=started.model if started else "",
        data=name,
        created=history.first_time or time.time(),
        steps=history.step,
        total_steps=started.total_steps if started else 0,
        seconds=ended.seconds if ended else 0.0,
        score=history.score,
        metrics=dict(best.metrics) if best else {},
        spark=sparkline(history),
        resumable=False,
        problem=ended.problem if ended else None,
    )
