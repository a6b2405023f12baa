"""The same recipe in several processes: one journal, the losses of one process, and what a lost process leaves."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.engine.conftest import Run
from workbench.run.events import CheckpointSaved, Ended, Evaluated, Event, Notice, Started, Step
from workbench.run.folder import RunFolder, run_folders
from workbench.run.home import Home
from workbench.run.journal import read_journal
from workbench.run.margins import FILE, Margins
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import recipe_toml

ROOT = Path(__file__).parents[2]
#: Long enough to be killed in the middle, and every batch is shared unevenly among two and four processes.
SETTINGS = (
    "training.epochs=10",
    "training.precision=fp32",
    "training.batch_size=13",
    "training.checkpoint_every=5",
)


@pytest.fixture
def chosen(recipe: Callable[..., Recipe], tmp_path: Path) -> Recipe:
    """A recipe whose model drops nothing out: each process draws other masks, so that losses would differ."""
    found = recipe(*SETTINGS)
    folder = tmp_path / "model"
    folder.mkdir()
    for file in Path(found.model.source).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    values = json.loads((folder / "config.json").read_text())
    values |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(values))
    return found.model_copy(update={"model": found.model.model_copy(update={"source": str(folder)})})


class Launches:
    """Starts `workbench launch`, and ends what is left of it."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self._file = folder / "recipe.toml"
        self._file.write_text(recipe_toml(recipe), encoding="utf-8")
        self.home = Home(folder / "several")
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, resume: str = "") -> subprocess.Popen[str]:
        what = ["--resume", resume] if resume else [str(self._file)]
        process = subprocess.Popen(
            [
                sys.executable, "-m", "workbench", "--home", str(self.home.root), "launch", *what, "--json", "--debug",
                *arguments,
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        self._started.append(process)
        return process

    def run(self) -> RunFolder:
        """The only run."""
        (found,) = run_folders(self.home)
        return found

    def wait_for(self, process: subprocess.Popen[str], kind: type[Event]) -> None:
        """Until the run has told of such an event."""
        while process.poll() is None:
            with suppress(ValueError):
                if any(isinstance(event, kind) for event in read_journal(self.run().journal_file)):
                    return
            time.sleep(0.05)  # another process works: there is nothing to wait on but its file
        pytest.fail(process.communicate()[1])

    def close(self) -> None:
        for process in self._started:
            with suppress(psutil.Error):
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
            process.kill()
            process.communicate()


@pytest.fixture
def launches(chosen: Recipe, tmp_path: Path) -> Iterator[Launches]:
    launches = Launches(chosen, tmp_path)
    yield launches
    launches.close()


def answer(process: subprocess.Popen[str], seconds: float = 240) -> dict[str, object]:
    out, err = process.communicate(timeout=seconds)
    assert out, err
    found: dict[str, object] = json.loads(out)
    return found | {"code": process.returncode, "said": err}


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def rank(process: subprocess.Popen[str], number: int) -> psutil.Process:
    (found,) = [child for child in family(process) if child.environ().get("RANK") == str(number)]
    return found


def steps(events: list[Event]) -> dict[int, Step]:
    """The steps by number; of what was done twice, the last."""
    return {event.step: event for event in events if isinstance(event, Step)}


def same(alone: list[Event], together: list[Event]) -> None:
    """The losses, gradients and held-out numbers agree to float tolerance."""
    one, several = steps(alone), steps(together)
    assert several.keys() == one.keys() and len(one) > 50
    for number, step in one.items():
        assert several[number].loss == pytest.approx(step.loss, rel=1e-4, abs=1e-5)
        assert several[number].gradient_norm == pytest.approx(step.gradient_norm, rel=1e-3, abs=1e-4)
    last = [[e for e in events if isinstance(e, Evaluated)][-1].metrics for events in (alone, together)]
    assert last[1]["loss"] == pytest.approx(last[0]["loss"], rel=1e-4, abs=1e-5)
    assert last[1]["accuracy"] == last[0]["accuracy"]


@pytest.mark.parametrize("killed", [1])
def test_a_lost_process_interrupts_the_run_and_resumed_it_trains_as_one(
    run: Run, chosen: Recipe, launches: Launches, killed: int
) -> None:
    by_itself, alone = run(chosen)
    launch = launches.start("--nproc-per-node", "2")
    launches.wait_for(launch, CheckpointSaved)
    left = family(launch)
    began = time.monotonic()
    rank(launch, killed).kill()
    lost = answer(launch, 60)
    assert time.monotonic() - began < 30
    assert (lost["code"], lost["status"]) == (1, "interrupted"), lost
    assert "was cut off" in str(lost["said"]) and "--resume" in str(lost["said"])
    _, alive = psutil.wait_procs(left, timeout=10)
    assert not alive
    folder = launches.run()
    assert folder.status() == "interrupted"
    cut = read_journal(folder.journal_file)
    assert not any(isinstance(event, Ended) for event in cut)
    if killed:  # rank 0 was there to say why
        assert isinstance(cut[-1], Notice) and "gone" in cut[-1].text

    again = answer(launches.start("--nproc-per-node", "2", resume=folder.name))
    assert (again["code"], again["status"]) == (0, "finished"), again
    together = read_journal(launches.run().journal_file)
    begun = [event for event in together if isinstance(event, Started)]
    assert [event.resumed_from > 0 for event in begun] == [False, True]
    assert sum(isinstance(event, Ended) for event in together) == 1
    same(alone, together)
    assert (folder.model / "model.safetensors").is_file()
    # What was remembered of the rows is joined from both processes.
    one, both = (Margins.read(path / FILE) for path in (by_itself.path, folder.path))
    assert (both.keys == one.keys).all() and (both.seen == one.seen).all()
    assert both.margin == pytest.approx(one.margin, rel=1e-2, abs=1e-2)


@pytest.mark.heavy
def test_a_model_in_parts_trains_as_one_is_cut_off_and_goes_on_as_a_whole(
    run: Run, chosen: Recipe, launches: Launches
) -> None:
    _, alone = run(chosen)
    launch = launches.start("--nproc-per-node", "2", "--strategy", "fsdp2")
    launches.wait_for(launch, CheckpointSaved)
    rank(launch, 1).kill()
    assert answer(launch, 60)["status"] == "interrupted"
    again = answer(launches.start("--nproc-per-node", "2", "--strategy", "fsdp2", resume=launches.run().name))
    assert (again["code"], again["status"]) == (0, "finished"), again
    folder = launches.run()
    same(alone, read_journal(folder.journal_file))
    # What it left is whole: other tools load it, and it scores what the run said.
    from transformers import AutoModelForSequenceClassification

    kept = AutoModelForSequenceClassification.from_pretrained(folder.model)
    assert not any(parameter.is_meta for parameter in kept.parameters())
    states = [folder.model, *(path / "model" for path in folder.checkpoint_folders())]
    assert all((path / "model.safetensors").stat().st_size > 4 * kept.num_parameters() for path in states)


@pytest.mark.heavy
def test_a_model_in_parts_refuses_what_needs_the_whole(chosen: Recipe, tmp_path: Path) -> None:
    training = chosen.training.model_copy(update={"optimizer": "adafactor"})
    launches = Launches(chosen.model_copy(update={"training": training}), tmp_path)
    refused = answer(launches.start("--nproc-per-node", "2", "--strategy", "fsdp2"), 120)
    launches.close()
    assert refused["code"] == 2 and "adafactor does not work on parts" in str(refused["said"])


@pytest.mark.heavy
def test_a_run_that_loses_its_first_process_is_interrupted_too(
    run: Run, chosen: Recipe, launches: Launches
) -> None:
    test_a_lost_process_interrupts_the_run_and_resumed_it_trains_as_one(run, chosen, launches, 0)


@pytest.mark.heavy
@pytest.mark.parametrize("how", ["signal", "kill"])
def test_asked_to_stop_it_saves_and_without_its_launcher_nothing_is_left(
    launches: Launches, how: str
) -> None:
    launch = launches.start("--nproc-per-node", "2")
    launches.wait_for(launch, Step)
    left = family(launch)
    if how == "signal":
        launch.send_signal(signal.SIGINT)
        stopped = answer(launch, 60)
        assert (stopped["code"], stopped["status"]) == (0, "stopped"), stopped
        assert launches.run().checkpoint_folders()
    else:
        launch.kill()
    _, alive = psutil.wait_procs(left, timeout=10)
    assert not alive
    assert launches.run().status() == ("stopped" if how == "signal" else "interrupted")


@pytest.mark.heavy
def test_two_machines_with_two_processes_each_train_as_one(
    run: Run, chosen: Recipe, launches: Launches
) -> None:
    _, alone = run(chosen)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fleet = [
        "--nnodes",
        "2",
        "--nproc-per-node",
        "2",
        "--rdzv-endpoint",
        f"127.0.0.1:{port}",
        "--rdzv-id",
        "test",
    ]
    machines = [launches.start(*fleet) for _ in range(2)]
    answers = [answer(machine) for machine in machines]
    assert [found["code"] for found in answers] == [0, 0], answers
    # One of them has the first process, and records the run.
    assert sorted(found["run"] is None for found in answers) == [False, True]
    together = read_journal(launches.run().journal_file)
    assert sum(isinstance(event, Ended) for event in together) == 1
    same(alone, together)


@pytest.mark.heavy
def test_a_complaint_is_said_once_and_nothing_is_left(tmp_path: Path, chosen: Recipe) -> None:
    data = chosen.data.model_copy(update={"train": str(tmp_path / "missing.csv")})
    launches = Launches(chosen.model_copy(update={"data": data}), tmp_path)
    refused = answer(launches.start("--nproc-per-node", "2"), 120)
    assert (refused["code"], refused["status"], refused["run"]) == (2, "failed", None)
    assert str(refused["said"]).count("was not found") == 1, refused["said"]
    assert not run_folders(launches.home)
    launches.close()
