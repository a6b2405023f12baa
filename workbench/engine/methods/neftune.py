"""NEFTune: noise on the token vectors while training (Jain et al. 2023)."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from workbench.engine.method import Forward, Method, Pass, Workshop
from workbench.engine.task import Batch
from workbench.engine.token_vectors import changed, token_vectors
from workbench.run.recipe import Recipe


def noise(vectors: torch.Tensor, mask: torch.Tensor, alpha: float) -> torch.Tensor:
    """Uniform noise in ±α/√(L·d) for token vectors (rows, tokens, d).

    L is each row's own number of tokens without padding, and padding gets no noise, as in the code that the
    paper's models were trained with; many later copies count the padding too.
    """
    reach = alpha / torch.sqrt(mask.sum(dim=1, keepdim=True).clamp(min=1) * vectors.shape[-1])
    return (torch.rand_like(vectors) * 2 - 1) * (reach * mask).unsqueeze(-1).to(vectors.dtype)


class Neftune(Method):
    """Adds the noise in every training pass; measuring and probes are without."""

    order: ClassVar[int] = 50

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.regularisation.neftune > 0

    def begin(self, workshop: Workshop) -> None:
        self._alpha = workshop.recipe.regularisation.neftune
        self._vectors = token_vectors(workshop.model, "regularisation.neftune", "NEFTune noise")

    def forward(self, inner: Forward) -> Forward:
        def noisy(batch: Batch, **more: Any) -> Pass:
            mask = batch["attention_mask"]
            with changed(self._vectors, lambda vectors: vectors + noise(vectors, mask, self._alpha)):
                return inner(batch, **more)

        return noisy
