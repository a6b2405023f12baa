"""Fast dropout and the attention that uses it: the right share, the exact mean, gradients, and resuming."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from workbench.engine import fast_attention, fast_dropout
from workbench.engine.fast_dropout import Masks, dropped, scale
from workbench.engine.loading import load_weights


@pytest.fixture
def bert(tiny_bert: Path) -> Any:
    torch.manual_seed(0)
    return load_weights(AutoModelForSequenceClassification, tiny_bert, new_head=True).train()


@pytest.fixture
def llama(tiny_llama: Path) -> Any:
    return load_weights(AutoModelForCausalLM, tiny_llama).train()


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9, 0.123456])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_share_is_the_wanted_one_and_the_mean_is_exact(p: float, dtype: torch.dtype) -> None:
    masks, n = Masks(0), 1_000_000
    mask = masks.draw(torch.Size([1000, 1000]), p, dtype).float()
    assert bool(((mask == 0) | (mask == 1)).all())
    kept = 1 / scale(p)
    assert kept == pytest.approx(1 - p, abs=1 / 65536)
    # Five standard deviations of a binomial share.
    assert mask.mean().item() == pytest.approx(kept, abs=5 * math.sqrt(p * (1 - p) / n))
    # Neighbours and rows are independent: a product's mean is the means' product.
    for other in (mask.roll(1), mask.roll(1, 0), mask.roll(4)):
        assert (mask * other).mean().item() == pytest.approx(kept**2, abs=6 / math.sqrt(n))
    assert not torch.equal(mask, masks.draw(mask.shape, p, dtype).float())


def test_the_gradient_is_that_of_the_mask_that_was_drawn() -> None:
    values = torch.randn(7, 11, dtype=torch.float64, requires_grad=True)
    result = dropped(values, Masks(3), 0.3)
    (gradient,) = torch.autograd.grad(result.sum(), values)
    mask = Masks(3).draw(values.shape, 0.3, values.dtype)
    assert torch.equal(result, values * mask * scale(0.3))
    assert torch.equal(gradient, mask * scale(0.3))
    assert 0 < int((mask == 0).sum()) < mask.numel()


def test_half_precision_is_rounded_once() -> None:
    values = torch.randn(4096).bfloat16()
    result = dropped(values, Masks(1), 0.1)
    kept = result != 0
    assert torch.equal(result[kept], (values.float() * scale(0.1)).bfloat16()[kept])


def test_a_saved_state_goes_on_to_the_bit() -> None:
    masks = Masks(5)
    masks.draw(torch.Size([13]), 0.5, torch.float32)
    state = masks.state()
    expected = [masks.draw(torch.Size([9, 31]), 0.5, torch.float32) for _ in range(3)]
    other = Masks(99)
    other.load_state(state)
    assert all(torch.equal(m, other.draw(m.shape, 0.5, torch.float32)) for m in expected)


def test_a_model_trains_with_it_and_gets_its_own_dropout_back(bert: Any) -> None:
    names = [(name, type(module)) for name, module in bert.named_modules()]
    weights = list(bert.state_dict())
    ids = torch.randint(5, 20, (4, 12))
    with torch.no_grad():
        quiet = bert.eval()(ids).logits
    fast = fast_dropout.install(bert.train(), 0)
    assert fast is not None
    assert list(bert.state_dict()) == weights
    before = torch.get_rng_state()
    state = fast.state()
    # The functional dropout in the attention is the other module's task.
    attention = fast_attention.install(bert, fast.masks)
    assert attention is not None
    with torch.autocast("cpu", torch.bfloat16):
        first, second = bert(ids).logits, bert(ids).logits
    assert torch.equal(before, torch.get_rng_state())
    assert not torch.equal(first, second)
    fast.load_state(state)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(bert(ids).logits, first)
    with torch.no_grad():
        assert torch.equal(bert.eval()(ids).logits, quiet)
    attention.remove()
    fast.remove()
    assert [(name, type(module)) for name, module in bert.named_modules()] == names
    assert not any(module.training for module in bert.modules())
    assert bert.config._attn_implementation == "sdpa"


def test_it_is_not_for_models_that_repeat_their_forward_pass_or_drop_nothing(bert: Any, llama: Any) -> None:
    assert fast_dropout.install(llama, 0) is None
    bert.activation_checkpointing_enable({"use_reentrant": False})
    assert fast_dropout.install(bert, 0) is None


def _without_dropout(model: Any) -> Any:
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model


def _gradients(model: Any, **inputs: torch.Tensor) -> Iterator[torch.Tensor]:
    model.zero_grad()
    logits = model(**inputs).logits
    (logits * torch.linspace(-1, 1, logits.numel()).view(logits.shape)).sum().backward()
    yield logits.detach()
    for parameter in model.parameters():
        if parameter.grad is not None:
            yield parameter.grad.clone()


@pytest.mark.parametrize("which", ["bert", "llama"])
@pytest.mark.parametrize("padded", [False, True])
def test_attention_and_its_gradients_are_sdpas(
    which: str, padded: bool, request: pytest.FixtureRequest
) -> None:
    model = _without_dropout(request.getfixturevalue(which))
    inputs = {"input_ids": torch.randint(5, 20, (4, 12)), "attention_mask": torch.ones(4, 12).long()}
    if padded:
        inputs["attention_mask"][1, 7:] = 0
        inputs["attention_mask"][3, 2:] = 0
    wanted = list(_gradients(model, **inputs))
    installed = fast_attention.install(model, None)
    assert installed is not None
    found = list(_gradients(model, **inputs))
    seen = inputs["attention_mask"].bool() if which == "llama" else slice(None)
    torch.testing.assert_close(found[0][seen], wanted[0][seen], rtol=1e-4, atol=1e-5)
    if which == "bert" or not padded:  # what a language model writes after padding is nobody's
        for a, b in zip(found[1:], wanted[1:], strict=True):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)
    installed.remove()


def test_a_decoder_that_keeps_its_keys_learns_in_half_precision(tiny_llama: Path) -> None:
    model = load_weights(AutoModelForSequenceClassification, tiny_llama, new_head=True).train()
    assert model.config.use_cache
    inputs = {"input_ids": torch.randint(5, 20, (1, 12)), "attention_mask": torch.ones(1, 12).long()}

    def learned() -> list[torch.Tensor]:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return list(_gradients(model, **inputs))

    wanted = learned()
    installed = fast_attention.install(model, None)
    assert installed is not None
    for a, b in zip(learned(), wanted, strict=True):
        torch.testing.assert_close(a.float(), b.float(), rtol=0.1, atol=0.02)
    installed.remove()


def test_dropped_attention_has_the_gradient_of_its_formula() -> None:
    torch.manual_seed(0)
    shape = (2, 3, 5, 4)
    query, key, value = (torch.randn(shape, requires_grad=True) for _ in range(3))
    bias = torch.zeros(2, 1, 1, 5)
    bias[0, ..., 4] = torch.finfo(torch.float32).min
    outer = torch.randn(shape)
    result: Any = fast_attention._Attention.apply(query, key, value, bias, 0.5, 0.25, Masks(2))  # type: ignore[no-untyped-call]
    found = torch.autograd.grad(result, (query, key, value), outer)
    mask = Masks(2).draw(torch.Size([6, 5, 5]), 0.25, torch.float32).view(2, 3, 5, 5)
    weights = torch.softmax(query @ key.transpose(2, 3) * 0.5 + bias, -1)
    formula = (weights * mask * scale(0.25)) @ value
    torch.testing.assert_close(result, formula)
    for a, b in zip(found, torch.autograd.grad(formula, (query, key, value), outer), strict=True):
        torch.testing.assert_close(a, b)
