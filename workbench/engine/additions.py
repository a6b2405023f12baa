"""Small trained parts inside frozen linear layers, put there by the library peft and merged into the weights."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from transformers.pytorch_utils import Conv1D

from workbench.engine.method import Method
from workbench.engine.quantised import plain_layer
from workbench.engine.twin import twin_of
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe import Recipe

FIELD = "weights.lora_targets"
#: What peft calls the one set of additions that a model has.
ADAPTER = "default"


class LinearAdditions(Method):
    """Additions to chosen linear layers, which stay frozen; a classifier's head is trained whole.

    They are put into the model in place: it stays an object of its own class, which attention, generation and
    saving know how to treat.
    """

    order: ClassVar[int] = 20
    keeps_base: ClassVar[bool] = True
    #: The choice of `weights.kind` that wants it.
    kind: ClassVar[str]

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.weights.kind == cls.kind

    def reshape(self, model: torch.nn.Module, recipe: Recipe) -> torch.nn.Module:
        from peft import inject_adapter_in_model  # seconds to import, and seldom wanted

        heads = [head for _, head in heads_of(model)]
        names = self.targets(model, recipe)
        # GPT-2 and its kin keep their matrices the other way round.
        turned = isinstance(model.get_submodule(names[0]), Conv1D)
        inject_adapter_in_model(self.config(recipe, names, turned=turned), model, ADAPTER)
        for head in heads:
            head.requires_grad_(True)
        return model

    def targets(self, model: torch.nn.Module, recipe: Recipe) -> list[str]:
        """The full names of the layers that get additions."""
        return linear_layers(model, recipe.weights.lora_targets)

    @abstractmethod
    def config(self, recipe: Recipe, names: list[str], *, turned: bool) -> Any:
        """What peft is to put into these layers; `turned` says that their matrices are (in, out)."""

    @abstractmethod
    def merge(self, layer: Any, base: Any) -> None:
        """Give `base`, a copy of the layer without its addition, the weights that do what both do together."""

    def portable(self, model: torch.nn.Module) -> torch.nn.Module:
        """A twin in which every addition is a part of its weight; the additions themselves are gone."""
        with torch.no_grad():
            merged = twin_of(model, self._merged)
        vars(merged).pop("peft_config", None)
        return merged

    def _merged(self, module: torch.nn.Module) -> torch.nn.Module | None:
        """For a layer with an addition, a layer of the original class that does what both do."""
        from peft.tuners.tuners_utils import BaseTunerLayer

        if not isinstance(module, BaseTunerLayer):
            return plain_layer(module)
        under = module.get_base_layer()
        base = plain_layer(under) or twin_of(under)
        self.merge(module, base)
        return base


def frozen_parameter(values: torch.Tensor) -> torch.nn.Parameter:
    """A weight that does not learn."""
    return torch.nn.Parameter(values, requires_grad=False)


def heads_of(model: torch.nn.Module) -> list[tuple[str, torch.nn.Module]]:
    """What stands on top of the pre-trained body, save a language model's own table of output vectors."""
    found: Any = model
    body = getattr(model, getattr(found, "base_model_prefix", ""), model)
    own = found.get_output_embeddings()
    return [
        (name, child)
        for name, child in model.named_children()
        if body is not model and child is not body and (own is None or own not in child.modules())
    ]


def linear_layers(model: torch.nn.Module, wanted: str) -> list[str]:
    """The full names of the linear layers that are meant, in the model's order.

    Args:
        model: A model of transformers.
        wanted: "all-linear", or ends of names, separated by commas.

    Raises:
        WorkbenchError: When there are none, naming those that there are.
    """
    found: Any = model
    left_out = {name for name, _ in heads_of(model)}
    possible = [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear | Conv1D)
        and name.split(".")[0] not in left_out
        and module is not found.get_output_embeddings()
    ]
    if wanted.strip() == "all-linear":
        if not possible:
            raise _not_there("The model has no linear layers that additions can be put into.")
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
