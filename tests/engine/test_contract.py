"""What every task must keep, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.engine.losses import build_loss
from workbench.engine.task import Goods, Rows, Task
from workbench.run.recipe import Recipe
from workbench.tasks import all_tasks, task_named

KINDS = sorted(all_tasks())


@pytest.fixture(params=KINDS)
def prepared(request: pytest.FixtureRequest) -> tuple[Task, Rows, Goods, Recipe]:
    """A task with real rows and a real tiny model."""
    makers = {
        "text-classification": "recipe",
        "causal-lm": "lm_recipe",
        "masked-lm": "masked_recipe",
        "chat": "chat_recipe",
        "preference": "preference_recipe",
        "seq2seq": "seq2seq_recipe",
        "multi-label": "multi_label_recipe",
        "regression": "regression_recipe",
        "token-classification": "tagged_recipe",
    }
    assert request.param in makers, "give the new task a recipe here"
    make: Callable[..., Recipe] = request.getfixturevalue(makers[request.param])
    # With pairs, so that everything that can be measured is.
    recipe = make(*(["masking.next_sentence=true"] if request.param == "masked-lm" else []))
    task = task_named(recipe.task.kind)
    rows = task.read(recipe)
    model, tokenizer = task.load(recipe, rows, Path(recipe.model.source))
    return task, rows, task.encode(recipe, rows, model, tokenizer), recipe


def test_a_task_says_what_it_is(prepared: tuple[Task, Rows, Goods, Recipe]) -> None:
    task = prepared[0]
    assert task.title and task.help.endswith(".")
    assert task.best_metric in task.metrics and "loss" in task.metrics


def _summed_loss(task: Task, goods: Goods, rows: np.ndarray, recipe: Recipe) -> float:
    batch = task.collate(goods.train, rows, 0)
    logits = task.logits(task.outputs(goods.model, batch), batch)
    targets = task.targets(batch)
    assert logits.dtype == torch.float32 and len(logits) == len(targets) == task.terms(goods.train, rows)
    each = build_loss(task.loss_section(recipe.loss))
    return float(each(logits, targets).sum())


def test_summed_losses_add_up_over_any_partition(prepared: tuple[Task, Rows, Goods, Recipe]) -> None:
    """Accumulating small batches equals one large batch, because losses are sums over terms."""
    task, _, goods, recipe = prepared
    goods.model.eval()
    rows = np.arange(min(9, len(goods.train)))
    with torch.no_grad():
        whole = _summed_loss(task, goods, rows, recipe)
        parts = [rows[:2], rows[2:3], rows[3:]]
        pieces = sum(_summed_loss(task, goods, p, recipe) for p in parts)
    assert pieces == pytest.approx(whole, rel=1e-4)
    assert sum(task.terms(goods.train, p) for p in parts) == task.terms(goods.train, rows)


def test_measured_metrics_are_those_it_promises(prepared: tuple[Task, Rows, Goods, Recipe]) -> None:
    task, rows, goods, _ = prepared
    goods.model.eval()
    every = np.arange(len(goods.validation))
    with torch.no_grad():
        part = task.score(goods.model, task.collate(goods.validation, every, 0), every)
    measured = task.summarise([part], goods.validation, rows)
    assert set(measured.metrics) == set(task.metrics)
    assert all(isinstance(value, float) for value in measured.metrics.values())


def test_reading_twice_gives_the_same_rows(prepared: tuple[Task, Rows, Goods, Recipe]) -> None:
    task, rows, _, recipe = prepared
    again = task.read(recipe)
    assert again.content == rows.content and again.fingerprint == rows.fingerprint
