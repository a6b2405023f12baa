"""Adversaries that move token vectors: FGM (Miyato et al. 2017) and PGD (Madry et al. 2018)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar

import torch

from workbench.engine.method import Forward, Method, Pass, Workshop
from workbench.engine.task import Batch
from workbench.engine.token_vectors import changed, token_vectors
from workbench.run.recipe import Recipe


def per_row(values: torch.Tensor) -> torch.Tensor:
    """The L2 norm of each row's (tokens, width), shape (rows, 1, 1)."""
    norms: torch.Tensor = values.flatten(1).norm(dim=1)
    return norms[:, None, None]


def move(gradient: torch.Tensor, mask: torch.Tensor, length: float) -> torch.Tensor:
    """A move of this length (L2 norm per row) along the gradient (rows, tokens, width); padding stays.

    A row whose gradient is zero or no number (float16 may overflow) stays where it is.
    """
    masked = gradient.float() * mask.unsqueeze(-1)
    masked = masked / masked.abs().amax(dim=(1, 2), keepdim=True).clamp(
        min=1e-30
    )  # squares of tiny numbers are 0
    return torch.nan_to_num(
        length * masked / per_row(masked).clamp(min=1e-12), nan=0.0, posinf=0.0, neginf=0.0
    )


def within(moved: torch.Tensor, epsilon: float) -> torch.Tensor:
    """The nearest point in the ball of radius ε (L2 norm per row)."""
    return moved * (epsilon / per_row(moved).clamp(min=1e-12)).clamp(max=1.0)


class Adversary(Method):
    """Learns from each batch again after its token vectors were moved towards a larger loss.

    The table of token vectors itself is never touched: the moves are added to what it returns. FGM moves once,
    by ε. PGD makes several moves and keeps within ε; the first follows the gradient of the batch as it is, and
    the passes in between take the gradient of the moves alone, not of the weights.
    """

    order: ClassVar[int] = 90

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.adversarial.kind != "none"

    def begin(self, workshop: Workshop) -> None:
        self._settings, self._device = workshop.recipe.adversarial, workshop.device
        self._vectors = token_vectors(workshop.model, "adversarial.kind", "Adversary")
        self._seen: list[torch.Tensor] = []  # the token vectors of each way through the model
        self._moved: torch.Tensor | None = None

    def forward(self, inner: Forward) -> Forward:
        def watched(batch: Batch, **more: Any) -> Pass:
            self._seen = []
            with changed(self._vectors, self._see):
                return inner(batch, **more)

        return watched

    def more_losses(self, forward: Forward, batch: Batch) -> Iterator[torch.Tensor]:
        settings, mask = self._settings, batch["attention_mask"]
        gradients = [vectors.grad for vectors in self._seen if vectors.grad is not None]
        if not gradients:  # the loss does not depend on what was read
            self._seen = []
            return
        gradient = torch.stack(gradients).sum(dim=0)
        if settings.kind == "fgm":
            moved = move(gradient, mask, settings.epsilon)
        else:
            moved = within(move(gradient, mask, settings.step_size), settings.epsilon)
            for _ in range(settings.steps - 1):
                with self._moving(moved):
                    loss = forward(batch).loss
                with torch.autocast(self._device.type, enabled=False):
                    gradient = torch.stack(torch.autograd.grad(loss, self._seen)).sum(dim=0)
                moved = within(moved + move(gradient, mask, settings.step_size), settings.epsilon)
        with self._moving(moved):
            loss = forward(batch).loss
        self._seen = []
        yield loss

    def _see(self, vectors: torch.Tensor) -> torch.Tensor:
        if self._moved is not None:
            vectors = vectors + self._moved.to(vectors.dtype)
        if vectors.requires_grad:
            vectors.retain_grad()
        else:  # a frozen table, as with LoRA
            vectors = vectors.detach().requires_grad_()
        self._seen.append(vectors)
        return vectors

    @contextlib.contextmanager
    def _moving(self, moved: torch.Tensor) -> Iterator[None]:
        self._moved = moved
        try:
            yield
        finally:
            self._moved = None
