"""Losses against torch on the same logits."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from workbench.engine.losses import Loss, balanced_weights, build_loss
from workbench.run.method_fields import LossSection
from workbench.run.problem import WorkbenchError

KINDS = get_args(LossSection.model_fields["kind"].annotation)
ROWS, CLASSES = 40, 5


def made(kind: str, counts: list[int] | None = None, **fields: Any) -> Loss:
    section = LossSection(kind=kind, **fields)  # type: ignore[arg-type]
    return build_loss(section, None if counts is None else np.array(counts))


@pytest.fixture
def answers() -> tuple[torch.Tensor, torch.Tensor]:
    """Logits that differ much, and their targets."""
    chance = torch.Generator().manual_seed(0)
    logits = 4 * torch.randn(ROWS, CLASSES, generator=chance)
    return logits, torch.randint(0, CLASSES, (ROWS,), generator=chance)


@pytest.mark.parametrize("kind", KINDS)
def test_every_loss_has_a_value_and_a_gradient_for_each_term(
    kind: str, answers: tuple[torch.Tensor, torch.Tensor]
) -> None:
    """A term's loss depends on its own logits alone, or parts of a batch would not add up to the whole."""
    logits, targets = answers
    loss = made(kind)
    losses = loss(logits.requires_grad_(), targets)
    assert losses.shape == (ROWS,) and losses.dtype == torch.float32
    losses.sum().backward()
    assert logits.grad is not None and logits.grad.abs().sum(1).min() > 0
    alone = [loss(logits[i : i + 1].detach(), targets[i : i + 1]) for i in range(ROWS)]
    assert torch.equal(torch.cat(alone), losses.detach())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_means_equal_torch_s(smoothing: float, answers: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, targets = answers
    hot = functional.one_hot(targets, CLASSES).float()
    aims = (1 - smoothing) * hot + smoothing / CLASSES
    expected = {
        "cross-entropy": functional.cross_entropy(logits, targets, label_smoothing=smoothing),
        "bce": functional.binary_cross_entropy_with_logits(logits, aims),
        "mse": functional.mse_loss(logits, aims),
        "huber": functional.huber_loss(logits, aims, delta=0.7),
    }
    for kind, value in expected.items():
        found = made(kind, label_smoothing=smoothing, huber_delta=0.7)(logits, targets).mean()
        torch.testing.assert_close(found, value)
    # Smoothed cross-entropy is the cross-entropy against smoothed targets.
    torch.testing.assert_close(expected["cross-entropy"], functional.cross_entropy(logits, aims))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("counts", [None, [1, 2, 3, 4, 30]])
def test_focal_without_gamma_is_cross_entropy(
    smoothing: float, counts: list[int] | None, answers: tuple[torch.Tensor, torch.Tensor]
) -> None:
    fields = {"label_smoothing": smoothing, "class_weights": "balanced" if counts else "none"}
    focal = made("focal", counts, focal_gamma=0.0, **fields)(*answers)
    assert torch.equal(focal, made("cross-entropy", counts, **fields)(*answers))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_focal_follows_its_formula(gamma: float, answers: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, targets = (tensor.double() if tensor.is_floating_point() else tensor for tensor in answers)
    p = torch.softmax(logits, -1)[torch.arange(ROWS), targets]
    expected = -((1 - p) ** gamma) * p.log()
    torch.testing.assert_close(made("focal", focal_gamma=gamma)(logits, targets), expected)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("certainty", [0.0, 30.0, 1e4])
def test_focal_s_gradient_is_finite_where_the_model_is_certain(gamma: float, certainty: float) -> None:
    logits = torch.tensor([[certainty, -certainty], [-certainty, certainty]], requires_grad=True)
    made("focal", focal_gamma=gamma)(logits, torch.zeros(2, dtype=torch.int64)).sum().backward()
    assert logits.grad is not None and torch.isfinite(logits.grad).all()


@given(st.lists(st.integers(0, 50), min_size=2, max_size=8).filter(any))
@settings(deadline=None)
def test_balanced_weights_make_classes_count_alike_and_average_to_one_over_the_rows(
    counts: list[int],
) -> None:
    weights, rows = balanced_weights(np.array(counts)).double(), torch.tensor(counts)
    torch.testing.assert_close((weights * rows).sum() / rows.sum(), torch.tensor(1.0).double())
    shares = (weights * rows)[rows > 0]
    torch.testing.assert_close(shares, shares[:1].expand_as(shares))


def test_class_weights_multiply_each_term_as_torch_s_do(answers: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, targets = answers
    counts = [4, 8, 8, 10, 10]
    weight = balanced_weights(np.array(counts))
    for smoothing in (0.0, 0.1):
        found = made("cross-entropy", counts, class_weights="balanced", label_smoothing=smoothing)
        expected = functional.cross_entropy(
            logits, targets, weight, reduction="none", label_smoothing=smoothing
        )
        assert torch.equal(found(logits, targets), expected)
    for kind in ("bce", "mse", "huber"):
        plain = made(kind)(logits, targets)
        assert torch.equal(
            made(kind, counts, class_weights="balanced")(logits, targets), plain * weight[targets]
        )


def test_class_weights_without_classes_are_refused_by_their_field() -> None:
    with pytest.raises(WorkbenchError, match="no classes") as caught:
        made("cross-entropy", class_weights="balanced")
    assert caught.value.problem.field == "loss.class_weights"


@pytest.mark.parametrize("kind", ["bce", "mse", "huber"])
def test_targets_that_are_numbers_are_compared_with_the_one_logit(kind: str) -> None:
    logits, targets = torch.tensor([[0.2], [3.0], [-4.0]]), torch.tensor([0.5, 1.0, 0.0])
    theirs = {
        "bce": functional.binary_cross_entropy_with_logits,
        "mse": functional.mse_loss,
        "huber": functional.huber_loss,
    }[kind]
    torch.testing.assert_close(made(kind)(logits, targets), theirs(logits[:, 0], targets, reduction="none"))
