"""Series of runs on the command line, with a tiny model: a search, folds, a learning curve, and runs compared."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, settings
from tests.conftest import sentences
from workbench.run.folder import run_folders
from workbench.run.home import Home

SMALL = ("training.learning_rate=0.003", "training.precision=fp32", "data.validation=0.3")


def _recipe(tiny_bert: Path, tiny_csv: Path, *more: str) -> list[str]:
    return [str(tiny_csv), *settings(f"model.source={tiny_bert}", *SMALL, *more)]


def test_a_search_and_its_best_recipe(cli: Cli, tmp_path: Path, tiny_bert: Path, tiny_csv: Path) -> None:
    recipe = _recipe(tiny_bert, tiny_csv, "training.max_steps=2")
    asked = ["--range", "training.learning_rate=1e-3..1e-2", "--range", "training.batch_size=16,32"]
    best = tmp_path / "best.toml"
    found = cli("search", *recipe, *asked, "--runs", 1, "--name", "rates", "-o", best, "--json")

    assert found.code == 0, found.err
    assert [trial["state"] for trial in found.json["trials"]] == ["finished"]
    assert found.json["best"]["score"] == max(trial["score"] for trial in found.json["trials"])
    assert (
        cli("recipe", best, "--json").json["training"]["batch_size"]
        == found.json["best"]["values"]["training.batch_size"]
    )

    again = cli("search", "--resume", "rates", "--runs", 2, "--json").json
    assert [trial["run"] for trial in again["trials"][:1]] == [trial["run"] for trial in found.json["trials"]]
    assert len(again["trials"]) == 2
    assert cli("search", "--list").out.split() == ["rates"]
    shown = cli("search", "--show", "rates")
    assert shown.code == 0
    assert "All" not in shown.err
    assert "learning rate" in shown.out
    compared = cli("compare", "--series", "rates", "--json").json
    assert len(compared["runs"]) == 2
    assert [board["rows"] for board in compared["leaderboards"]] == [36]
    assert len(compared["leaderboards"][0]["ranked"]) == 2
    assert "training.learning_rate" in [one["path"] for one in compared["differences"]]
    points = tmp_path / "loss.csv"
    curves = cli(
        "compare", "--series", "rates", "--curve", "loss", "--by", "epoch", "-o", points, "--json"
    ).json["curves"]
    assert [len(curve["x"]) for curve in curves] == [2, 2]
    lines = points.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "run,epoch,loss" and len(lines) == 5
    assert "There are:" in cli("compare", "--series", "rates", "--curve", "los").err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("search", "DATA", "--range", "training.lerning_rate=1..2"), "Did you mean training.learning_rate"),
        (("search", "DATA", "--runs", "0", "--range", "training.batch_size=8,16"), "never end"),
        (("search", "DATA", "--set", "data.validation=0.0"), "held-out rows"),
        (("search", "--resume", "nothing"), "no search 'nothing'"),
        (("cross-validate", "DATA", "--folds", "1"), "1 folds"),
        (("cross-validate", "DATA", "--group", "patient"), "no column “patient”"),
        (("learning-curve", "DATA", "--shares", "0.5,x"), "no shares"),
        (("learning-curve", "DATA", "--shares", "0.5,1"), "three or more"),
        (("compare", "nothing"), "no run 'nothing'"),
        (("compare", "one", "--rows"), "compares two runs"),
        (("note", "nothing", "text"), "no run 'nothing'"),
    ],
)
def test_what_cannot_be_done_is_told(
    cli: Cli, tiny_bert: Path, tiny_csv: Path, arguments: tuple[str, ...], words: str
) -> None:
    given = [str(tiny_csv) if part == "DATA" else part for part in arguments]
    given += settings(f"model.source={tiny_bert}") if "DATA" in arguments else []
    said = cli(*given)
    assert said.code == 2
    assert words in said.err


def test_cross_validation_judges_every_row_once_and_keeps_groups_whole(
    cli: Cli, home: Home, tmp_path: Path, tiny_bert: Path
) -> None:
    visits = tmp_path / "visits.csv"
    with visits.open("w", encoding="utf-8", newline="") as file:
        rows = [(*row, f"p{place // 10}") for place, row in enumerate(sentences(120))]
        csv.writer(file).writerows([("text", "label", "patient"), *rows])
    recipe = _recipe(tiny_bert, visits, "training.max_steps=4")
    asked = ("--folds", 2, "--group", "patient", "--name", "folds", "--keep", "none")
    found = cli("cross-validate", *recipe, *asked, "--json")

    assert found.code == 0, found.err
    assert [run["rows"] for run in found.json["runs"]] == [60, 60]
    accuracies = [run["metrics"]["accuracy"] for run in found.json["runs"]]
    spread = found.json["metrics"]["accuracy"]
    assert spread["mean"] == pytest.approx(sum(accuracies) / 2)
    # Folds of one size: over all rows together the accuracy is the mean of the folds'.
    pooled = found.json["pooled"]["accuracy"]
    assert pooled["value"] == pytest.approx(spread["mean"])
    assert pooled["low"] <= pooled["value"] <= pooled["high"]
    runs = run_folders(home)
    assert not any(run.model.exists() or run.checkpoints.exists() for run in runs)
    assert {(run.recipe().data.split, run.recipe().data.split_column) for run in runs} == {
        ("grouped", "patient")
    }

    again = cli("cross-validate", "--resume", "folds", "--json")
    assert again.json == found.json
    assert len(run_folders(home)) == 2
    assert "± sd" in cli("cross-validate", "--show", "folds").out


def test_a_learning_curve_looks_ahead(cli: Cli, home: Home, tiny_bert: Path, tiny_csv: Path) -> None:
    recipe = _recipe(tiny_bert, tiny_csv, "training.max_steps=4")
    asked = ("--shares", "0.25,0.5,1", "--name", "curve")
    found = cli("learning-curve", *recipe, *asked, "--json")

    assert found.code == 0, found.err
    assert [point["rows"] for point in found.json["points"]] == [21, 42, 84]
    assert found.json["outlook"]["twice"]["rows"] == 168
    assert found.json["outlook"]["twice"]["low"] <= found.json["outlook"]["twice"]["high"]
    assert "168 rows" in cli("learning-curve", "--show", "curve").out
    assert len({run.environment()["held_out_fingerprint"] for run in run_folders(home)}) == 1


def test_two_runs_row_by_row(cli: Cli, trained: Path) -> None:
    """The same run twice: nothing was fixed and nothing broken."""
    (name,) = [run["name"] for run in cli("runs", "--home", trained, "--json").json]
    rows = cli("compare", name, name, "--rows", "--home", trained, "--json").json["rows"]
    assert rows["compared"] == 12
    assert rows["fixed"] == rows["broken"] == []
    assert rows["left_out"] == 0


def test_notes(cli: Cli, trained: Path) -> None:
    said = cli(
        "note", "topics", "the first one", "--tag", "baseline", "--star", "--home", trained, "--json"
    ).json
    assert (said["note"], said["tags"], said["star"]) == ("the first one", ["baseline"], True)
    assert "★ the first one #baseline" in cli("note", "topics", "--home", trained).out
    assert "#baseline" in cli("compare", "topics", "--home", trained).out
    cleared = cli("note", "topics", "", "--untag", "baseline", "--unstar", "--home", trained)
    assert "nothing is written" in cleared.out
