"""Losses: how far each prediction is from its target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from workbench.run.method_fields import LossSection
from workbench.run.problem import bad_input

#: From logits, float32 of shape (terms, classes), and targets, int64 of shape (terms,), to losses of shape (terms,).
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def build_loss(section: LossSection, counts: NDArray[np.int64] | None = None) -> Loss:
    """The loss of each term.

    - cross-entropy: −log softmax(z)_y, with class weights and label smoothing as torch defines them.
    - focal: (1 − p_y)^γ times the cross-entropy (Lin et al. 2017); γ = 0 is the cross-entropy.
    - bce, mse, huber: the mean over the classes of how far the logits are from targets of one for the right class
      and zero for the others. It is the mean and not the sum, so that the mean over the terms is what torch's
      losses return, and the loss does not grow with the number of classes. Label smoothing s makes the targets
      (1 − s) · one-hot + s / classes; a term counts by the weight of its right class.

    Targets may be float32 for bce, mse and huber: then they are compared with the one logit of each term.

    Args:
        section: The recipe's choice.
        counts: Training rows of each class, shape (classes,), for class weights.

    Raises:
        WorkbenchError: When class weights are wanted and there are no classes.
    """
    weights = _chosen_weights(section, counts)
    if section.kind in ("cross-entropy", "focal"):
        return _certain(section, weights)
    return _apart(section, weights)


def balanced_weights(counts: NDArray[np.int64]) -> torch.Tensor:
    """A weight for each class, float32, such that all classes count alike and the mean over the rows is 1.

    w_c = rows / (classes · rows of c), over the classes that have rows; the others get 0.
    """
    present = counts > 0
    weights = np.zeros(len(counts))
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return torch.tensor(weights, dtype=torch.float32)


class _Weights:
    """The class weights (or none), copied once to where they are needed."""

    def __init__(self, weights: torch.Tensor | None) -> None:
        self._weights = weights

    def on(self, device: torch.device) -> torch.Tensor | None:
        if self._weights is not None and self._weights.device != device:
            self._weights = self._weights.to(device)
        return self._weights


def _chosen_weights(section: LossSection, counts: NDArray[np.int64] | None) -> _Weights:
    if section.class_weights == "none":
        return _Weights(None)
    if counts is None or not counts.any():
        raise bad_input(
            "loss.class_weights (Class weights): there are no classes to balance.",
            "This task does not put texts into classes.",
            "Choose none.",
            field="loss.class_weights",
        )
    return _Weights(balanced_weights(counts))


def _certain(section: LossSection, weights: _Weights) -> Loss:
    """The losses that look at the probability of the right class."""
    gamma = section.focal_gamma

    def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        weight = weights.on(logits.device)
        smoothing = section.label_smoothing
        return functional.cross_entropy(logits, targets, weight, reduction="none", label_smoothing=smoothing)

    def focal(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        right = torch.log_softmax(logits, dim=-1).gather(-1, targets[:, None]).squeeze(-1)
        # −expm1(log p) is 1 − p without cancellation. Where it is 0 the power's slope is infinite for γ < 1.
        wrong = (-torch.expm1(right)).clamp(min=torch.finfo(logits.dtype).tiny)
        return wrong**gamma * cross_entropy(logits, targets)

    return focal if section.kind == "focal" else cross_entropy


def _apart(section: LossSection, weights: _Weights) -> Loss:
    """The losses that compare each logit with a target of its own."""

    def distances(logits: torch.Tensor, aims: torch.Tensor) -> torch.Tensor:
        match section.kind:
            case "bce":
                return functional.binary_cross_entropy_with_logits(logits, aims, reduction="none")
            case "huber":
                return functional.huber_loss(logits, aims, reduction="none", delta=section.huber_delta)
            case _:
                return functional.mse_loss(logits, aims, reduction="none")

    def loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if targets.is_floating_point():
            return distances(logits, targets[:, None]).mean(-1)
        classes, smoothing = logits.shape[-1], section.label_smoothing
        aims = torch.full_like(logits, smoothing / classes)
        aims.scatter_(-1, targets[:, None], 1 - smoothing + smoothing / classes)
        losses = distances(logits, aims).mean(-1)
        weight = weights.on(logits.device)
        return losses if weight is None else losses * weight[targets]

    return loss
