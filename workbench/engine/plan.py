"""The plan of a run: how many steps there are, and after which of them something happens."""

from __future__ import annotations

import math
from dataclasses import dataclass

from workbench.engine.task import Goods
from workbench.run.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Plan:
    """How many steps there are, and after which of them something happens."""

    steps_per_epoch: int
    total: int
    eval_every: int
    checkpoint_every: int

    def evaluates(self, step: int) -> bool:
        """Whether the held-out rows are measured after this step."""
        return step % self.eval_every == 0 or step == self.total

    def saves(self, step: int) -> bool:
        """Whether a checkpoint is written after this step."""
        return step % self.checkpoint_every == 0 or step == self.total


def make_plan(recipe: Recipe, goods: Goods) -> Plan:
    """The plan of a run. By itself, measuring happens four times an epoch, but so seldom that it stays below
    about a tenth of the training time (a forward pass costs about a third of a training step)."""
    settings = recipe.training
    per_epoch = math.ceil(len(goods.train) / settings.batch_size)
    total = max(1, math.ceil(per_epoch * settings.epochs))
    if settings.max_steps:
        total = min(total, settings.max_steps)
    cheap = math.ceil(10 / 3 * len(goods.validation) / settings.batch_size)
    eval_every = settings.eval_every or max(math.ceil(per_epoch / 4), cheap, 1)
    return Plan(per_epoch, total, eval_every, settings.checkpoint_every or per_epoch)
