"""The journal and the history: nothing is lost, torn lines do no harm, resumed runs continue their curves."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from workbench.run.events import CheckpointSaved, Ended, Evaluated, Event, Notice, Started, Step
from workbench.run.history import Curve, History
from workbench.run.journal import Journal, read_journal
from workbench.run.problem import Problem

STARTED = Started(
    task="text-classification",
    model="minilm",
    device="CPU",
    precision="bf16",
    total_steps=10,
    steps_per_epoch=5,
    train_rows=50,
    validation_rows=10,
    parameters=7,
    class_names=("a", "b"),
    best_metric="accuracy",
)


def step(number: int, loss: float = 1.0) -> Step:
    return Step(
        step=number,
        epoch=number / 5,
        loss=loss,
        learning_rate=1e-4,
        gradient_norm=2.0,
        tokens_per_second=100.0,
        samples_per_second=10.0,
        memory=123,
    )


EVENTS: list[Event] = [
    STARTED,
    step(1),
    step(2, math.nan),
    Evaluated(
        step=2, epoch=0.4, metrics={"loss": 0.5, "accuracy": 0.8}, best=True, confusion=((4, 1), (1, 4))
    ),
    CheckpointSaved(step=2, path="checkpoints/step-000002"),
    Notice(text="Grüße ☂", level="warning"),
    Ended(
        status="failed", step=2, problem=Problem("It broke.", "Why.", "What now.", "details", "training.seed")
    ),
]


def test_every_event_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        written = [journal.append(event) for event in EVENTS]
    found = read_journal(path)
    assert [repr(event) for event in found] == [
        repr(event) for event in written
    ]  # NaN is not equal to itself
    assert [event.index for event in found] == list(range(len(EVENTS)))
    for line in path.read_text(encoding="utf-8").splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize("cut", [1, 7, 40])
def test_a_torn_last_line_is_harmless_and_cut_before_more_is_written(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        for number in range(1, 4):
            journal.append(step(number))
    path.write_bytes(path.read_bytes()[:-cut])
    assert [event.step for event in read_journal(path) if isinstance(event, Step)] == [1, 2]
    with Journal(path) as journal:
        assert journal.append(step(3)).index == 2
    assert [event.step for event in read_journal(path) if isinstance(event, Step)] == [1, 2, 3]


def test_unknown_kinds_and_fields_of_newer_versions_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(Notice(text="old"))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"kind": "hologram", "index": 1}\n')
        file.write('{"kind": "notice", "index": 2, "time": 0, "text": "new", "shade": 3}\n')
        file.write("garbage\n")
    assert [event.text for event in read_journal(path) if isinstance(event, Notice)] == ["old", "new"]


def test_history_folds_into_curves_and_a_score() -> None:
    history = History()
    history.fold(EVENTS[:4])
    history.fold(EVENTS[4:])
    assert list(history.curve("loss").x) == [1.0, 2.0]
    assert history.curve("validation/accuracy").y.tolist() == [0.8]
    assert history.score == ("accuracy", 0.8)
    assert history.ended is not None and history.ended.status == "failed"
    assert [notice.text for notice in history.notices] == ["Grüße ☂"]
    assert len(history.curve("never recorded")) == 0


def test_a_resumed_run_draws_each_step_once() -> None:
    history = History()
    history.fold([STARTED, *(step(n, float(n)) for n in range(1, 8)), Ended(status="stopped")])
    import dataclasses

    history.fold([dataclasses.replace(STARTED, resumed_from=5), *(step(n, -1.0) for n in range(6, 11))])
    assert history.curve("loss").x.tolist() == list(range(1, 11))
    assert history.curve("loss").y.tolist() == [1, 2, 3, 4, 5, -1, -1, -1, -1, -1]
    assert history.ended is None


def test_curves_grow_and_cannot_be_written_through_their_views() -> None:
    curve = Curve()
    for number in range(1000):
        curve.add(number, number**2)
    assert np.array_equal(curve.y, np.arange(1000.0) ** 2)
    with pytest.raises(ValueError, match="read-only"):
        curve.x[0] = 5
