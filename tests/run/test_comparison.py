"""Runs beside each other: what differs, and who may be ranked against whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.run.comparison import ComparedRun, RunTable, leaderboards
from workbench.run.recipe import Recipe
from workbench.run.scores import Number
from workbench.run.series import with_values


def _run(
    run: str, accuracy: float | None, held_out: str = "same", half: float = 0.0, **values: Any
) -> ComparedRun:
    recipe = with_values(Recipe(), {path.replace("__", "."): value for path, value in values.items()})
    scores = {}
    if accuracy is not None:
        ends = (accuracy - half, accuracy + half) if half else (None, None)
        scores = {"accuracy": Number("accuracy", accuracy, *ends), "loss": Number("loss", 1 - accuracy)}
    return ComparedRun(
        run,
        Path(run),
        run,
        "finished",
        recipe,
        metric="accuracy",
        scores=scores,
        held_out=held_out,
        held_out_rows=9,
    )


def test_only_what_differs_is_shown() -> None:
    table = RunTable(
        (_run("a", 0.5, training__epochs=2.0, name="x"), _run("b", 0.5, training__epochs=3.0, name="y"))
    )
    assert [(one.path, one.values) for one in table.differences] == [("training.epochs", (2.0, 3.0))]
    assert table.metrics == ("accuracy", "loss")


def test_the_best_on_the_same_rows_comes_first() -> None:
    runs = [_run("a", 0.7, half=0.05), _run("b", 0.9, half=0.02), _run("c", 0.88, half=0.03), _run("d", 0.7)]
    (board,) = leaderboards(runs)
    assert [(one.place, one.run.name, one.near) for one in board.ranked] == [
        (1, "b", False), (2, "c", True), (3, "a", False), (3, "d", False),
    ]  # fmt: skip
    assert not board.apart
    (by_loss,) = leaderboards(runs, "loss")
    assert by_loss.ranked[0].run.name == "b"
    assert not by_loss.highest_is_best


def test_other_held_out_rows_are_not_ranked_and_it_is_said_why() -> None:
    runs = [
        _run("a", 0.7),
        _run("b", 0.99, "other", training__seed=5),
        _run("c", 0.98, ""),
        _run("d", None),
    ]
    first, second = leaderboards(runs)
    assert [one.run.name for one in first.ranked] == ["a"]
    assert [one.run.name for one in second.ranked] == ["b"]
    why = {apart.run.name: apart.why for apart in first.apart}
    assert "differs: seed (5 and 0)" in why["b"]
    assert "not known" in why["c"]
    assert why["d"] == "Not measured yet: there is no accuracy."
    assert [[run.name for run in runs] for _, runs in second.reasons] == [["a", "d"], ["c"]]


def test_each_data_set_has_its_own_board() -> None:
    boards = leaderboards([_run("a", 0.7), _run("b", 0.9, data__train="other.csv")])
    assert [(board.data, len(board.ranked)) for board in boards] == [
        ("support-messages", 1),
        ("other.csv", 1),
    ]
