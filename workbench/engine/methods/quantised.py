"""QLoRA: the frozen weights under LoRA or DoRA in 4 or 8 bits (Dettmers et al. 2023)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch

from workbench.engine.additions import linear_layers
from workbench.engine.devices import choose_device
from workbench.engine.method import Method
from workbench.engine.quantised import quantise, why_not
from workbench.engine.task import Task
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.recipe import Recipe

FIELD = "weights.base_bits"
#: The additions that know such layers.
KINDS = ("lora", "dora")


class Quantised(Method):
    """Keeps all linear layers of the body in few bits; the head and the tables stay as they are."""

    order: ClassVar[int] = 10
    keeps_base: ClassVar[bool] = True

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.weights.base_bits != "full"

    @classmethod
    def complaints(cls, recipe: Recipe, task: Task) -> Sequence[Problem]:
        bits = recipe.weights.base_bits
        found = []
        if recipe.weights.kind not in KINDS:
            found.append(
                Problem(
                    f"{FIELD} (Base weights): {bits} does not go together with {recipe.weights.kind}.",
                    "Weights in few bits cannot be trained; only additions beside them can.",
                    f"Choose {' or '.join(KINDS)} as Weights, or full base weights.",
                    field=FIELD,
                )
            )
        try:
            cause = why_not(choose_device(recipe.training.device))
        except WorkbenchError:  # that device is complained about by itself
            cause = ""
        if cause:
            found.append(
                Problem(
                    f"{FIELD} (Base weights): {bits} cannot be had here.",
                    cause,
                    "Choose full base weights; on a machine with an NVIDIA GPU: pip install bitsandbytes.",
                    field=FIELD,
                )
            )
        return found

    def reshape(self, model: torch.nn.Module, recipe: Recipe) -> torch.nn.Module:
        quantise(model, linear_layers(model, "all-linear"), recipe.weights.base_bits)
        return model
