"""What two runs say of the same rows: what the second one mended, and what it broke."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from workbench.run.comparison import Agreement
from workbench.run.folder import find_run
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.row_scores import RowScores
from workbench.run.target_rows import TARGETS, TargetRows
from workbench.session.lanes import Desk

#: When a row counts as right, by the task.
_RIGHT = {
    "regression": "A number counts as right where it is off by no more than one standard deviation of the training "
    "rows.",
    "multi-label": "A row counts as right where all of its labels are.",
    "token-classification": "A row counts as right where all of its words are marked as they should be.",
}


@dataclass(frozen=True, slots=True)
class AgreementRequest:
    """What two runs say of the same rows. `measure` allows to load models where their rows were not measured yet."""

    first: str
    second: str
    data: str = ""
    measure: bool = True


def agreement(home: Home, request: AgreementRequest, desk: Desk) -> Agreement:
    """What two runs say of the same rows: which ones the second gets right that the first got wrong, and the reverse.

    Where the label of a row was corrected in between, both are judged by the second one's. Rows that only one of them
    was measured on are left out.

    Raises:
        WorkbenchError: When there is nothing that could be right or wrong, one was not measured and may not be, or they
            share no row.
    """
    from workbench.session.scoring.comparing import compare_rows, fixed_and_broken

    if find_run(home, request.first).recipe().task.kind in TARGETS:
        return _target_agreement(home, request, desk)
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


def _target_agreement(home: Home, request: AgreementRequest, desk: Desk) -> Agreement:
    from workbench.session.scoring.measuring import RowsRequest
    from workbench.session.scoring.targets import evaluate_targets, stored_targets

    found = []
    for name in (request.first, request.second):
        run = find_run(home, name)
        kept = stored_targets(home, RowsRequest(str(run.path), request.data))
        if kept is None and not request.measure:
            raise _unmeasured(name)
        found.append(kept or evaluate_targets(home, str(run.path), desk, data=request.data))
    names = (find_run(home, request.first).name, find_run(home, request.second).name)
    return target_agreement(names, found[0], found[1])


def _unmeasured(name: str) -> WorkbenchError:
    return bad_input(
        f"What {name} says of each row was not measured yet.", "", f"Measure it: workbench evaluate {name}"
    )


def _rows(home: Home, name: str, request: AgreementRequest, desk: Desk) -> RowScores:
    from workbench.session.scoring.measuring import RowsRequest, evaluate_rows, stored_rows

    asked = RowsRequest(str(find_run(home, name).path), request.data)
    found = stored_rows(home, asked)
    if found is not None:
        return found
    if not request.measure:
        raise _unmeasured(name)
    return evaluate_rows(home, asked, desk)


def target_agreement(names: tuple[str, str], first: TargetRows, second: TargetRows) -> Agreement:
    """What two evaluations of the same rows say of each of them.

    Raises:
        WorkbenchError: When the rows or what is asked of them differ.
    """
    from workbench.session.scoring.comparing_targets import compare_targets

    test = compare_targets(first, second)
    return Agreement(
        *names,
        first.texts,
        first.true,
        tuple(zip(first.said, second.said, strict=True)),
        np.flatnonzero(first.wrong & ~second.wrong),
        np.flatnonzero(~first.wrong & second.wrong),
        np.flatnonzero(first.wrong & second.wrong),
        0,
        test,
        right_means=_RIGHT[first.task],
    )
