"""Whether the processes of a run share one model (FSDP2), and what a recipe must not ask for then."""

from __future__ import annotations

import os

import torch

from workbench.engine.method import wanted_methods
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe

#: Rules that look at each weight by itself, so that a part of a weight is stepped as it would be within the whole.
_RULES = ("adamw", "adam", "sgd", "momentum", "nesterov")
#: Methods that change neither what is trained nor how often a batch goes through the model.
_METHODS = ("GradientCheckpointing", "Freezing", "DropoutOverride", "RowMargins")


def sharding_wanted() -> bool:
    """Whether the processes of this run were started to share one model; the variables are Accelerate's."""
    several = os.environ.get("WORLD_SIZE", "1") != "1"
    return several and os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"


def sharding_problems(recipe: Recipe) -> list[Problem]:
    """What stands against sharding a recipe's model; nothing where it is not wanted."""
    if not sharding_wanted():
        return []
    found = []
    remedy = "Choose another, or start it with --strategy ddp."
    if recipe.training.optimizer not in _RULES:
        found.append(
            Problem(
                f"training.optimizer (Optimizer): {recipe.training.optimizer} does not work on parts of a model.",
                f"FSDP2 is tested with {', '.join(_RULES)}.",
                remedy,
                field="training.optimizer",
            )
        )
    if recipe.training.precision == "fp16":
        found.append(
            Problem(
                "training.precision (Precision): fp16 does not work on parts of a model.",
                "Its loss scaling looks at whole gradients.",
                remedy,
                field="training.precision",
            )
        )
    names = [type(method).__name__ for method in wanted_methods(recipe)]
    odd = [name for name in names if name not in _METHODS]
    if odd:
        found.append(Problem(f"{', '.join(odd)}: this does not work on parts of a model.", "", remedy))
    return found


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor itself, put together if it is sharded."""
    put_together = getattr(tensor, "full_tensor", None)
    full: torch.Tensor = put_together() if put_together else tensor
    return full
