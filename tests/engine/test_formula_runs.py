"""Whole runs with every optimizer, schedule and loss: the rates are the schedule's, and they go on to the bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
import torch
from safetensors.torch import load_file

from tests.engine.conftest import Run, StopAfter
from workbench.run.events import Ended, Step
from workbench.run.folder import RunFolder
from workbench.run.method_fields import LossSection
from workbench.run.recipe import Recipe
from workbench.run.schedules import learning_rate
from workbench.run.training_fields import OptimizerKind, ScheduleKind
from workbench.session import training

Recipes = Callable[..., Recipe]

#: (optimizer, schedule, loss, more): each kind is in one of them.
RUNS = [
    ("adam", "cosine-restarts", "focal", ("training.restarts=2", "loss.class_weights=balanced")),
    ("sgd", "linear", "bce", ("training.final_rate=0.2", "loss.label_smoothing=0.1")),
    ("momentum", "cosine", "mse", ("training.warmup_steps=3", "weights.layer_decay=0.8")),
    ("nesterov", "polynomial", "huber", ("training.accumulation=3", "training.weight_decay=0.1")),
    ("adafactor", "exponential", "cross-entropy", ("training.final_rate=0.1", "training.batching=shuffled")),
    ("lion", "inverse-sqrt", "cross-entropy", ("training.warmup_steps=1", "weights.layer_decay=0.5")),
    ("ademamix", "warmup-stable-decay", "focal", ("training.decay_ratio=0.5",)),
    ("adamw", "constant", "cross-entropy", ("training.batching=token-budget",)),
    (
        "adamw",
        "plateau",
        "cross-entropy",
        ("training.plateau_patience=1", "training.minimum_gain=100", "training.eval_every=1"),
    ),
]


def test_every_kind_is_in_one_of_the_runs() -> None:
    optimizers, schedules, losses, _ = (set(kinds) for kinds in zip(*RUNS, strict=True))
    assert optimizers == {kind for kind in get_args(OptimizerKind) if not kind.endswith("8bit")}
    assert schedules == set(get_args(ScheduleKind))
    assert losses == set(get_args(LossSection.model_fields["kind"].annotation))


def weights_in(folder: RunFolder) -> dict[str, torch.Tensor]:
    return load_file(folder.model / "model.safetensors")


def seen(events: list[object]) -> list[tuple[int, float, float, float]]:
    return [(e.step, e.loss, e.learning_rate, e.gradient_norm) for e in events if isinstance(e, Step)]


@pytest.mark.parametrize(("optimizer", "schedule", "loss", "more"), RUNS, ids=lambda part: str(part)[:16])
def test_a_run_uses_the_schedule_and_goes_on_to_the_bit(
    run: Run, recipe: Recipes, optimizer: str, schedule: str, loss: str, more: tuple[str, ...]
) -> None:
    kinds = (f"training.optimizer={optimizer}", f"training.schedule={schedule}", f"loss.kind={loss}")
    chosen = recipe(*kinds, "training.max_steps=6", *more)
    whole, events = run(chosen)
    assert isinstance(events[-1], Ended) and events[-1].status == "finished", events[-1]
    steps = seen(events)
    expected = [learning_rate(chosen.training, step, 6) for step in range(1, 7)]
    if schedule == "plateau":  # the first measurement is the only gain
        expected = [rate * 0.5 ** max(0, step - 2) for step, rate in enumerate(expected, 1)]
    assert [rate for _, _, rate, _ in steps] == pytest.approx(expected)

    cut, _ = run(chosen, StopAfter(3))
    resumed = list(training.carry_out(training.reopen(cut), training.Control()))
    assert seen(resumed) == steps[3:]
    a, b = weights_in(whole), weights_in(cut)
    assert a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_run_without_gain_ends_early_and_keeps_its_best_weights(run: Run, recipe: Recipes) -> None:
    patience = ("training.early_stopping=2", "training.minimum_gain=100", "training.eval_every=2")
    _, events = run(recipe(*patience, "training.epochs=9"))
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.status == "finished"
    assert ended.step == 6, "two measurements after the first one of trained weights"
