"""A group of rows followed through the runs that were measured: how each of them does on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from workbench.run.folder import RunFolder, run_folders
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.row_scores import RowScores
from workbench.run.row_slices import Slice
from workbench.session.scoring.measuring import RowsRequest, is_classification, shelf_of, stored_rows
from workbench.session.scoring.slices import in_rows, tracked
from workbench.session.scoring.target_slices import right_and_wrong

#: Of more runs the newest are looked at: each is read from its file.
MOST_RUNS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """A group of rows in one run.

    Attributes:
        run: The run's name.
        accuracy: The share that it gets right of all rows it was measured on.
        found: How it does on the group; None where `problem` says why that is not known.
        same: Whether it was measured on the very rows that the group was found in.
        fixed, broken: Rows of the group that it gets right and the run that was looked at gets wrong, and the reverse;
            0 where it was measured on other rows.
        problem: Why there are no figures, in words.
    """

    run: str
    accuracy: float
    found: Slice | None
    same: bool = True
    fixed: int = 0
    broken: int = 0
    problem: str = ""


def through_runs(
    home: Home,
    request: RowsRequest,
    of: RowScores,
    group: Slice,
    check: Callable[[], object] = lambda: None,
    *,
    answers: tuple[str, ...] = (),
) -> tuple[Tracked, ...]:
    """How every run does on a group of rows, the oldest first; of those that were measured, for nothing is measured
    for it.

    A run that was measured on the same rows is asked about these; one that has other rows of its own about the rows
    that its own evaluation shares with the group, or else about what the group's question chooses there.

    Args:
        home: Where the runs are.
        request: What was asked when the group was found.
        of: What was found then.
        group: The group.
        check: Called between runs; may raise to end the work.
        answers: Of labels, numbers or marks the task and their names, as `right_and_wrong` does not know them; empty
            for classes.
    """
    runs = reversed(run_folders(home)[:MOST_RUNS])
    answers = answers or _classes(of)
    found = []
    for run in runs:
        check()
        rows = _measured(home, run, request, of, answers)
        if rows is not None:
            found.append(_tracked(run.name, rows, of, group))
    return tuple(found)


def _measured(
    home: Home, run: RunFolder, request: RowsRequest, of: RowScores, answers: tuple[str, ...]
) -> RowScores | None:
    """What a run said of these rows, or else of its own of that side; None where it was asked about neither, or gives
    other answers than these."""
    asked = replace(request, model=run.name, vectors=False, again=False)
    other: RowScores | None = None
    for one in _ways(asked, request.rows_of or request.model):
        rows, known = _kept(home, run, one)
        if rows is None or rows.true is None or known != answers:
            continue  # of other classes it says nothing about this group
        if np.array_equal(rows.row_ids.keys, of.row_ids.keys):
            return rows
        other = rows if other is None else other
    return other


def _kept(home: Home, run: RunFolder, asked: RowsRequest) -> tuple[RowScores | None, tuple[str, ...]]:
    """What is kept of a request, and which answers the model can give; None where nothing is."""
    try:
        if is_classification(run):
            rows = stored_rows(home, asked)
            return rows, () if rows is None else _classes(rows)
        found = shelf_of(home, asked).find_targets()
    except WorkbenchError:
        return None, ()
    return (None, ()) if found is None else (right_and_wrong(found), (found.task, *found.names))


def _classes(rows: RowScores) -> tuple[str, ...]:
    return ("text-classification", *sorted(rows.names))


def _ways(asked: RowsRequest, owner: str) -> Iterator[RowsRequest]:
    """The same rows may have been asked of a run as its own, or as those of another run."""
    yield replace(asked, rows_of="")
    yield replace(asked, rows_of=owner)


def _tracked(run: str, rows: RowScores, of: RowScores, group: Slice) -> Tracked:
    accuracy = float(1 - rows.wrong.mean())
    if np.array_equal(rows.row_ids.keys, of.row_ids.keys):
        before, after = of.wrong[group.rows], rows.wrong[group.rows]
        fixed, broken = int((before & ~after).sum()), int((~before & after).sum())
        return Tracked(run, accuracy, in_rows(group, rows, group.rows), True, fixed, broken)
    try:
        found = tracked(group, of, rows)
    except WorkbenchError as error:
        return Tracked(run, accuracy, None, False, problem=error.problem.cause)
    problem = "" if found.size else "None of these rows is among those that it was measured on."
    return Tracked(run, accuracy, found if found.size else None, False, problem=problem)
