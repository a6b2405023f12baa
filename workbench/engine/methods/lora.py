"""LoRA: small trained additions beside frozen weights (Hu et al. 2022), by the library peft."""

from __future__ import annotations

from typing import Any, ClassVar

from workbench.engine.additions import ADAPTER, LinearAdditions, frozen_parameter
from workbench.run.recipe import Recipe


class Lora(LinearAdditions):
    """W + (alpha/rank)·B·A in the chosen layers, with W frozen."""

    kind: ClassVar[str] = "lora"

    def config(self, recipe: Recipe, names: list[str], *, turned: bool) -> Any:
        from peft import LoraConfig

        settings = recipe.weights
        return LoraConfig(
            r=settings.lora_rank,
            lora_alpha=settings.lora_alpha,  # type: ignore[arg-type]  # any number does
            lora_dropout=settings.lora_dropout,
            target_modules=names,
            fan_in_fan_out=turned,
        )

    def merge(self, layer: Any, base: Any) -> None:
        base.weight = frozen_parameter(base.weight + layer.get_delta_weight(ADAPTER))
