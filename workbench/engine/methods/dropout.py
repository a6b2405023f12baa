"""Another dropout than the model's own: every dropout of the model gets the recipe's share."""

from __future__ import annotations

from typing import ClassVar

import torch

from workbench.engine.method import Method
from workbench.run.recipe import Recipe


class DropoutOverride(Method):
    """Sets `torch.nn.Dropout` modules and the numbers that models hand to functional dropout.

    It stands before LoRA, whose additions have a dropout of their own.
    """

    order: ClassVar[int] = 10

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.regularisation.dropout >= 0

    def reshape(self, model: torch.nn.Module, recipe: Recipe) -> torch.nn.Module:
        share = recipe.regularisation.dropout
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = share
            for name in _numbers(module):
                setattr(module, name, share)
        return model


def has_dropout(model: torch.nn.Module) -> bool:
    """Whether anything in the model is dropped by chance while training, by torch's dropout or what stands for it."""
    return any(
        ("Dropout" in type(module).__name__ and float(getattr(module, "p", 0)) > 0)
        or any(getattr(module, name) > 0 for name in _numbers(module))
        for module in model.modules()
    )


def _numbers(module: torch.nn.Module) -> list[str]:
    """Attributes such as `attention_dropout` and `dropout_prob` that hold a share; `layerdrop` drops layers."""
    return [
        name
        for name, value in vars(module).items()
        if "dropout" in name and isinstance(value, int | float) and not isinstance(value, bool)
    ]
