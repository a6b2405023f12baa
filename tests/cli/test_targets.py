"""Labels, numbers and marked words on the command line: train, predict and evaluate, as a person types them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, settings
from tests.engine.conftest import marked_words, topic_sets

Write = Callable[[str, str | bytes], Path]
ROWS = topic_sets(96)
FILES = {
    "multi-label": (
        "a.csv",
        "text,labels\n" + "".join(f'{text},"{", ".join(names)}"\n' for text, names in ROWS),
    ),
    "regression": (
        "a.csv",
        "text,price\n" + "".join(f"{t},{1000 + 500 * len(names)}\n" for t, names in ROWS),
    ),
    "token-classification": ("a.conll", "\n\n".join(marked_words(text) for text, _ in ROWS) + "\n"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_task_from_the_file_to_the_numbers(kind: str, cli: Cli, write: Write, tiny_bert: Path) -> None:
    data = write(*FILES[kind])
    quick = settings(
        f"model.source={tiny_bert}", f"task.kind={kind}", "training.epochs=8", "training.learning_rate=0.01",
        "training.device=cpu", "training.precision=fp32", "data.validation=0.25", "film.on=false",
    )  # fmt: skip
    trained = cli("train", data, *quick, "--json").json
    assert trained["status"] == "finished" and trained["metrics"]["loss"] > 0
    measured = cli("evaluate", trained["run"], "--json").json
    assert measured["kind"] == kind and measured["rows"] and measured["problem"] is None
    live = trained["metrics"]
    for name, number in measured["metrics"].items():
        if name in live and name != "loss":
            assert number["value"] == pytest.approx(live[name], rel=1e-3, abs=1e-6), name
    assert len(measured["per_class"]) == {"multi-label": 3, "regression": 1, "token-classification": 2}[kind]
    # A second look takes what was kept; against itself it is as good, in words.
    (kept,) = (Path(trained["run"]) / "evaluations").glob("*.npz")
    written = kept.stat().st_mtime_ns
    told = cli("evaluate", trained["run"], "--against", trained["run"], "--slice", "wrong", "--track")
    assert (
        "95 % interval" in told.out and "Groups of rows" in told.out and "No: both have the same" in told.out
    )
    assert "wrong, in each run:" in told.out and f"{Path(trained['run']).name}" in told.out
    alike = cli("compare", trained["run"], trained["run"], "--rows", "--json").json["rows"]
    assert alike["compared"] == 24 and alike["fixed"] == alike["broken"] == []
    assert kept.stat().st_mtime_ns == written
    other = write("texts.csv", "text\nwe saw rain and soup\nthe map\n")
    said = cli("predict", trained["run"], other, "--text", "text", "--json").json["predictions"]
    assert len(said) == 2
    _check(kind, said[0])
    rows = list(csv.reader(cli("predict", trained["run"], other, "--text", "text").out.splitlines()))
    assert rows[0][:2] == ["text", "predicted"] and rows[1][0] == "we saw rain and soup"
    if kind == "token-classification":
        assert json.loads(rows[1][1]) == said[0]["predicted"]


def _check(kind: str, said: dict[str, Any]) -> None:
    if kind == "multi-label":
        assert set(said["probabilities"]) == {"weather", "kitchen", "travel"}
        assert set(said["predicted"]) == {name for name, p in said["probabilities"].items() if p >= 0.5}
    elif kind == "regression":
        assert 500 < said["predicted"]["price"] < 3000
    else:
        marked = {(mark["text"], mark["label"]) for mark in said["predicted"]}
        assert marked and marked <= {("rain", "weather"), ("soup", "kitchen")}


@pytest.mark.parametrize("kind", FILES)
def test_data_says_what_a_file_is(kind: str, cli: Cli, write: Write) -> None:
    name, content = FILES[kind]
    if kind == "regression":
        content = "text,score\n" + "".join(f"{text},{i * 0.37:.2f}\n" for i, (text, _) in enumerate(ROWS))
    found = cli("data", write(name, content), "--json").json
    assert (found["kind"], found["task"]) == (kind, kind)
    if kind == "multi-label":
        assert found["label"] == "labels" and set(found["classes"]) == {"weather", "kitchen", "travel"}


def test_a_column_of_words_is_no_column_of_numbers(cli: Cli, write: Write, tiny_bert: Path) -> None:
    path = write("a.csv", "text,price\n" + "".join(f"{text},cheap\n" for text, _ in ROWS))
    chosen = settings(f"model.source={tiny_bert}", "task.kind=regression", "data.label=price")
    answer = cli("check", path, *chosen, "--json")
    assert answer.code == 2
    problem = answer.json["problem"]
    assert problem["field"] == "data.label" and "row 1: “cheap”" in problem["cause"]
