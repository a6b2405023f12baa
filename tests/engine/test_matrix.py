"""Resuming is exact in every combination: each pair of choices in the form stands together in one of these runs."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engine.conftest import Run, StopAfter
from workbench.engine.method import method_complaints
from workbench.run.events import Ended, Evaluated, Event, Notice, Started, Step
from workbench.run.folder import RunFolder
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe, with_overrides
from workbench.session import training
from workbench.tasks import task_named

#: The choices of the form that a resumed run could stumble over, as overrides.
CHOICES: dict[str, tuple[str, ...]] = {
    "batching": (
        "training.batching=by-length",
        "training.batching=token-budget",
        "training.batching=shuffled",
    ),
    "parts": ("training.accumulation=1", "training.accumulation=3"),
    "precision": ("training.precision=fp32", "training.precision=bf16"),
    "optimizer": tuple(f"training.optimizer={name}" for name in ("adamw", "nesterov", "adafactor", "lion")),
    "schedule": (
        "training.schedule=linear",
        "training.schedule=cosine-restarts",
        "training.schedule=plateau training.plateau_patience=1 training.minimum_gain=1",
        "training.schedule=warmup-stable-decay training.warmup_steps=2",
    ),
    "average": (
        "",
        "regularisation.averaging=ema regularisation.ema_decay=0.7",
        "regularisation.averaging=swa regularisation.swa_start=0.3",
    ),
    "weights": ("", "weights.kind=lora", "weights.freeze_layers=1", "weights.layer_decay=0.8"),
    "noise": (
        "",
        "regularisation.mixup=0.4",
        "regularisation.r_drop=0.5",
        "regularisation.neftune=5.0",
        "regularisation.dropout=0.3",
    ),
    "adversary": ("", "adversarial.kind=fgm", "adversarial.kind=pgd adversarial.steps=2"),
    "loss": ("", "loss.kind=focal", "loss.class_weights=balanced", "loss.label_smoothing=0.1"),
    "measuring": (
        "training.eval_every=0",
        "training.eval_every=1 training.early_stopping=9",
        "training.eval_every=3",
    ),
    "activations": ("", "training.gradient_checkpointing=true"),
    "clip": ("", "training.max_grad_norm=0"),
}
#: Further ways to train a part of the weights. They would make the table of pairs half as long again.
METHODS: dict[str, str] = {
    "dora": "weights.kind=dora",
    "adalora": "weights.kind=adalora",
    "ia3": "weights.kind=ia3",
    "bottleneck": "weights.kind=bottleneck",
    "prompt": "weights.kind=prompt weights.virtual_tokens=4",
    "prefix": "weights.kind=prefix weights.virtual_tokens=4",
    "unfreeze": "weights.unfreeze=0.9",
}
STEPS = 4
COURSE = (f"training.max_steps={STEPS}", "training.checkpoint_every=2")


def allowed(row: tuple[str, ...]) -> bool:
    """Whether the form allows the combination; what cannot be had is refused there."""
    recipe = parse_recipe(with_overrides({}, " ".join(row).split()))
    return not method_complaints(recipe, task_named("text-classification"))


def pairs(row: tuple[str, ...]) -> set[tuple[int, str, int, str]]:
    return {(i, row[i], j, row[j]) for i, j in itertools.combinations(range(len(row)), 2)}


def rows() -> list[tuple[str, ...]]:
    """Combinations that together hold every allowed pair of choices, found greedily; the same every time."""
    chance = random.Random(0)
    names = list(CHOICES)
    open_pairs = {
        (i, a, j, b)
        for i, j in itertools.combinations(range(len(names)), 2)
        for a in CHOICES[names[i]]
        for b in CHOICES[names[j]]
    }
    found: list[tuple[str, ...]] = []
    while open_pairs:
        i, a, j, b = min(open_pairs)
        candidates = []
        for _ in range(60):
            row = [chance.choice(CHOICES[name]) for name in names]
            row[i], row[j] = a, b
            candidates.append(tuple(row))
        good = [row for row in candidates if allowed(row)]
        if not good:
            open_pairs.remove((i, a, j, b))  # this pair is refused
            continue
        best = max(good, key=lambda row: len(pairs(row) & open_pairs))
        open_pairs -= pairs(best)
        found.append(best)
    return found


ROWS = rows()


def told(events: list[Event], after: int) -> Iterator[Any]:
    """Everything that a run tells of the steps after this one, without times."""
    for event in events:
        match event:
            case Step() if event.step > after:
                yield event.step, event.epoch, event.loss, event.learning_rate, event.gradient_norm
            case Evaluated() if event.step >= after:  # one that the stop cut off is done after it
                yield event.step, event.metrics, event.best, event.confusion, event.split
            case Notice():
                if "learning rate is lowered" in event.text:
                    yield event.text
            case Ended():
                yield event.status, event.step, event.samples, event.metrics


def kept(folder: RunFolder) -> dict[str, str]:
    """The sums of all that the last checkpoint holds in tensors: weights, optimizer, methods, chance."""
    manifest = json.loads((folder.checkpoint_folders()[-1] / "manifest.json").read_text(encoding="utf-8"))
    assert len(manifest) > 3
    return {name: value for name, value in manifest.items() if name.endswith(".safetensors")}


def test_there_are_enough_combinations_and_every_choice_is_among_them() -> None:
    assert len(ROWS) >= 24
    for choice in itertools.chain.from_iterable(CHOICES.values()):
        assert any(choice in row for row in ROWS), choice


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_a_resumed_run_equals_the_one_that_was_not_stopped(
    number: int, run: Run, recipe: Callable[..., Recipe]
) -> None:
    overrides = " ".join(ROWS[number]).split()
    _resumes(run, recipe(*overrides, *COURSE), 1 + number % (STEPS - 1))


def _resumes(run: Run, chosen: Recipe, cut_at: int) -> None:
    """Stop the run after a step, go on with it, and compare everything with the run that was not stopped."""
    whole, events = run(chosen)
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert ended.status == "finished", ended.problem
    cut, first = run(chosen, StopAfter(cut_at))
    second = list(training.carry_out(training.reopen(cut), training.Control()))
    started = next(event for event in second if isinstance(event, Started))
    assert started.resumed_from == cut_at
    joined = [*told(first[:-1], 0), *told(second, cut_at)]
    assert joined == list(told(events, 0))
    assert kept(cut) == kept(whole)
    for file in ("model.safetensors",):
        assert (cut.model / file).read_bytes() == (whole.model / file).read_bytes()


def _companions(method: str, kind: str, count: int) -> list[str]:
    """Random choices that the form allows beside a method, as overrides; the same every time."""
    chance = random.Random(method)
    # The tiny language model has neither classes nor dropout.
    left_out = ("mixup", "class_weights", "r_drop") if kind == "causal-lm" else ()
    found: list[str] = []
    while len(found) < count:
        row = [METHODS[method]]
        for name, choices in CHOICES.items():
            if name != "weights":
                row.append(chance.choice([c for c in choices if not any(word in c for word in left_out)]))
        recipe = parse_recipe(with_overrides({"task": {"kind": kind}}, " ".join(row).split()))
        if not method_complaints(recipe, task_named(kind)):
            found.append(" ".join(row))
    return found


def _method_run(method: str, number: int, request: pytest.FixtureRequest) -> None:
    writes = method in ("prompt", "prefix")
    make: Callable[..., Recipe] = request.getfixturevalue("lm_recipe" if writes else "recipe")
    kind = "causal-lm" if writes else "text-classification"
    overrides = _companions(method, kind, number + 1)[number].split()
    _resumes(request.getfixturevalue("run"), make(*overrides, *COURSE), 1 + number % (STEPS - 1))


@pytest.mark.parametrize("method", METHODS)
def test_a_resumed_run_of_a_part_of_the_weights_is_equal(method: str, request: pytest.FixtureRequest) -> None:
    _method_run(method, 0, request)


@pytest.mark.heavy
@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("method", METHODS)
def test_and_in_many_combinations(method: str, number: int, request: pytest.FixtureRequest) -> None:
    _method_run(method, number, request)
