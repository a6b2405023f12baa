"""Compares runs: the table of what differs and what came out, their curves, and what two of them say of each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.run.comparison import (
    ComparedCurve,
    ComparedRun,
    Leaderboard,
    RunTable,
    leaderboards,
)
from workbench.run.energy import energy_of
from workbench.run.events import Evaluated, Started, Step
from workbench.run.folder import RunFolder, find_run, run_folders
from workbench.run.history import STEP_CURVES, History
from workbench.run.home import Home
from workbench.run.journal import read_journal
from workbench.run.problem import WorkbenchError
from workbench.run.run_notes import notes_of
from workbench.run.scores import Number
from workbench.run.series import part_of
from workbench.run.sources import stem_of
from workbench.run.tallies import class_metrics
from workbench.session.held_out_print import held_out_of
from workbench.session.lanes import Desk

By = Literal["step", "epoch", "time"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """Compare runs; none named means all of a series, or all that there are."""

    runs: tuple[str, ...] = ()
    series: str = ""


@dataclass(frozen=True, slots=True)
class CurvesRequest:
    """A curve of several runs: `name` as in `History`, such as "loss" or "validation/accuracy"; `by` is the x axis."""

    runs: tuple[str, ...]
    name: str = "loss"
    by: By = "step"


def compare_runs(home: Home, request: CompareRequest, desk: Desk) -> RunTable:
    """The runs in a table; runs whose recipe cannot be read are left out, unless they were named.

    Raises:
        WorkbenchError: When one of the named runs is not there or cannot be read.
    """
    if request.runs:
        folders = list(dict.fromkeys(find_run(home, name) for name in request.runs))
    else:
        folders = [run for run in run_folders(home) if not request.series or _series(run) == request.series]
    found = []
    for folder in folders:
        desk.check()
        try:
            found.append(compared_run(home, folder))
        except WorkbenchError:
            if request.runs:
                raise
    return RunTable(tuple(found))


def best_runs(home: Home, request: CompareRequest, desk: Desk, metric: str = "") -> tuple[Leaderboard, ...]:
    """The leaderboards of these runs: one for each data set and each set of held-out rows."""
    return leaderboards(compare_runs(home, request, desk).runs, metric)


def compared_run(home: Home, folder: RunFolder) -> ComparedRun:
    """One run as a line of the table.

    Raises:
        WorkbenchError: When its recipe cannot be read.
    """
    recipe, history = folder.recipe(), folder.history()
    started, ended = history.started, history.ended
    energy = energy_of(folder.path)
    return ComparedRun(
        name=folder.name,
        folder=folder.path,
        title=recipe.name or stem_of(recipe.data.train),
        status=folder.status(history),
        recipe=recipe,
        created=history.first_time or folder.path.stat().st_mtime,
        metric=started.best_metric if started else "",
        highest_is_best=started.best_is_highest if started else True,
        scores=_scores(history),
        seconds=ended.seconds if ended else 0.0,
        energy=energy.total / 3600 if energy else None,
        size=sum(file.stat().st_size for file in folder.path.rglob("*") if file.is_file()),
        parameters=started.parameters if started else 0,
        steps=history.step,
        held_out=held_out_of(home, folder),
        held_out_rows=started.validation_rows if started else 0,
        data_fingerprint=str(folder.environment().get("data_fingerprint", "")),
        part=part_of(folder),
        notes=notes_of(folder),
    )


def compared_curves(home: Home, request: CurvesRequest, desk: Desk) -> tuple[ComparedCurve, ...]:
    """A curve of each run that has it, over steps, epochs, or minutes of work.

    Raises:
        WorkbenchError: When a run is not there.
    """
    found = []
    for name in request.runs:
        desk.check()
        folder = find_run(home, name)
        history = folder.history()
        curve = history.curve(request.name)
        if len(curve):
            x = _positions(folder, history, np.array(curve.x), request.by)
            found.append(ComparedCurve(folder.name, request.name, _still(x), _still(np.array(curve.y))))
    return tuple(found)


def curve_names(table: RunTable) -> tuple[str, ...]:
    """The curves that one of the runs has, those of held-out rows first."""
    names = [name for run in table.runs for name in RunFolder(run.folder).history().curves]
    known = dict.fromkeys(names)
    return tuple(sorted(known, key=lambda name: (name in STEP_CURVES, list(known).index(name))))


def _scores(history: History) -> dict[str, Number]:
    """The held-out metrics of the kept weights; with intervals where a confusion matrix is known."""
    measured = history.best_evaluation or history.last_evaluation
    if measured is None:
        return {}
    found = {name: Number(name, value) for name, value in measured.metrics.items()}
    return found | _with_intervals(measured, found)


def _with_intervals(measured: Evaluated, scores: dict[str, Number]) -> dict[str, Number]:
    if not measured.confusion:
        return {}
    from workbench.session.scoring.intervals import percentile_interval, resampled_counts

    confusion = np.array(measured.confusion, dtype=np.int64)
    drawn = class_metrics(resampled_counts(confusion, 0))
    return {
        name: Number(name, score.value, *percentile_interval(drawn[name]))
        for name, score in scores.items()
        if name in drawn
    }


def _positions(folder: RunFolder, history: History, steps: Floats, by: By) -> Floats:
    """Steps as epochs, or as minutes of work."""
    if by == "step" or not len(history.curve("epoch")):
        return steps
    known = history.curve("epoch")
    at, value = (np.append(0.0, known.x), np.append(0.0, known.y)) if by == "epoch" else _minutes(folder)
    found: Floats = np.interp(steps, at, value)
    return found


def _minutes(folder: RunFolder) -> tuple[Floats, Floats]:
    """The minutes of work after each step; the time between a stop and going on does not count."""
    steps, spent = [0.0], [0.0]
    last = 0.0
    for event in read_journal(folder.journal_file):
        if isinstance(event, Started):
            last = event.time
            while len(steps) > 1 and steps[-1] > event.resumed_from:  # done again
                steps.pop()
                spent.pop()
        elif isinstance(event, Step):
            steps.append(float(event.step))
            spent.append(spent[-1] + max(0.0, event.time - last) / 60)
            last = event.time
    return np.array(steps), np.array(spent)


def _still(values: Floats) -> Floats:
    values.flags.writeable = False
    return values


def _series(folder: RunFolder) -> str:
    part = part_of(folder)
    return part.series if part else ""
