"""torch.compile, layer by layer, where the run is long enough to gain more than compiling takes."""

from __future__ import annotations

from typing import ClassVar

import torch

from workbench.engine.layers import layers_of
from workbench.engine.method import Method, Workshop
from workbench.run.recipe import Recipe

#: The share of a run's time that compiled layers save, carefully guessed, and the seconds that compiling takes.
#: On the CPU the engine's own kernels are there already, and compiling takes minutes.
GAIN = 0.15
SECONDS = 60.0


def worthwhile(device: torch.device, seconds: float) -> bool:
    """Whether compiling saves more of a run of so many predicted seconds than it takes."""
    return device.type == "cuda" and seconds * GAIN > SECONDS


class Compiled(Method):
    """Compiles each layer for any length of text. Layer by layer, because hooks that other methods put on the
    token vectors must still be called, and because layers that are alike are compiled once."""

    order: ClassVar[int] = 99

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        kind = recipe.training.compile
        return kind == "on" or (kind == "auto" and torch.cuda.is_available())

    def begin(self, workshop: Workshop) -> None:
        self._layers = layers_of(workshop.model)
        self._compiled = False
        always = workshop.recipe.training.compile == "on"
        self._switch(always or worthwhile(workshop.device, workshop.seconds))

    def _switch(self, on: bool) -> None:
        if on and not self._compiled:
            for layer in self._layers:
                layer.compile(dynamic=True)
        elif self._compiled and not on:
            for layer in self._layers:
                layer._compiled_call_impl = None
        self._compiled = on

    def label(self) -> str:
        return (
            "The model is compiled: a resumed run is equal to within rounding, not to the bit."
            if self._compiled
            else ""
        )

    def state(self) -> dict[str, torch.Tensor]:
        return {"compiled": torch.tensor(self._compiled)}

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        # How long the rest of a run takes must not change how it computes.
        if "compiled" in state:
            self._switch(bool(state["compiled"]))
