"""“Fix and train again”: a button that appears where the data of a run was corrected since it was trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data.suggest import counted
from workbench.gui.widgets import GhostButton, explain_widget
from workbench.run.folder import RunFolder, RunSummary
from workbench.session.lanes import Ticket

if TYPE_CHECKING:
    from workbench.gui.workspace import Workspace


class AgainButton(GhostButton):
    """Goes on from the selected run's model with the edits by hand of the data in hand."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(self.tr("Fix and train again"), "resume", on_click=self._start)
        self._workspace = workspace
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
        run = workspace.summary(workspace.selected or "")
        edits = workspace.recipe.data.patch
        self._asked = (run.name if run else "", edits)
        if self._ticket:
            self._ticket.cancel()
            self._ticket = None
        if run is None or not self._possible(run) or not Path(edits).expanduser().is_file():
            self.hide()
            return
        asked = self._asked
        self._ticket = workspace.session.count_corrections(
            RunFolder(run.folder), Path(edits).expanduser(), lambda count: self._counted(asked, count),
            lambda problem: self.hide(),
        )  # fmt: skip

    def _possible(self, run: RunSummary) -> bool:
        workspace = self._workspace
        return (
            bool(workspace.recipe.data.patch)
            and workspace.active is None
            and run.status in ("finished", "stopped")
            and _same(run.data, workspace.recipe.data.train)
            and (run.folder / "model" / "config.json").is_file()
        )

    def _counted(self, asked: tuple[str, str], count: int) -> None:
        self._ticket = None
        if asked != self._asked:
            return
        told = self.tr(
            "{0} corrected since this run. Go on from its model with them; the same rows stay held out, so that the "
            "two runs can be compared row by row."
        ).format(counted(count, "row"))
        explain_widget(self, told, self.text())
        self.setVisible(count > 0)

    def _start(self) -> None:
        name, edits = self._asked
        self._workspace.train_again(name, edits)


def _same(one: str, other: str) -> bool:
    """Whether two recipes name the same data."""
    return one == other or Path(one).expanduser().absolute() == Path(other).expanduser().absolute()
