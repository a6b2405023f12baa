"""R-Drop: each batch goes through twice, and the two answers must agree (Liang et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from workbench.engine.method import Forward, Method, Pass, Workshop
from workbench.engine.methods.dropout import has_dropout
from workbench.engine.task import Batch, Task
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.recipe import Recipe

FIELD = "regularisation.r_drop"


def disagreement(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """½·(KL(p‖q) + KL(q‖p)) summed over the terms, of two logits of shape (terms, classes)."""
    p, q = torch.log_softmax(first, dim=-1), torch.log_softmax(second, dim=-1)
    # (p − q)·(log p − log q) is both directions at once; probabilities that are 0 give 0, not NaN.
    return ((p.exp() - q.exp()) * (p - q)).sum() / 2


class RDrop(Method):
    """½·(loss₁ + loss₂) + α·½·(KL(p₁‖p₂) + KL(p₂‖p₁)) over the same terms."""

    order: ClassVar[int] = 80

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.regularisation.r_drop > 0

    @classmethod
    def complaints(cls, recipe: Recipe, task: Task) -> Sequence[Problem]:
        return without_probabilities(recipe, task, FIELD, "R-Drop")

    def begin(self, workshop: Workshop) -> None:
        self._alpha = workshop.recipe.regularisation.r_drop
        if not has_dropout(workshop.model) and workshop.recipe.regularisation.neftune == 0:
            raise bad_input(
                f"{FIELD} (R-Drop): this model has no dropout, so both answers are always the same.",
                "R-Drop learns from the difference that dropout makes.",
                "Set regularisation.dropout to 0.1, or R-Drop to 0.",
                field=FIELD,
            )

    def forward(self, inner: Forward) -> Forward:
        def twice(batch: Batch, **more: Any) -> Pass:
            first, second = inner(batch, **more), inner(batch, **more)
            agreed = self._alpha * disagreement(first.logits, second.logits)
            first.loss = (first.loss + second.loss) / 2 + agreed
            return first

        return twice


def without_probabilities(recipe: Recipe, task: Task, field: str, title: str) -> list[Problem]:
    """The complaint of a method that compares class probabilities about a loss that gives none."""
    try:
        kind = task.loss_section(recipe.loss).kind
    except WorkbenchError:  # told by itself
        return []
    if kind in {"cross-entropy", "focal"}:
        return []
    return [
        Problem(
            f"{field} ({title}): it does not go with the loss {kind}.",
            "It compares probabilities that sum to 1 over the classes, and this loss does not teach any.",
            "Choose the loss cross-entropy or focal where the task learns classes, or switch it off.",
            field=field,
        )
    ]
