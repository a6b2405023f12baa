"""LoRA: small trained additions beside frozen weights (Hu et al. 2022), by the library peft."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from transformers.pytorch_utils import Conv1D

from workbench.engine.method import Method
from workbench.engine.twin import twin_of
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe import Recipe

FIELD = "weights.lora_targets"
ADAPTER = "default"


class Lora(Method):
    """W + (alpha/rank)·B·A in the chosen layers, with W frozen; a classifier's head is trained whole.

    The additions are put into the model in place: it stays an object of its own class, which attention, generation
    and saving know how to treat.
    """

    order: ClassVar[int] = 20
    keeps_base: ClassVar[bool] = True

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.weights.kind == "lora"

    def reshape(self, model: torch.nn.Module, recipe: Recipe) -> torch.nn.Module:
        from peft import LoraConfig, inject_adapter_in_model  # seconds to import, and seldom wanted

        settings = recipe.weights
        heads = [head for _, head in _heads(model)]
        names = _targets(model, settings.lora_targets)
        config = LoraConfig(
            r=settings.lora_rank,
            lora_alpha=settings.lora_alpha,  # type: ignore[arg-type]  # any number does
            lora_dropout=settings.lora_dropout,
            target_modules=names,
            # GPT-2 and its kin keep their matrices the other way round.
            fan_in_fan_out=isinstance(model.get_submodule(names[0]), Conv1D),
        )
        inject_adapter_in_model(config, model, ADAPTER)
        for head in heads:
            head.requires_grad_(True)
        return model

    def portable(self, model: torch.nn.Module) -> torch.nn.Module:
        """A twin in which every addition is added to its weight; the additions themselves are gone."""
        with torch.no_grad():
            merged = twin_of(model, _merged)
        vars(merged).pop("peft_config", None)
        return merged


def _merged(module: torch.nn.Module) -> torch.nn.Module | None:
    """For a layer with an addition, a layer of the original class with the sum of both."""
    from peft.tuners.lora import LoraLayer

    if not isinstance(module, LoraLayer):
        return None
    addition: Any = module
    base = twin_of(addition.get_base_layer())
    base.weight = torch.nn.Parameter(base.weight + addition.get_delta_weight(ADAPTER), requires_grad=False)
    return base


def _heads(model: torch.nn.Module) -> list[tuple[str, torch.nn.Module]]:
    """What stands on top of the pre-trained body, save a language model's own table of output vectors."""
    found: Any = model
    body = getattr(model, getattr(found, "base_model_prefix", ""), model)
    own = found.get_output_embeddings()
    return [
        (name, child)
        for name, child in model.named_children()
        if body is not model and child is not body and (own is None or own not in child.modules())
    ]


def _targets(model: torch.nn.Module, wanted: str) -> list[str]:
    """The full names of the layers that get additions, in the model's order."""
    found: Any = model
    left_out = {name for name, _ in _heads(model)}
    possible = [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear | Conv1D)
        and name.split(".")[0] not in left_out
        and module is not found.get_output_embeddings()
    ]
    if wanted.strip() == "all-linear":
        if not possible:
            raise _not_there("The model has no linear layers that LoRA knows.")
        return possible
    parts = [part.strip() for part in wanted.split(",") if part.strip()]
    for part in parts:
        if not any(_ends(name, part) for name in possible):
            ends = ", ".join(sorted({name.rpartition(".")[2] for name in possible}))
            raise _not_there(f"No linear layer is called {part}. There are: {ends}.")
    if not parts:
        raise _not_there("No layer is named.")
    return [name for name in possible if any(_ends(name, part) for part in parts)]


def _ends(name: str, part: str) -> bool:
    return name == part or name.endswith(f".{part}")


def _not_there(cause: str) -> WorkbenchError:
    return bad_input(
        f"{FIELD} (LoRA targets): there is nothing to add to.",
        cause,
        "Choose all-linear, or names of layers of this model.",
        field=FIELD,
    )
