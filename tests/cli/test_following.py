"""`runs --follow` and the jobs of `recipe`, on the command line."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Cli
from tests.session.recorded import events
from workbench.cli.console import Console
from workbench.cli.watch import watch
from workbench.run.folder import RunFolder, make_run
from workbench.run.history import History
from workbench.run.home import Home
from workbench.run.journal import Journal
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import load_recipe
from workbench.session import following

ROOT = Path(__file__).parents[2]
WORKER = """
import sys
from pathlib import Path
from tests.session.recorded import events
from workbench.run.folder import RunFolder
from workbench.run.journal import Journal
run = RunFolder(Path(sys.argv[1]))
with run.working(), Journal(run.journal_file) as journal:
    print("at work", flush=True)
    for event in events()[: None if sys.argv[2] == "ends" else -1]:
        journal.append(event)
    if sys.argv[2] == "dies":
        import os
        os._exit(1)
"""


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunFolder]:
    monkeypatch.setattr(following, "GRACE", 0.3)
    yield make_run(home, Recipe(name="far"))


def at_work(run: RunFolder, how: str) -> subprocess.Popen[str]:
    """Another process that trains the run, and ends or dies."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(run.path), how], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_run_of_another_process_is_shown_to_its_end(cli: Cli, run: RunFolder) -> None:
    with at_work(run, "ends"):
        said = cli("runs", "--follow", "far")
    assert said.code == 0
    assert "step 300, epoch 3.00: held-out accuracy 0.88" in said.err and "of 300, loss" in said.err
    assert "Finished after 300 steps" in said.out
    again = cli("runs", "--follow", run.path, "--json")
    assert (again.json["status"], again.json["steps"]) == ("finished", 300)


def test_a_run_that_dies_is_told_as_interrupted(cli: Cli, run: RunFolder) -> None:
    with at_work(run, "dies"):
        said = cli("runs", "--follow", "far", "--json")
    assert (said.code, said.json["status"], said.json["steps"]) == (1, "interrupted", 300)
    assert f"workbench resume {run.name}" in said.err


def test_what_cannot_be_followed_is_said(
    cli: Cli, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = cli("runs", "--follow", "nothing")
    assert missing.code == 2 and "There is no run 'nothing'" in missing.err
    monkeypatch.setenv("PATH", str(tmp_path))
    no_ssh = cli("runs", "--follow", "far:/runs/a")
    assert no_ssh.code == 2 and "no ssh on this machine" in no_ssh.err


@pytest.mark.parametrize("kind", ["accelerate", "slurm", "skypilot"])
def test_a_recipe_becomes_a_job(cli: Cli, tmp_path: Path, tiny_csv: Path, kind: str) -> None:
    jobs = tmp_path / "jobs"
    said = cli(
        "recipe", tiny_csv, f"--{kind}", "--nproc-per-node", 4, "--name", "My job", "-o", jobs, "--json"
    )
    assert said.code == 0
    assert said.json["folder"] == str(jobs)
    assert sorted(said.json["files"]) == sorted(path.name for path in jobs.iterdir())
    assert load_recipe(jobs / "my-job.toml").name == "My job"
    job = next(path for path in jobs.iterdir() if path.suffix != ".toml")
    assert job.name in said.json["command"]
    if kind == "slurm":
        subprocess.run(["bash", "-n", str(job)], check=True)
    else:
        assert isinstance(yaml.safe_load(job.read_text()), dict)


def test_bad_numbers_are_refused_before_anything_starts(cli: Cli, tiny_csv: Path, tmp_path: Path) -> None:
    assert cli("launch", tiny_csv, "--nproc-per-node", "two").code == 2
    alone = cli("launch", tiny_csv, "--nnodes", "2")
    assert alone.code == 2 and "--rdzv-endpoint" in alone.err
    both = cli("launch", tiny_csv, "--resume", "far", "--nproc-per-node", "2")
    assert both.code == 2 and "resumed as it was begun" in both.err
    missing = cli("launch", "--resume", "nothing", "--nproc-per-node", "2")
    assert missing.code == 2 and "There is no run 'nothing'" in missing.err


def test_a_resumed_run_that_is_followed_shows_the_new_part_only(run: RunFolder) -> None:
    with Journal(run.journal_file) as journal:
        written = [journal.append(event) for event in events()]
    said = io.StringIO()
    history = History()
    history.fold(written[:-6])
    status = watch(run, history, Console(io.StringIO(), said), threading.Event(), after=written[-7].index)
    assert status == "finished" and history.step == 300
    assert "step 300" in said.getvalue() and "step 60, epoch" not in said.getvalue()
