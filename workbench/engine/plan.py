"""The plan of a run: how many steps there are, and after which of them something happens."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from workbench.engine.batches import Batches
from workbench.engine.task import Goods
from workbench.run.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Plan:
    """How many steps there are, and after which of them something happens. `epoch_ends` holds the last step of
    each epoch that the run begins."""

    epoch_ends: tuple[int, ...]
    total: int
    eval_every: int
    checkpoint_every: int

    @property
    def steps_per_epoch(self) -> int:
        """Steps of the first epoch."""
        return self.epoch_ends[0]

    def evaluates(self, step: int) -> bool:
        """Whether the held-out rows are measured after this step."""
        return step % self.eval_every == 0 or step == self.total

    def saves(self, step: int) -> bool:
        """Whether a checkpoint is written after this step; by itself, at the end of each epoch."""
        if step == self.total or (self.checkpoint_every and step % self.checkpoint_every == 0):
            return True
        return not self.checkpoint_every and step in self.epoch_ends

    def measurements_after(self, step: int) -> int:
        """How many measurements come after this step."""
        last = self.total % self.eval_every != 0 and step < self.total
        return self.total // self.eval_every - step // self.eval_every + last

    def checkpoints_after(self, step: int) -> int:
        """How many checkpoints are written after this step."""
        if step >= self.total:
            return 0
        if not self.checkpoint_every:
            return sum(step < end < self.total for end in self.epoch_ends) + 1
        last = self.total % self.checkpoint_every != 0
        return self.total // self.checkpoint_every - step // self.checkpoint_every + last

    def place(self, step: int) -> tuple[int, int]:
        """The epoch, counted from 0, that the step after this one belongs to, and its number in it from 0."""
        epoch = bisect_right(self.epoch_ends, step)
        return epoch, step - (self.epoch_ends[epoch - 1] if epoch else 0)

    def epochs_done(self, step: int) -> float:
        """How many epochs are done after this step."""
        epoch, within = self.place(step)
        if not within:
            return float(epoch)
        begin = self.epoch_ends[epoch - 1] if epoch else 0
        return epoch + within / (self.epoch_ends[epoch] - begin)


def make_plan(recipe: Recipe, goods: Goods, batches: Batches) -> Plan:
    """The plan of a run. By itself, measuring happens four times an epoch, but so seldom that it stays below
    about a tenth of the training time (a forward pass costs about a third of a training step)."""
    settings = recipe.training
    whole, part = int(settings.epochs), settings.epochs % 1
    counts: list[int] = []
    for epoch in range(whole + (part > 0)):
        counts.append(batches.count(epoch))
        if settings.max_steps and sum(counts) >= settings.max_steps:  # later epochs are not begun
            whole, part = len(counts), 0.0
            break
    ends = tuple(accumulate(counts))
    # A sum of rounded-up parts, so that 0.5 epochs of 3 steps are 2.
    total = (ends[whole - 1] if whole else 0) + (math.ceil(counts[-1] * part - 1e-9) if part else 0)
    total = max(1, total)
    if settings.max_steps:
        total = min(total, settings.max_steps)
    per_epoch = ends[0]
    cheap = math.ceil(10 / 3 * len(goods.validation) / settings.batch_size)
    eval_every = settings.eval_every or max(math.ceil(per_epoch / 4), cheap, 1)
    return Plan(ends, total, eval_every, settings.checkpoint_every)
