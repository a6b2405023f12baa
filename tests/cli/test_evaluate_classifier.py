"""`workbench evaluate` on a classifier: numbers with intervals, rows, slices, and whether it is better than another."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.conftest import sentences
from workbench.run.events import Evaluated
from workbench.run.folder import RunFolder
from workbench.run.journal import read_journal
from workbench.run.recipe_files import changed, recipe_toml


@pytest.fixture
def own(trained: Path, tmp_path: Path) -> Path:
    """A home of this test's own with the finished run."""
    return Path(shutil.copytree(trained, tmp_path / "own"))


def the_run(home: Path) -> RunFolder:
    (folder,) = (RunFolder(path) for path in (home / "runs").iterdir())
    return folder


def table(path: Path, rows: list[tuple[str, ...]], head: tuple[str, ...] = ("text", "label")) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def test_a_run_is_measured_on_its_own_rows_once(cli: Cli, own: Path) -> None:
    said = cli("--json", "evaluate", "topics", "--home", own)
    assert said.code == 0
    found, run = said.json, the_run(own)
    best = [event for event in read_journal(run.journal_file) if isinstance(event, Evaluated) and event.best][
        -1
    ]
    accuracy = found["metrics"]["accuracy"]
    assert accuracy["value"] == pytest.approx(best.metrics["accuracy"])
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    assert found["metrics"]["log_loss"]["value"] == pytest.approx(best.metrics["loss"], rel=1e-3)
    assert found["confusion"] == [list(row) for row in best.confusion]
    assert [one["name"] for one in found["per_class"]] == found["classes"] == ["kitchen", "travel", "weather"]
    assert len(found["rows"]) == sum(map(sum, found["confusion"])) == 12
    with Path(run.recipe().data.train).open(encoding="utf-8", newline="") as file:
        data = list(csv.reader(file))
    for row in found["rows"]:  # each leads back to its row in the file
        assert data[row["row"]] == [row["text"], row["true"]]
    (kept,) = (run.path / "evaluations").glob("*.npz")
    written = kept.stat().st_mtime_ns
    assert cli("--json", "evaluate", "topics", "--home", own).json == found
    assert kept.stat().st_mtime_ns == written
    again = cli("--json", "evaluate", "topics", "--again", "--home", own)
    assert again.json["metrics"] == found["metrics"] and kept.stat().st_mtime_ns > written


def test_a_planted_slice_of_a_file_comes_first_and_rows_are_written(
    cli: Cli, own: Path, tmp_path: Path
) -> None:
    names = ("kitchen", "travel", "weather")
    rows = list(sentences(150, seed=5))
    for i in range(0, 150, 15):
        text, label = rows[i]
        rows[i] = (f"{text} quixotic", names[(names.index(label) + 1) % 3])
    file, output = table(tmp_path / "new.csv", rows), tmp_path / "rows.csv"
    said = cli("--json", "evaluate", "topics", file, "-o", output, "--slice", "true = travel", "--home", own)
    asked, first = said.json["slices"][:2]
    assert asked["kind"] == "query" and asked["size"] == sum(label == "travel" for _, label in rows)
    assert first["query"] == "text has-word quixotic" and first["size"] == 10 and first["q_value"] < 0.05
    assert first["rows"] == list(range(0, 150, 15))
    # Its weakness in every run that was measured on this file, curves, and what acting on a class costs.
    asked_more = ("--track", "--costs", "1", "4", "--positive", "travel")
    more = cli("--json", "evaluate", "topics", file, *asked_more, "--home", own).json
    (tracked,) = more["slices"][0]["runs"]
    assert (tracked["size"], tracked["score"], tracked["same_rows"]) == (10, first["score"], True)
    assert (
        more["decision"]["class"] == "travel" and more["decision"]["cost"] <= more["decision"]["cost_at_half"]
    )
    roc = more["curves"]["roc"]["per_class"]["travel"]
    assert roc["x"][0] == roc["y"][0] == 0 and roc["x"][-1] == roc["y"][-1] == 1
    assert [sum(row) for row in more["confusion_by_row"]] == pytest.approx([1, 1, 1])
    assert sum(more["histogram"]["right"]) + sum(more["histogram"]["wrong"]) == 150
    with output.open(encoding="utf-8", newline="") as opened:
        written = list(csv.DictReader(opened))
    assert [row["text"] for row in written] == [text for text, _ in rows]
    assert "probability of travel" in written[0] and written[0]["row"] == "1"
    told = cli("evaluate", "topics", file, *asked_more, "--home", own)
    for words in (
        "in each run",
        "Cheapest: “travel”",
        "95 % interval",
        "Weak groups of rows",
        "“quixotic”",
        "true ↓",
        "Row ",
    ):
        assert words in told.out


