"""Averages of the weights that are measured and kept in their place: EMA, and SWA (Izmailov et al. 2018)."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import ClassVar

import torch

from workbench.engine.method import Method, Workshop
from workbench.run.recipe import Recipe


def ema_decay(decay: float, step: int) -> float:
    """What the average keeps in a step, counted from 1: min(decay, (1 + step) / (10 + step)).

    The second term lets the average of a short run leave the first weights behind; it is the rule of
    TensorFlow's ExponentialMovingAverage.
    """
    return min(decay, (1 + step) / (10 + step))


def swa_first(start: float, total: int) -> int:
    """The first step whose weights count in the mean."""
    return min(math.floor(start * total) + 1, total)


class Averaging(Method):
    """Averages what is trained; buffers and frozen weights stay the model's own."""

    order: ClassVar[int] = 95

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.regularisation.averaging != "none"

    def begin(self, workshop: Workshop) -> None:
        settings = workshop.recipe.regularisation
        self._kind, self._decay = settings.averaging, settings.ema_decay
        self._first = swa_first(settings.swa_start, workshop.total)
        self._weights = {n: p for n, p in workshop.model.named_parameters() if p.requires_grad}
        self._averages = {n: p.detach().clone() for n, p in self._weights.items()}
        self._counted = 0  # steps in the average
        self._inside = False

    def after_step(self, step: int) -> None:
        if self._kind == "ema":
            self._counted += 1
            share = 1 - ema_decay(self._decay, step)
        elif step >= self._first:
            self._counted += 1
            share = 1 / self._counted  # of a first step 1: the mean so far is that step's weights
        else:
            return
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self._averages.values()), [p.detach() for p in self._weights.values()], share
            )

    @contextlib.contextmanager
    def measured_weights(self) -> Iterator[None]:
        """Swap weights and averages in place, and back: the largest tensor's memory is all it takes."""
        if self._inside or not self._counted:
            yield
            return
        self._swap()
        self._inside = True
        try:
            yield
        finally:
            self._inside = False
            self._swap()

    def move(self, device: torch.device) -> None:
        self._averages = {n: average.to(device) for n, average in self._averages.items()}

    def state(self) -> dict[str, torch.Tensor]:
        counted = torch.tensor(self._counted, dtype=torch.int64)
        return {"counted": counted} | {f"average.{n}": t for n, t in self._averages.items()}

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        if not state:  # the checkpoint is from before averages were wanted
            return
        self._counted = int(state["counted"])
        for name, average in self._averages.items():
            average.copy_(state[f"average.{name}"])

    def _swap(self) -> None:
        with torch.no_grad():
            for name, weight in self._weights.items():
                kept = weight.detach().clone()
                weight.copy_(self._averages[name])
                self._averages[name].copy_(kept)
