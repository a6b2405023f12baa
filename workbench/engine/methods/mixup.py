"""Mixup on token vectors: pairs of rows and of their labels are blended (Zhang et al. 2018, Guo et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from workbench.engine.method import Blend, Forward, Method, Pass, Workshop
from workbench.engine.task import Batch, Task
from workbench.engine.token_vectors import changed, token_vectors
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe

FIELD = "regularisation.mixup"


class Mixup(Method):
    """λ·row + (1 − λ)·partner, with λ from Beta(α, α) for each batch and partners by a permutation of its rows.

    A token counts where either row has one. The loss is λ·loss(label) + (1 − λ)·loss(partner's label). The same
    batch is always blended in the same way, so that R-Drop compares two answers to one question and an adversary
    moves what it has seen the gradient of. A decoder reads its answer off the row's own last token, as without mixup.
    """

    order: ClassVar[int] = 60

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.regularisation.mixup > 0

    @classmethod
    def complaints(cls, recipe: Recipe, task: Task) -> Sequence[Problem]:
        found = []
        if task.kind != "text-classification":
            found.append(
                Problem(
                    f"{FIELD} (Mixup): only rows with one label each can be blended.",
                    f"The task {task.kind} has other rows.",
                    "Set it to 0.",
                    field=FIELD,
                )
            )
        if recipe.loss.kind == "focal":
            found.append(
                Problem(
                    f"{FIELD} (Mixup): it does not go with the focal loss.",
                    "focal looks harder at rows whose answer is unsure, and blended rows are meant to be unsure.",
                    "Choose another loss, or set mixup to 0.",
                    field=FIELD,
                )
            )
        return found

    def begin(self, workshop: Workshop) -> None:
        alpha = torch.tensor(workshop.recipe.regularisation.mixup, dtype=torch.float64)
        self._shares = torch.distributions.Beta(alpha, alpha)
        self._loss = workshop.loss
        self._vectors = token_vectors(workshop.model, FIELD, "Mixup")
        self._last: tuple[Batch, Blend] | None = None

    def forward(self, inner: Forward) -> Forward:
        def blended(batch: Batch, **more: Any) -> Pass:
            blend = self._blend_of(batch)
            mask = batch["attention_mask"]
            joined = batch | {"attention_mask": mask | mask[blend.partners]}
            with changed(self._vectors, blend.of):
                passed = inner(joined, **more)
            other = self._loss(passed.logits, passed.targets[blend.partners]).sum()
            passed.loss = blend.share * passed.loss + (1 - blend.share) * other
            passed.blend = blend
            return passed

        return blended

    def _blend_of(self, batch: Batch) -> Blend:
        if self._last is None or self._last[0] is not batch:
            rows = batch["input_ids"].shape[0]
            partners = torch.randperm(rows).to(batch["input_ids"].device, non_blocking=True)
            self._last = batch, Blend(partners, float(self._shares.sample()))
        return self._last[1]
