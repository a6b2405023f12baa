"""The reference of preference tuning: what the model thought of the answers before it learned from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import torch

from workbench.engine.method import Method, Workshop
from workbench.engine.preferences import answer_log_probabilities
from workbench.engine.sharing import sharding_wanted
from workbench.engine.task import Batch, Task
from workbench.engine.twin import twin_of
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe

FIELD = "preference.objective"


class Reference(Method):
    """Adds `reference` to each batch: the log-probabilities of its answers under the model as it was.

    Where nothing but adapters learns, the model with its adapters switched off is the reference, which costs no
    memory. Otherwise it is a frozen copy, which costs what the trained weights cost. Either way each batch goes
    through a model once more, without gradients.
    """

    #: After every method that decides which weights learn.
    order: ClassVar[int] = 98
    #: So a resumed run begins with the base model too, of which the copy is made, and then loads what it had learned.
    keeps_base: ClassVar[bool] = True

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.task.kind == "preference" and recipe.preference.objective == "dpo"

    @classmethod
    def complaints(cls, recipe: Recipe, task: Task) -> Sequence[Problem]:
        if recipe.weights.kind == "all" and sharding_wanted():
            return [
                Problem(
                    f"{FIELD} (Preference loss): dpo cannot copy a model that processes share.",
                    "Each process would need the whole copy.",
                    "Choose LoRA, or orpo, which needs no copy.",
                    field=FIELD,
                )
            ]
        return ()

    def reshape(self, model: torch.nn.Module, recipe: Recipe) -> torch.nn.Module:
        # The weights are still those of the base model, whether the run is new or resumed (`keeps_base`).
        self._copy = None if only_adapters_learn(model) else twin_of(model).eval()
        return model

    def begin(self, workshop: Workshop) -> None:
        self._workshop = workshop
        if self._copy is not None:
            self._copy.to(workshop.device)

    def prepare(self, batch: Batch) -> Batch:
        task = self._workshop.task
        with torch.no_grad():
            if self._copy is not None:
                outputs = task.outputs(self._copy, batch)
            else:
                with without_adapters(self._workshop.model) as model:
                    outputs = task.outputs(model, batch)
            return batch | {"reference": answer_log_probabilities(outputs.logits, batch)}


def only_adapters_learn(model: torch.nn.Module) -> bool:
    """Whether every weight that learns belongs to an adapter which can be switched off."""
    adapters = {
        weight
        for layer in _adapters(model)
        for name, weight in layer.named_parameters()
        if not name.startswith("base_layer.")
    }
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    return bool(adapters) and all(weight in adapters for weight in learning)


@contextmanager
def without_adapters(model: torch.nn.Module) -> Iterator[torch.nn.Module]:
    """The model in eval mode as it is without its adapters; modes and adapters are put back afterwards.

    peft's own switch would also stop and start the gradients of the adapters' weights.
    """
    layers = [(layer, layer._disable_adapters) for layer in _adapters(model)]
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        for layer, _ in layers:
            layer._disable_adapters = True
        yield model
    finally:
        for layer, before in layers:
            layer._disable_adapters = before
        for module, mode in modes:
            module.training = mode


def _adapters(model: torch.nn.Module) -> list[Any]:
    from peft.tuners.tuners_utils import BaseTunerLayer  # seconds to import

    return [module for module in model.modules() if isinstance(module, BaseTunerLayer)]
