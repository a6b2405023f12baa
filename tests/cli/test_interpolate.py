"""`workbench interpolate` on a real run of a tiny model: the ends of the line are the base and the run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.cli.conftest import Cli
from workbench.run.events import Evaluated
from workbench.run.folder import RunFolder
from workbench.run.journal import read_journal


def test_the_score_along_the_line_begins_at_the_base_and_ends_at_the_run(cli: Cli, trained: Path) -> None:
    said = cli("interpolate", "topics", "--along", "0,0.5,1", "--home", trained, "--json")
    assert said.code == 0
    points = said.json["points"]
    assert [point["alpha"] for point in points] == [0, 0.5, 1] and said.json["kept"] == []
    (folder,) = (RunFolder(path) for path in (trained / "runs").iterdir())
    measured = [event for event in read_journal(folder.journal_file) if isinstance(event, Evaluated)]
    best = [event for event in measured if event.best][-1]
    for point, event in ((points[0], measured[0]), (points[-1], best)):
        assert point["loss"] == pytest.approx(event.metrics["loss"], rel=1e-3)
        assert point["accuracy"] == pytest.approx(event.metrics["accuracy"], abs=1e-6)
    assert said.json["best"] in (0.5, 1) and points[-1]["loss"] < points[0]["loss"]
    said = cli("interpolate", "topics", "--along", "1", "--home", trained)
    assert said.code == 0 and "Best by accuracy" in said.out


def test_a_mixture_is_written_and_loads(cli: Cli, trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixture"
    said = cli("interpolate", "topics", "--alpha", "1", "-o", folder, "--home", trained, "--json")
    assert said.code == 0 and Path(said.json["output"]) == folder.resolve()
    (run,) = (trained / "runs").iterdir()
    ours, theirs = (load_file(place / "model.safetensors") for place in (folder, run / "model"))
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
    said = cli("attend", folder, "rain and wind", "--home", trained)
    assert said.code == 0
    again = cli("interpolate", "topics", "--alpha", "1", "-o", folder, "--home", trained)
    assert again.code == 2 and "there already" in again.err


def test_interpolate_says_what_is_wrong(cli: Cli, trained: Path, tmp_path: Path) -> None:
    for arguments, words in (
        ((), "not said what to do"),
        (("--alpha", "half", "-o", tmp_path / "x"), "no number"),
        (("--along", "0,7"), "of no use"),
    ):
        said = cli("interpolate", "topics", *arguments, "--home", trained)
        assert said.code == 2 and words in said.err
    assert not (tmp_path / "x").exists()
