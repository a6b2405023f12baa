"""One assembled training step on a tiny model, for tests of what stands between model and loss."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from workbench.engine.assembly import Assembly, assemble
from workbench.engine.method import Pass
from workbench.engine.task import Batch
from workbench.run.recipe import Recipe
from workbench.tasks import task_named


@dataclass(slots=True)
class Bench:
    """An assembly that has begun, with some rows to send through it."""

    assembly: Assembly
    model: Any

    def batch(self, rows: int = 6) -> Batch:
        """The first rows of the training side."""
        assembly = self.assembly
        return assembly.task.collate(assembly.goods.train, np.arange(rows), assembly.pad)

    def forward(self, batch: Batch, seed: int = 0, **more: Any) -> Pass:
        """A training pass whose chance comes from `seed`."""
        torch.manual_seed(seed)
        return self.assembly.forward(batch, **more)

    def losses(self, batch: Batch, seed: int = 0) -> list[float]:
        """The losses of a batch, each back-propagated as the training loop does."""
        passed = self.forward(batch, seed)
        passed.loss.backward()
        found = [float(passed.loss.detach())]
        for method in self.assembly.methods:
            for loss in method.more_losses(self.assembly.forward, batch):
                loss.backward()
                found.append(float(loss.detach()))
        return found

    def step(self, batch: Batch, number: int) -> list[float]:
        """One whole optimizer step."""
        found = self.losses(batch, seed=number)
        for method in self.assembly.methods:
            method.before_step(number)
        self.assembly.optimizer.step()
        self.assembly.optimizer.zero_grad()
        for method in self.assembly.methods:
            method.after_step(number)
        return found


def bench(recipe: Recipe, total: int = 10, resolve: Any = None) -> Bench:
    """Everything of a run up to its first step."""
    task = task_named(recipe.task.kind)
    rows = task.read(recipe)
    torch.manual_seed(recipe.training.seed)
    model, tokenizer = task.load(recipe, rows, Path(recipe.model.source))
    goods = task.encode(recipe, rows, model, tokenizer)
    assembly = assemble(recipe, task, rows, goods, total)
    assembly.begin(resolve or Path)
    return Bench(assembly, assembly.bare)
