"""“Fix and train again”, where the data of a run was corrected since; and “What changed”, once that is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data.suggest import counted
from workbench.gui.widgets import GhostButton, explain_widget, show_if
from workbench.run.folder import RunFolder, RunSummary
from workbench.run.sources import same_source
from workbench.run.target_rows import TARGETS
from workbench.run.task_kinds import has_classes
from workbench.session.lanes import Ticket

if TYPE_CHECKING:
    from workbench.gui.workspace import Workspace

_OVER = ("finished", "stopped")


class AgainButton(GhostButton):
    """Goes on from a run's model with the edits by hand of its data.

    Args:
        workspace: The state behind the window.
        run: Which run by its name, where that is not the selected one: the one whose rows are corrected beside it.
            It is asked at each `refresh`. The button then stays in its place, greyed out, until something is corrected.
    """

    def __init__(self, workspace: Workspace, run: Callable[[], str] | None = None) -> None:
        super().__init__(self.tr("Fix and train again"), "resume", on_click=self._start)
        self._workspace = workspace
        self._run = run
        self._ticket: Ticket | None = None
        self._asked: tuple[str, str] = ("", "")  # the run and the edits that are counted
        self.hide()
        for signal in (
            workspace.selection_changed, workspace.data_changed, workspace.runs_changed, workspace.active_changed
        ):  # fmt: skip
            signal.connect(self.refresh)

    def refresh(self) -> None:
        """Count what was corrected since the run, and show the button where there is something."""
        workspace = self._workspace
        run = workspace.summary(self._run() if self._run else workspace.selected or "")
        edits = workspace.mending.of(run.data) if run else ""
        self._asked = (run.name if run else "", edits)
        if self._ticket:
            self._ticket.cancel()
            self._ticket = None
        if run is None or not self._possible(run):
            self.hide()
        elif not edits or not Path(edits).expanduser().is_file():
            self._counted(self._asked, 0)
        else:
            asked = self._asked
            self._ticket = workspace.session.count_corrections(
                RunFolder(run.folder), Path(edits).expanduser(), lambda count: self._counted(asked, count),
                lambda problem: self.hide(),
            )  # fmt: skip

    def _possible(self, run: RunSummary) -> bool:
        return (
            self._workspace.active is None
            and run.status in _OVER
            and (run.folder / "model" / "config.json").is_file()
        )

    def _counted(self, asked: tuple[str, str], count: int) -> None:
        self._ticket = None
        if asked != self._asked:
            return
        run = self._workspace.summary(asked[0])
        title = run.title if run else asked[0]
        if count:
            told = self.tr(
                "{0} corrected since “{1}” was trained. Go on from its model with them; the same rows stay held out, "
                "so that the two runs can be compared row by row."
            ).format(counted(count, "row"), title)
        else:
            told = self.tr(
                "Correct labels first, here or on the Data page. Then this goes on from the model of “{0}” with them."
            ).format(title)
        explain_widget(self, told, self.text())
        self.setEnabled(count > 0)
        show_if(self, count > 0 or self._run is not None)

    def _start(self) -> None:
        name, edits = self._asked
        self._workspace.train_again(name, edits)
        self._workspace.page_wanted.emit("train")


class ChangedButton(GhostButton):
    """Compares the selected run, row by row, with the one whose model it went on from; hidden where it is another."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(
            self.tr("What changed"),
            "layers",
            help=self.tr(
                "Compare this run with the one whose model it went on from: which rows are fixed, and which are newly "
                "broken."
            ),
            on_click=self._compare,
        )
        self._workspace = workspace
        self._before: tuple[str, str] = ("", "")
        self.hide()
        for signal in (workspace.selection_changed, workspace.runs_changed, workspace.active_changed):
            signal.connect(self.refresh)

    def refresh(self) -> None:
        """Show the button for a run that is over and went on from another one on the same data."""
        workspace = self._workspace
        run = workspace.summary(workspace.selected or "")
        before = workspace.summary(run.model) if run else None
        able = (
            run is not None
            and before is not None
            and run.task == before.task
            and (has_classes(run.task) or run.task in TARGETS)
            and run.status in _OVER
            and run.name != workspace.active_name
            and same_source(run.data, before.data)
        )
        self._before = (before.name, run.name) if able and run and before else ("", "")
        show_if(self, able)

    def _compare(self) -> None:
        self._workspace.compare_wish, self._workspace.compare_rows = self._before, True
        self._workspace.page_wanted.emit("compare")
