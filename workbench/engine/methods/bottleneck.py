"""Bottleneck adapters: a narrow trained network behind each frozen layer."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from workbench.engine.bottleneck import Bottleneck
from workbench.engine.layers import layers_of
from workbench.engine.parts import PartMethod
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe


class BottleneckAdapters(PartMethod):
    """Adds up(gelu(down(h))) to each layer's output, first of all nothing."""

    kind: ClassVar[str] = "bottleneck"

    def settings(self, model: Any, recipe: Recipe) -> dict[str, Any]:
        if not layers_of(model):
            raise bad_input(
                "weights.kind (Weights): this model has no layers that adapters can be put behind.",
                remedy="Choose lora.",
                field="weights.kind",
            )
        return {"kind": self.kind, "size": recipe.weights.bottleneck_size}

    def first_values(self, model: Any) -> None:
        for module in model.modules():
            if isinstance(module, Bottleneck):
                torch.nn.init.normal_(module.down.weight, std=module.down.in_features**-0.5)
