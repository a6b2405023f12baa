"""Curves of several runs over steps, epochs and time, and what two evaluations say of the same rows."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.session.scoring.test_targets import pair_of
from workbench.run.events import Ended, Evaluated, Event, Started, Step, event_to_plain
from workbench.run.folder import RunFolder, make_run
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.row_scores import RowScores
from workbench.session.comparing_runs import (
    CompareRequest,
    CurvesRequest,
    compare_runs,
    compared_curves,
)
from workbench.session.lanes import lone_desk
from workbench.session.row_agreement import judged_by, relabelled_rows, shared_rows, target_agreement


def _started(time: float, resumed_from: int = 0) -> Started:
    return Started(
        task="text-classification", model="m", device="cpu", precision="fp32", total_steps=4, steps_per_epoch=2,
        train_rows=8, validation_rows=10, parameters=100, class_names=("a", "b"), best_metric="accuracy",
        resumed_from=resumed_from, time=time,
    )  # fmt: skip


def _step(step: int, time: float) -> Step:
    return Step(
        step=step, epoch=step / 2, loss=1 / step, learning_rate=1e-3, gradient_norm=1, tokens_per_second=1,
        samples_per_second=1, memory=1, time=time,
    )  # fmt: skip


def _recorded(home: Home, events: list[Event]) -> RunFolder:
    run = make_run(home, Recipe())
    lines = [json.dumps(event_to_plain(replace(event, index=i))) for i, event in enumerate(events)]
    run.journal_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return run


@pytest.fixture
def stopped_in_between(home: Home) -> RunFolder:
    """A run of 4 steps of a minute each; between the second and the third it was stopped for an hour, after which the
    second was done again."""
    measured = Evaluated(
        step=4,
        epoch=2,
        metrics={"accuracy": 0.8, "loss": 0.5},
        best=True,
        confusion=((4, 1), (1, 4)),
        time=3900,
    )
    events: list[Event] = [
        _started(0),
        _step(1, 60),
        _step(2, 120),
        _started(3660, 1),
        _step(2, 3720),
        _step(3, 3780),
    ]
    events += [_step(4, 3840), measured, Ended(status="finished", step=4, seconds=240.0, time=3900)]
    return _recorded(home, events)


@pytest.mark.parametrize(
    ("by", "x"), [("step", [1, 2, 3, 4]), ("epoch", [0.5, 1, 1.5, 2]), ("time", [1, 2, 3, 4])]
)
def test_curves_by_step_epoch_and_minutes_of_work(
    home: Home, stopped_in_between: RunFolder, by: str, x: list[float]
) -> None:
    request = CurvesRequest((stopped_in_between.name,), "loss", by)  # type: ignore[arg-type]
    (curve,) = compared_curves(home, request, lone_desk())
    assert curve.x.tolist() == pytest.approx(x)
    assert curve.y.tolist() == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert not curve.y.flags.writeable


def test_a_score_has_the_interval_of_its_confusion_matrix(home: Home, stopped_in_between: RunFolder) -> None:
    (run,) = compare_runs(home, CompareRequest(), lone_desk()).runs
    accuracy = run.scores["accuracy"]
    assert accuracy.value == 0.8
    assert accuracy.low is not None
    assert accuracy.high is not None
    assert 0.4 <= accuracy.low < 0.8 < accuracy.high <= 1
    assert run.scores["loss"].low is None
    assert (run.seconds, run.energy, run.held_out_rows, run.held_out) == (240.0, None, 10, "")
    assert run.size >= run.folder.joinpath("journal.jsonl").stat().st_size


def test_rows_that_are_the_same_in_both() -> None:
    sure = np.full((4, 2), 0.5)
    first = RowScores.of(["x", "y", "x", "z"], np.array([0, 1, 0, 1]), sure, ("a", "b"))
    second = RowScores.of(
        ["x", "z", "y", "w"], np.array([1, 0, 1, 0]), sure, ("b", "a")
    )  # the classes numbered otherwise
    here, there = shared_rows(first, second)
    assert (here, there) == ([0, 3], [0, 1])  # the label of y was corrected; x stands once in the second
    again = relabelled_rows(first, second, (here, there))
    assert again == ([1], [2])
    judged = judged_by(first.take([1]), second.take([2]))
    assert (
        judged.true is not None
        and judged.true.tolist() == [0]
        and judged.losses[0] == pytest.approx(np.log(2))
    )


@pytest.mark.parametrize("task", ["multi-label", "regression", "token-classification"])
def test_labels_numbers_and_marks_are_right_or_wrong_row_by_row(task: str) -> None:
    worse, better = pair_of(task)
    found = target_agreement(("before", "after"), worse, better)
    assert len(found.fixed) > len(found.broken)
    for row in range(len(found.texts)):
        assert found.right(row) == (not worse.wrong[row], not better.wrong[row])
    assert "counts as right" in found.words and f"after gets {len(found.fixed)} right" in found.words
    with pytest.raises(WorkbenchError, match="same rows"):
        target_agreement(("before", "after"), worse, replace(better, true=tuple(reversed(better.true))))
