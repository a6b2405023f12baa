"""Freezing: the first layers, and the table of token vectors, stay as they are."""

from __future__ import annotations

from typing import ClassVar

import torch

from workbench.engine.layers import input_embeddings, layers_of
from workbench.engine.method import Method
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe


class Freezing(Method):
    """Takes weights out of training. With LoRA, the additions in frozen layers stay at zero.

    Where a language model writes with the same table that it reads with, freezing the one freezes the other.
    """

    order: ClassVar[int] = 30

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.weights.freeze_layers > 0 or recipe.weights.freeze_embeddings

    def reshape(self, model: torch.nn.Module, recipe: Recipe) -> torch.nn.Module:
        wanted = recipe.weights.freeze_layers
        layers = layers_of(model)
        if wanted > len(layers):
            raise bad_input(
                f"weights.freeze_layers (Freeze layers): {wanted} layers cannot be frozen.",
                f"The model has {len(layers)}.",
                f"Choose at most {len(layers)}.",
                field="weights.freeze_layers",
            )
        for layer in layers[:wanted]:
            layer.requires_grad_(False)
        if recipe.weights.freeze_embeddings:
            table = input_embeddings(model)
            if table is None:
                raise bad_input(
                    "weights.freeze_embeddings (Freeze embeddings): the model has no table of token vectors.",
                    field="weights.freeze_embeddings",
                )
            table.requires_grad_(False)
        if not any(parameter.requires_grad for parameter in model.parameters()):
            raise bad_input(
                "weights.freeze_layers (Freeze layers): nothing would be left to learn.",
                "All weights of the model are frozen.",
                "Freeze fewer layers.",
                field="weights.freeze_layers",
            )
        return model
