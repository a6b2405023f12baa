"""What the parts of the Compare page share: the runs that there are, those that are ticked, and the one pointed at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from workbench.gui.compare.columns import Column, columns_of
from workbench.gui.workspace import Workspace
from workbench.run.comparison import ComparedRun, RunTable
from workbench.run.folder import RunFolder, run_folders
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.run_notes import RunNotes, write_notes
from workbench.session.comparing_runs import compared_run
from workbench.session.lanes import Desk

#: So many runs are ticked at first.
FIRST = 8
#: A run's files that say whether it has to be read again.
_TELLING = ("journal.jsonl", "notes.json", "recipe.toml", "part-of.json", "model")

Stamp = tuple[float, ...]
Known = dict[Path, tuple[Stamp, ComparedRun]]


class Board(QObject):
    """The runs, and which of them are compared."""

    runs_changed = Signal()  # .runs
    ticked_changed = Signal()  # .ticked, .table, .columns
    notes_changed = Signal(str)  # a run's name
    pointed_changed = Signal()  # .pointed

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.runs: tuple[ComparedRun, ...] = ()
        self.ticked: frozenset[str] = frozenset()
        self.table = RunTable(())
        self.columns: tuple[Column, ...] = columns_of(self.table)
        #: The name of the run that a picture or the table points at; empty for none.
        self.pointed = ""

    def show(self, runs: Iterable[ComparedRun]) -> None:
        """Take over the runs; ticks stay, and at first the newest are ticked."""
        first, before = not self.runs, (self.ticked, self.table)
        self.runs = tuple(runs)
        names = {run.name for run in self.runs}
        kept = self.ticked & names
        if first and not kept:
            kept = frozenset(run.name for run in self.runs[:FIRST])
        self._settle(kept)
        self.runs_changed.emit()
        if (self.ticked, self.table) != before:
            self.ticked_changed.emit()

    def tick(self, names: Iterable[str]) -> None:
        """Compare these."""
        wanted = frozenset(names)
        if self.runs:
            wanted &= {run.name for run in self.runs}
        if wanted != self.ticked:
            self._settle(wanted)
            self.ticked_changed.emit()

    def toggle(self, name: str) -> None:
        """Compare a run, or do not any more."""
        self.tick(self.ticked ^ {name})

    def point(self, name: str) -> None:
        """Point at a run; an empty name at none."""
        if name != self.pointed:
            self.pointed = name
            self.pointed_changed.emit()

    def run(self, name: str) -> ComparedRun | None:
        """A run by its name."""
        return next((run for run in self.runs if run.name == name), None)

    def colour(self, name: str) -> int:
        """The number of a ticked run's colour in the series; the oldest has the first."""
        names = [run.name for run in reversed(self.table.runs)]
        return names.index(name) if name in names else 0

    def write(self, name: str, notes: RunNotes) -> None:
        """Keep what the person wrote about a run; it shows at once."""
        run = self.run(name)
        if run is None or run.notes == notes:
            return
        self.runs = tuple(replace(one, notes=notes) if one.name == name else one for one in self.runs)
        self._settle(self.ticked)
        self.notes_changed.emit(name)
        folder = RunFolder(run.folder)
        self.workspace.session.files.submit(
            lambda desk: write_notes(folder, notes),
            done=lambda _: None,
            failed=self.workspace.problem_raised.emit,
        )

    def _settle(self, names: frozenset[str]) -> None:
        self.ticked = names
        self.table = RunTable(tuple(run for run in self.runs if run.name in names))
        self.columns = columns_of(self.table)


def read_runs(home: Home, known: Known, desk: Desk) -> Known:
    """All runs that can be read, the newest first; those whose files have not changed are taken from `known`."""
    found: Known = {}
    for folder in run_folders(home):
        desk.check()
        stamp = _stamp(folder.path)
        before = known.get(folder.path)
        if before is not None and before[0] == stamp:
            found[folder.path] = before
            continue
        try:
            found[folder.path] = (stamp, compared_run(home, folder))
        except WorkbenchError:
            continue  # the shelf says what is wrong with it
    return found


def _stamp(folder: Path) -> Stamp:
    times = []
    for name in _TELLING:
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            times.append(0.0)
    return tuple(times)
