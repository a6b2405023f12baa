"""Compares runs: the table of what differs and what came out, their curves, and what two of them say of each row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.run.comparison import (
    Agreement,
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
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.row_scores import RowScores
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


@dataclass(frozen=True, slots=True)
class AgreementRequest:
    """What two runs say of the same rows. `measure` allows to load models where their rows were not measured yet."""

    first: str
    second: str
    data: str = ""
    measure: bool = True


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


def agreement(home: Home, request: AgreementRequest, desk: Desk) -> Agreement:
    """What two runs say of the same rows: which ones the second gets right that the first got wrong, and the reverse.

    Where the label of a row was corrected in between, both are judged by the second one's. Rows that only one of them
    was measured on are left out.

    Raises:
        WorkbenchError: When one of them is no classifier, was not measured and may not be, or they share no row.
    """
    from workbench.session.scoring.comparing import compare_rows, fixed_and_broken

    first, second = (_rows(home, name, request, desk) for name in (request.first, request.second))
    names = (find_run(home, request.first).name, find_run(home, request.second).name)
    here, there = shared_rows(first, second)
    again = relabelled_rows(first, second, (here, there))
    here, there = [*here, *again[0]], [*there, *again[1]]
    if not len(here):
        raise bad_input(
            f"{names[0]} and {names[1]} were measured on different rows.",
            "No row with the same text is in both.",
            "Name a file on which both are measured.",
            field="data",
        )
    left_out = max(len(first), len(second)) - len(here)
    order = sorted(range(len(here)), key=here.__getitem__)
    first, second = first.take([here[i] for i in order]), second.take([there[i] for i in order])
    first = judged_by(first, second)
    fixed, broken = fixed_and_broken(first, second)
    assert first.true is not None
    return Agreement(
        *names,
        first.texts,
        tuple(first.names[i] for i in first.true),
        tuple(
            (first.names[i], second.names[j]) for i, j in zip(first.predicted, second.predicted, strict=True)
        ),
        fixed,
        broken,
        np.flatnonzero(first.wrong & second.wrong),
        left_out,
        compare_rows(first, second),
        len(again[0]),
    )


def shared_rows(first: RowScores, second: RowScores) -> tuple[list[int], list[int]]:
    """The places of rows with the same text and label in two evaluations; of several equal rows each counts once."""
    if first.true is None or second.true is None:
        return [], []
    where: dict[tuple[str, str], list[int]] = {}
    for place, (text, label) in enumerate(zip(second.texts, second.true, strict=True)):
        where.setdefault((text, second.names[label]), []).append(place)
    here, there = [], []
    for place, (text, label) in enumerate(zip(first.texts, first.true, strict=True)):
        if known := where.get((text, first.names[label])):
            here.append(place)
            there.append(known.pop(0))
    return here, there


def relabelled_rows(
    first: RowScores, second: RowScores, shared: tuple[list[int], list[int]]
) -> tuple[list[int], list[int]]:
    """The places of rows that are in both evaluations with another label, beside those that are the same; the first
    one knows the class that the second one's label names."""
    if first.true is None or second.true is None:
        return [], []
    where: dict[str, list[int]] = {}
    for place in sorted(set(range(len(second))) - set(shared[1])):
        if second.names[second.true[place]] in first.names:
            where.setdefault(second.texts[place], []).append(place)
    here, there = [], []
    for place in sorted(set(range(len(first))) - set(shared[0])):
        if known := where.get(first.texts[place]):
            here.append(place)
            there.append(known.pop(0))
    return here, there


def judged_by(first: RowScores, second: RowScores) -> RowScores:
    """The first one's rows with the labels of the second's, row by row."""
    assert second.true is not None
    number = {name: index for index, name in enumerate(first.names)}
    true = np.array([number[second.names[label]] for label in second.true], dtype=np.int64)
    losses = RowScores.of(first.texts, true, first.probabilities, first.names).losses
    return replace(first, true=true, losses=losses)


def _rows(home: Home, name: str, request: AgreementRequest, desk: Desk) -> RowScores:
    from workbench.session.scoring.measuring import RowsRequest, evaluate_rows, stored_rows

    asked = RowsRequest(str(find_run(home, name).path), request.data)
    found = stored_rows(home, asked)
    if found is not None:
        return found
    if not request.measure:
        raise bad_input(
            f"What {name} says of each row was not measured yet.",
            "",
            f"Measure it: workbench evaluate {name}",
        )
    return evaluate_rows(home, asked, desk)


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
