"""Gradient checkpointing: activations are computed again in the backward pass, so that few need to be kept."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from workbench.engine.method import Method
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe


class GradientCheckpointing(Method):
    """Keeps each layer's input alone. Dropout masks come out the same the second time, because torch puts its
    random state back for the repetition: the results are those without checkpointing, to the bit on the CPU."""

    order: ClassVar[int] = 40

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.training.gradient_checkpointing

    def reshape(self, model: torch.nn.Module, recipe: Recipe) -> torch.nn.Module:
        found: Any = model
        # The second name is the older one, which newer versions of transformers warn of.
        enable = getattr(found, "activation_checkpointing_enable", None) or getattr(
            found, "gradient_checkpointing_enable", None
        )
        try:
            if enable is None:
                raise ValueError(f"{type(model).__name__} is not a model of transformers.")
            enable({"use_reentrant": False})
        except ValueError as error:
            raise bad_input(
                "training.gradient_checkpointing (Recompute activations): the model cannot do this.",
                str(error),
                "Switch it off; a smaller batch or more parts per batch need less memory as well.",
                field="training.gradient_checkpointing",
            ) from error
        # transformers makes token vectors require gradients, which only the older, reentrant form needs.
        found.disable_input_require_grads()
        return model
