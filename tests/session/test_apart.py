"""Training in a process of its own: the same run, and a crash that is told and loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors.torch import load_file

from workbench.run.events import CheckpointSaved, Ended, Event, Step
from workbench.run.home import Home
from workbench.run.journal import read_journal
from workbench.run.orders import Order, SaveNow
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe, recipe_toml
from workbench.session import apart, training


@pytest.fixture
def recipe(tiny_bert: Path, tiny_csv: Path) -> Recipe:
    return parse_recipe(
        {
            "model": {"source": str(tiny_bert)},
            "data": {"train": str(tiny_csv), "validation": 0.25},
            "training": {"batch_size": 16, "epochs": 2.0, "checkpoint_every": 2, "device": "cpu"},
        }
    )


def losses(events: list[Event]) -> list[float]:
    return [event.loss for event in events if isinstance(event, Step)]


class SavesOnce(training.Control):
    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[Order] = [SaveNow()]

    def orders(self) -> list[Order]:
        found, self._waiting = self._waiting, []
        return found


def test_the_run_is_the_same_as_in_this_process(home: Home, recipe: Recipe) -> None:
    here = training.begin(home, recipe)
    expected = list(training.carry_out(here, training.Control()))
    there = training.begin(home, recipe)
    events = list(apart.carry_out(there, SavesOnce()))
    assert losses(events) == losses(expected)
    assert any(isinstance(event, CheckpointSaved) and event.mark for event in events)  # the order was heard
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"
    left, right = (load_file(run.folder.model / "model.safetensors") for run in (here, there))
    assert all(torch.equal(left[name], right[name]) for name in left)
    assert there.folder.status() == "finished" and losses(read_journal(there.folder.journal_file)) == losses(
        events
    )


class Kills(training.Control):
    """Ends the child with a signal, from the window's side, once its first checkpoint is there."""

    def __init__(self, folder: Path, number: int) -> None:
        super().__init__()
        self._folder, self._number = folder, number
        self.when = 0.0

    def serve(self, live: Any) -> None:
        if not self.when and list(self._folder.glob("checkpoints/step-*")):
            self.when = time.monotonic()
            for child in psutil.Process().children():
                child.send_signal(self._number)


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGSEGV, marks=pytest.mark.heavy)])
def test_a_crash_is_told_with_its_cause_and_the_run_can_be_resumed(
    home: Home, recipe: Recipe, number: signal.Signals
) -> None:
    long = recipe.model_copy(update={"training": recipe.training.model_copy(update={"epochs": 200.0})})
    prepared = training.begin(home, long)
    control = Kills(prepared.folder.path, number)
    events = list(apart.carry_out(prepared, control))
    assert time.monotonic() - control.when < 30
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.status == "failed" and ended.problem
    assert number.name in ended.problem.cause and "resume" in ended.problem.remedy
    assert prepared.folder.status() == "interrupted"
    assert training.reopen(prepared.folder).checkpoint is not None
    assert not psutil.Process().children()


PARENT = """
import sys
from pathlib import Path
from workbench.run.home import Home
from workbench.run.recipe_files import load_recipe
from workbench.session import apart, training

prepared = training.begin(Home(Path(sys.argv[1])), load_recipe(Path(sys.argv[2])))
for event in apart.carry_out(prepared, training.Control()):
    print(event.kind, flush=True)
"""


def test_no_orphan_is_left_when_the_window_is_killed(home: Home, recipe: Recipe, tmp_path: Path) -> None:
    long = recipe.model_copy(update={"training": recipe.training.model_copy(update={"epochs": 900.0})})
    file = tmp_path / "recipe.toml"
    file.write_text(recipe_toml(long), encoding="utf-8")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(home.root), str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    watchdog = threading.Timer(120, parent.kill)
    watchdog.start()
    assert parent.stdout is not None
    with parent.stdout:
        while parent.stdout.readline().strip() != "checkpoint":
            assert parent.poll() is None, "the window's process ended by itself"
        (child,) = psutil.Process(parent.pid).children()
        parent.kill()
        parent.wait()
    watchdog.cancel()
    _, alive = psutil.wait_procs([child], timeout=5)
    assert not alive
