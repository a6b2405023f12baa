"""Losses: how far each prediction is from its target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.run.method_fields import LossSection

#: From logits, float32 of shape (terms, classes), and targets, int64 of shape (terms,), to losses of shape (terms,).
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def build_loss(section: LossSection, counts: NDArray[np.int64] | None = None) -> Loss:
    """The loss of each term.

    Args:
        section: The recipe's choice.
        counts: Training rows of each class, for class weights.
    """

    def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(logits, targets, reduction="none")

    return cross_entropy
