"""Short ways to real runs of tiny models."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.run.events import Event
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe, with_overrides
from workbench.session import training

Run = Callable[..., tuple[RunFolder, list[Event]]]


class StopAfter(training.Control):
    """Asks to stop when this many steps are done."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._step = step

    def between_steps(self, live: Any) -> None:
        if live.step >= self._step:
            self.stop()


@pytest.fixture
def recipe(tiny_bert: Path, tiny_csv: Path) -> Callable[..., Recipe]:
    """A quick classification recipe with overrides such as "training.epochs=2"."""

    return functools.partial(quick_recipe, tiny_bert, tiny_csv)


def quick_recipe(model: Path, data: Path, *overrides: str) -> Recipe:
    """A quick classification recipe of a model folder and a table."""
    base = {
        "model": {"source": str(model)},
        "data": {"train": str(data), "validation": 0.25},
        "film": {"on": False},  # it takes longer than a tiny model's training
        "training": {"batch_size": 16, "epochs": 2, "learning_rate": 3e-3, "device": "cpu"},
    }
    return parse_recipe(with_overrides(base, overrides))


@pytest.fixture
def lm_recipe(tiny_llama: Path, tiny_text: Path) -> Callable[..., Recipe]:
    """A quick language-model recipe with overrides."""

    def make(*overrides: str) -> Recipe:
        base = {
            "model": {"source": str(tiny_llama)},
            "data": {"train": str(tiny_text)},
            "task": {"kind": "causal-lm"},
            "film": {"on": False},
            "training": {
                "batch_size": 8,
                "max_steps": 12,
                "max_length": 64,
                "learning_rate": 5e-3,
                "device": "cpu",
            },
        }
        return parse_recipe(with_overrides(base, overrides))

    return make


@pytest.fixture
def chat_recipe(tiny_llama: Path, tmp_path: Path) -> Callable[..., Recipe]:
    """A quick recipe of 60 questions and answers, with overrides."""
    rows = [
        {"question": f"Say {word} {i}", "answer": f"{word}."} for i in range(30) for word in ("yes", "no")
    ]
    data = tmp_path / "answers.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    def make(*overrides: str) -> Recipe:
        base = {
            "model": {"source": str(tiny_llama)},
            "data": {"train": str(data), "validation": 0.2},
            "task": {"kind": "chat"},
            "film": {"on": False},
            "training": {
                "batch_size": 8,
                "max_steps": 24,
                "max_length": 96,
                "learning_rate": 5e-3,
                "device": "cpu",
            },
        }
        return parse_recipe(with_overrides(base, overrides))

    return make


@pytest.fixture
def run(home: Home) -> Run:
    """Carry out a recipe in this test's home and return the run folder and all events; `check` tries first
    whether it fits, as Start does."""

    def carry_out(
        recipe: Recipe, control: Any = None, *, check: bool = False
    ) -> tuple[RunFolder, list[Event]]:
        prepared = dataclasses.replace(training.begin(home, recipe), fits=not check)
        return prepared.folder, list(training.carry_out(prepared, control or training.Control()))

    return carry_out
