"""DoRA: LoRA for the direction of each output's weights, and a trained length (Liu et al. 2024), by peft."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from workbench.engine.additions import ADAPTER, LinearAdditions, frozen_parameter
from workbench.run.recipe import Recipe


class Dora(LinearAdditions):
    """m·(W + ΔW)/‖W + ΔW‖ for each output, ΔW = (alpha/rank)·B·A, with W frozen and m, A and B trained.

    As in the paper (section 4.3) the norm counts as a constant for the gradient.
    """

    kind: ClassVar[str] = "dora"

    def config(self, recipe: Recipe, names: list[str], *, turned: bool) -> Any:
        from peft import LoraConfig

        settings = recipe.weights
        return LoraConfig(
            r=settings.lora_rank,
            lora_alpha=settings.lora_alpha,  # type: ignore[arg-type]  # any number does
            lora_dropout=settings.lora_dropout,
            target_modules=names,
            fan_in_fan_out=turned,
            use_dora=True,
        )

    def merge(self, layer: Any, base: Any) -> None:
        total = base.weight + layer.get_delta_weight(ADAPTER)
        inputs = 0 if layer.fan_in_fan_out else 1
        factor = layer.lora_magnitude_vector[ADAPTER].weight / torch.linalg.vector_norm(total, dim=inputs)
        base.weight = frozen_parameter(total * factor.unsqueeze(inputs))