def test_labels_may_be_numbers_of_classes_or_missing(cli: Cli, own: Path, tmp_path: Path) -> None:
    rows = list(sentences(30, seed=6))
    names = ["kitchen", "travel", "weather"]
    named = cli(
        "--json", "evaluate", "topics", table(tmp_path / "a.csv", rows), "--no-slices", "--home", own
    ).json
    numbers = [(text, str(names.index(label))) for text, label in rows]
    numbered = cli(
        "--json", "evaluate", "topics", table(tmp_path / "b.csv", numbers), "--no-slices", "--home", own
    )
    assert numbered.json["metrics"] == named["metrics"]
    bare = table(tmp_path / "c.csv", [(text,) for text, _ in rows], ("text",))
    said = cli("--json", "evaluate", "topics", bare, "--home", own).json
    assert said["metrics"] is said["confusion"] is None and said["slices"] == []
    assert [row["predicted"] for row in said["rows"]] == [row["predicted"] for row in named["rows"]]
    assert cli("evaluate", "topics", bare, "--home", own).code == 0
    strange = table(
        tmp_path / "d.csv", [(text, "red" if n % 2 else "blue") for n, (text, _) in enumerate(rows)]
    )
    said = cli("evaluate", "topics", strange, "--home", own)
    assert said.code == 2 and "None of the labels" in said.err


def test_two_runs_are_compared_on_the_same_rows_only(cli: Cli, own: Path, tmp_path: Path) -> None:
    run = the_run(own)
    other = RunFolder(Path(shutil.copytree(run.path, own / "runs" / "2026-01-01-other-0000")))
    same = cli("--json", "evaluate", run.name, "--against", "other", "--no-slices", "--home", own)
    assert same.json["against"]["difference"] == 0 and same.json["against"]["words"].startswith("No: both")
    recipe = changed(other.recipe(), "data.validation", 0.4)
    other.recipe_file.write_text(recipe_toml(recipe), encoding="utf-8")
    apart = cli("evaluate", run.name, "--against", "other", "--no-slices", "--home", own)
    assert apart.code == 2 and "not measured on the same rows" in apart.err and "12 rows" in apart.err
    # The same group in a run with held-out rows of its own.
    asked = ("--slice", "true = travel", "--track", "--no-slices")
    (group,) = cli("--json", "evaluate", run.name, *asked, "--home", own).json["slices"]
    elsewhere = next(one for one in group["runs"] if one["run"] == other.path.name)
    assert elsewhere["same_rows"] is False and elsewhere["size"] > 0 and 0 <= elsewhere["score"] <= 1
    file = table(tmp_path / "file.csv", list(sentences(24, seed=7)))
    on_file = cli("evaluate", run.name, file, "--against", "other", "--no-slices", "--home", own)
    assert on_file.code == 0 and "Is it better than other? No: both" in on_file.out


def test_what_cannot_be_done_is_said(cli: Cli, own: Path, tiny_bert: Path, tiny_csv: Path) -> None:
    for arguments, words in (
        (("topics", "--slice", "colour = red"), "There is no column “colour”"),
        (("topics", "--against", "base"), "is not a classifier"),
        (("topics", "--side", "test"), "has no test rows"),
        (("topics", "-o", "rows.pdf"), "CSV or JSON Lines"),
        (("topics", "--costs", "1", "2"), "Of several classes one has to be named"),
        (("topics", "--against", "topics", "--metric", "beauty"), "beauty"),
    ):
        said = cli("evaluate", *arguments, "--no-slices", "--home", own)
        assert said.code == 2 and words in said.err, said.err
    assert (
        cli("--json", "evaluate", "topics", "--side", "test", "--home", own).json["problem"]["field"]
        == "data"
    )
    folder = the_run(own).model
    without = cli(
        "evaluate", folder, "--home", own
    )  # by its folder it is still the run, with rows of its own
    assert without.code == 0 and "12 rows" in without.out
    shutil.copytree(folder, own / "models" / "lone")
    lone = cli("evaluate", "lone", "--home", own)
    assert lone.code == 2 and "It is not said which rows" in lone.err
    assert cli("evaluate", "lone", tiny_csv, "--no-slices", "--home", own).code == 0
    assert list((own / "cache" / "evaluations").glob("*.npz"))


def test_what_was_measured_outlasts_the_data(cli: Cli, own: Path, tiny_csv: Path, tmp_path: Path) -> None:
    run, data = the_run(own), Path(shutil.copy(tiny_csv, tmp_path / "data.csv"))
    run.recipe_file.write_text(recipe_toml(changed(run.recipe(), "data.train", str(data))), encoding="utf-8")
    found = cli("--json", "evaluate", "topics", "--no-slices", "--home", own).json
    text = data.read_text(encoding="utf-8")
    data.write_text(text + "rain and sun again,weather\n", encoding="utf-8")
    more = cli("--json", "evaluate", "topics", "--no-slices", "--home", own).json
    assert more["fingerprint"] != found["fingerprint"] and any(
        "has changed" in note for note in more["notes"]
    )
    data.unlink()
    assert cli("--json", "evaluate", "topics", "--no-slices", "--home", own).json == more
    assert cli("evaluate", "topics", "--again", "--no-slices", "--home", own).code == 2
