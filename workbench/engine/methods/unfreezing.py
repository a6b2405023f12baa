"""Gradual unfreezing: layers begin to learn one after the other, from the last to the first (Howard and Ruder 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch

from workbench.engine.layers import input_embeddings, layers_of
from workbench.engine.method import Method, Workshop
from workbench.engine.task import Task
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe


def thawed(step: int, total: int, share: float, groups: int) -> int:
    """How many groups learn in a step, counted from 1: one at first, and all once this share of the run is over."""
    return min(groups, 1 + int((step - 1) * groups / max(1e-9, share * total)))


class Unfreezing(Method):
    """Takes the gradients of layers whose turn has not come. What stands behind the layers always learns; what stands
    before them, such as the table of token vectors, comes last.

    A step takes as long as without it: all gradients are computed. So a resumed run, several processes and compiled
    layers need to know nothing of it.
    """

    order: ClassVar[int] = 31

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.weights.unfreeze > 0

    @classmethod
    def complaints(cls, recipe: Recipe, task: Task) -> Sequence[Problem]:
        if recipe.weights.kind not in ("prefix", "prompt"):
            return ()
        return (
            Problem(
                f"weights.unfreeze (Unfreeze gradually) does not go together with {recipe.weights.kind}.",
                "No weight of a layer learns there.",
                "Set it to 0, or choose other Weights.",
                field="weights.unfreeze",
            ),
        )

    def begin(self, workshop: Workshop) -> None:
        self._share, self._total = workshop.recipe.weights.unfreeze, workshop.total
        self._groups = layer_groups(workshop.model)

    def before_step(self, step: int) -> None:
        if step < 1:  # a trial, which is to cost what the whole run costs
            return
        now = thawed(step, self._total, self._share, len(self._groups))
        for group in self._groups[now:]:
            for weight in group:
                weight.grad = None


def layer_groups(model: torch.nn.Module) -> list[list[torch.nn.Parameter]]:
    """The weights of each layer, last layer first; at the end all that stands before the layers."""
    layers = [list(layer.parameters()) for layer in layers_of(model)]
    inside = {id(weight) for layer in layers for weight in layer}
    table = input_embeddings(model)
    before = list(table.parameters()) if table is not None else []
    known = inside | {id(weight) for weight in before}
    for weight in model.parameters():  # registered in the order in which a text goes through them
        if id(weight) in inside:
            break
        if id(weight) not in known:
            before.append(weight)
    return [*reversed(layers), before]
