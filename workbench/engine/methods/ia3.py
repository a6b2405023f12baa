"""IA3: trained factors for keys, values and the inside of the feed-forward parts (Liu et al. 2022), by peft."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from workbench.engine.additions import ADAPTER, LinearAdditions, frozen_parameter, linear_layers
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe


class Ia3(LinearAdditions):
    """One factor for each number of the keys, the values and the feed-forward parts' inner vectors.

    They begin at 1, where the model is the base model. There are very few of them: the learning rate may be ten to
    a hundred times LoRA's.
    """

    kind: ClassVar[str] = "ia3"

    def targets(self, model: torch.nn.Module, recipe: Recipe) -> list[str]:
        from peft.utils.constants import (
            TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING as INNER,
        )
        from peft.utils.constants import TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING as ALL

        found: Any = model
        kind = getattr(found.config, "model_type", "")
        if kind not in ALL or kind not in INNER:
            raise bad_input(
                f"weights.kind (Weights): ia3 does not know where the keys of a {kind or 'model like this'} are.",
                f"It knows them in: {', '.join(sorted(ALL))}.",
                "Choose lora, which works in every linear layer.",
                field="weights.kind",
            )
        names = linear_layers(model, ",".join(ALL[kind]))
        inner = set(linear_layers(model, ",".join(INNER[kind]))) if INNER[kind] else set()
        self._inner = [name for name in names if name in inner]
        return names

    def config(self, recipe: Recipe, names: list[str], *, turned: bool) -> Any:
        from peft import IA3Config

        return IA3Config(target_modules=names, feedforward_modules=self._inner, fan_in_fan_out=turned)

    def merge(self, layer: Any, base: Any) -> None:
        factors = layer.ia3_l[ADAPTER]
        base.weight = frozen_parameter(base.weight * (factors.T if layer.fan_in_fan_out else factors))
        if base.bias is not None and not layer.is_feedforward:  # those scale what goes in
            base.bias = frozen_parameter(base.bias * factors.flatten())
