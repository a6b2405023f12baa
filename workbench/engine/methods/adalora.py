"""AdaLoRA: LoRA whose ranks are moved to the layers that need them (Zhang et al. 2023), in peft's layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import torch

from workbench.engine.additions import ADAPTER, LinearAdditions, frozen_parameter
from workbench.engine.method import Forward, Pass, Workshop
from workbench.engine.task import Batch
from workbench.run.recipe import Recipe

#: How much of the running means of sensitivity and of its uncertainty each step keeps (β₁ and β₂ of the paper).
KEPT = 0.85
#: The shares of the run before the first pruning, and after the last one.
WARMUP, SETTLED = 0.1, 0.3


def start_rank(rank: int) -> int:
    """The rank that every layer begins with: half as much again as is left on average."""
    return rank + (rank + 1) // 2


def budget(step: int, total: int, first: int, last: int) -> int:
    """How many ranks all layers may have together after a step, counted from 1 (equation 12 of the paper).

    Args:
        step: The step.
        total: Steps of the whole run.
        first: Ranks at the beginning.
        last: Ranks at the end.
    """
    begin, end = int(WARMUP * total), total - int(SETTLED * total)
    if step <= begin:
        return first
    if step >= end:
        return last
    left = 1 - (step - begin) / (end - begin)
    return int(last + (first - last) * left**3)


class _Triple(NamedTuple):
    """Right vectors (rank, in), values (rank, 1) and left vectors (out, rank) of one layer's addition."""

    right: torch.Tensor
    values: torch.Tensor
    left: torch.Tensor


class AdaLora(LinearAdditions):
    """W + (alpha/rank)·P·Λ·Q with W frozen; the values in Λ that matter least are set to zero, step by step.

    A value matters as much as it and its two vectors are sensitive: |weight · gradient|, averaged over the steps,
    times its averaged uncertainty. P and Q are held orthogonal by a term of the loss.
    """

    kind: ClassVar[str] = "adalora"

    def config(self, recipe: Recipe, names: list[str], *, turned: bool) -> Any:
        from peft import AdaLoraConfig

        settings = recipe.weights
        return AdaLoraConfig(
            init_r=start_rank(settings.lora_rank),
            target_r=settings.lora_rank,
            lora_alpha=settings.lora_alpha,  # type: ignore[arg-type]  # any number does
            lora_dropout=settings.lora_dropout,
            target_modules=names,
            fan_in_fan_out=turned,
            total_step=1,  # peft's own schedule is not used: it wants the gradients of after the step
        )

    def merge(self, layer: Any, base: Any) -> None:
        base.weight = frozen_parameter(base.weight + layer.get_delta_weight(ADAPTER))

    def begin(self, workshop: Workshop) -> None:
        from peft.tuners.adalora import SVDLinear

        settings = workshop.recipe.weights
        self._weight, self._rank, self._total = settings.orthogonality, settings.lora_rank, workshop.total
        layers: list[tuple[str, Any]] = [
            (name, module)
            for name, module in workshop.model.named_modules()
            if isinstance(module, SVDLinear) and module.lora_E[ADAPTER].requires_grad
        ]
        self._triples = {
            name: _Triple(layer.lora_A[ADAPTER], layer.lora_E[ADAPTER], layer.lora_B[ADAPTER])
            for name, layer in layers
        }
        self._sensitivity = {name: _zeros(triple) for name, triple in self._triples.items()}
        self._uncertainty = {name: _zeros(triple) for name, triple in self._triples.items()}
        self._terms = 0

    def forward(self, inner: Forward) -> Forward:
        def counted(batch: Batch, **more: Any) -> Pass:
            passed = inner(batch, **more)
            self._terms = len(passed.targets)
            return passed

        return counted

    def more_losses(self, forward: Forward, batch: Batch) -> Iterator[torch.Tensor]:
        if not self._weight or not self._triples:
            return
        # The loss is a sum over terms and is divided by their number afterwards: this must not be.
        yield self._weight * self._terms * self.crookedness()

    def crookedness(self) -> torch.Tensor:
        """How far the vectors are from orthogonal: the mean over layers of ‖PᵀP − I‖ and ‖QQᵀ − I‖ (Frobenius)."""
        norms = [
            torch.linalg.matrix_norm(product - torch.eye(len(product), device=product.device))
            for right, _, left in self._triples.values()
            for product in (right @ right.T, left.T @ left)
        ]
        return torch.stack(norms).mean()

    @torch.no_grad()
    def before_step(self, step: int) -> None:
        for name, triple in self._triples.items():
            for weight, mean, doubt in zip(
                triple, self._sensitivity[name], self._uncertainty[name], strict=True
            ):
                if weight.grad is None:
                    continue
                # With float16 a gradient may be no number; the step is left out then.
                now = torch.nan_to_num((weight * weight.grad).abs().float(), posinf=0.0)
                mean.lerp_(now, 1 - KEPT)
                doubt.lerp_((now - mean).abs(), 1 - KEPT)

    @torch.no_grad()
    def after_step(self, step: int) -> None:
        first = sum(len(triple.values) for triple in self._triples.values())
        allowed = budget(step, self._total, first, self._rank * len(self._triples))
        if not self._triples or allowed >= first:
            return
        scores = torch.cat([self._scores(name) for name in self._triples])
        least = torch.kthvalue(scores, len(scores) - allowed).values
        for name, triple in self._triples.items():
            triple.values.masked_fill_((self._scores(name) <= least)[:, None], 0.0)

    def _scores(self, name: str) -> torch.Tensor:
        """How much each rank of a layer matters, shape (rank,)."""
        right, values, left = (
            mean * doubt for mean, doubt in zip(self._sensitivity[name], self._uncertainty[name], strict=True)
        )
        return values[:, 0] + right.mean(dim=1) + left.mean(dim=0)

    def state(self) -> dict[str, torch.Tensor]:
        kept = {"sensitivity": self._sensitivity, "uncertainty": self._uncertainty}
        return {
            f"{what}.{name}.{part}": tensor
            for what, triples in kept.items()
            for name, triple in triples.items()
            for part, tensor in zip(_Triple._fields, triple, strict=True)
        }

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        for name, tensor in self.state().items():
            tensor.copy_(state[name])


def _zeros(triple: _Triple) -> _Triple:
    return _Triple(*(torch.zeros_like(part, dtype=torch.float32) for part in triple))
