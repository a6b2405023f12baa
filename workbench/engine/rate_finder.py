"""The learning-rate finder: real training steps on a throw-away model, at rates that rise until the loss does."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from pathlib import Path

from workbench.engine.assembly import assemble, no_models
from workbench.engine.batches import Batches, Indexes
from workbench.engine.stepper import Stepper
from workbench.engine.task import Goods, Rows, Task
from workbench.run.rates import RatePoint
from workbench.run.recipe import Recipe

#: What each step keeps of the smoothed loss.
KEEPS = 0.9
#: The search is over when the smoothed loss is this many times the best one.
DIVERGED = 4.0


def find_rate(
    recipe: Recipe,
    task: Task,
    rows: Rows,
    goods: Goods,
    check: Callable[[], object] = lambda: None,
    *,
    steps: int = 100,
    low: float = 1e-7,
    high: float = 1.0,
    resolve: Callable[[str], Path] = no_models,
) -> Iterator[RatePoint]:
    """Raise the rate exponentially from `low` to `high` and tell each step's loss (Smith 2017).

    The steps are those of a run of this recipe, with its batches, optimizer, methods and precision; only the
    schedule is another. The smoothed loss is s_t / (1 − 0.9^t), with s_t = 0.9 s_{t−1} + 0.1 loss_t. It ends early
    when the loss is no number, or the smoothed loss is four times its best. The model is spoilt afterwards.

    Args:
        recipe: The run's recipe.
        task: Its task.
        rows: What the task read.
        goods: Model, tokenizer and encoded rows.
        check: Called before each step; may raise to end the search.
        steps: How many at most, at least 2.
        low: The first rate.
        high: The last one.
        resolve: Gives the folder of a model by a recipe's name for it.
    """
    assembly = assemble(recipe, task, rows, goods, steps)
    assembly.begin(resolve)
    settings = recipe.training
    stepper = Stepper(
        assembly, goods.train, parts=settings.accumulation, max_grad_norm=settings.max_grad_norm
    )
    batches = _without_end(Batches(goods.train.lengths, settings))
    kept, best = 0.0, math.inf
    for step in range(1, steps + 1):
        check()
        rate = low * (high / low) ** ((step - 1) / (steps - 1))
        stepper.take(next(batches), rate, step, 0.0)
        (event,), _ = stepper.report()
        if not math.isfinite(event.loss):
            return
        kept = KEEPS * kept + (1 - KEEPS) * event.loss
        smoothed = kept / (1 - KEEPS**step)
        yield RatePoint(step, rate, event.loss, smoothed)
        best = min(best, smoothed)
        if smoothed > DIVERGED * best:
            return


def _without_end(batches: Batches) -> Iterator[Indexes]:
    for epoch in itertools.count():
        yield from batches.epoch(epoch)
