"""Mixtures of two models: the ends are the models themselves, and the middle is the mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel

from workbench.engine.interpolation import Line
from workbench.run.problem import WorkbenchError


def pair(folder: Path) -> tuple[Any, Any]:
    base, tuned = (AutoModelForCausalLM.from_pretrained(folder).eval() for _ in range(2))
    with torch.no_grad():
        torch.manual_seed(0)
        for parameter in tuned.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    return base, tuned


def test_the_ends_are_both_models_to_the_bit(tiny_llama: Path) -> None:
    base, tuned = pair(tiny_llama)
    ids: Any = torch.arange(5, 15)[None]
    with torch.no_grad():
        expected = {0.0: base(ids).logits, 1.0: tuned(ids).logits}
        assert (expected[0.0] - expected[1.0]).abs().max() > 1e-3
        line = Line(base, tuned)
        for alpha in (0.5, 0.0, 0.3, 1.0, 0.0):
            model: Any = line.go_to(alpha)
            if alpha in expected:
                assert torch.equal(model(ids).logits, expected[alpha])


def test_between_them_the_weights_are_the_formula_s(tiny_llama: Path) -> None:
    base, tuned = pair(tiny_llama)
    ends = {n: p.detach().double() for n, p in tuned.named_parameters()}
    line = Line(base, tuned)
    assert not line.kept
    for alpha in (0.25, 1.5):  # beyond the tuned model goes as well
        line.go_to(alpha)
        for name, start in base.named_parameters():
            expected = alpha * ends[name] + (1 - alpha) * start.double()
            torch.testing.assert_close(tuned.get_parameter(name).double(), expected, rtol=1e-5, atol=1e-6)


def test_models_of_other_shapes_are_refused(tiny_llama: Path) -> None:
    base, tuned = pair(tiny_llama)
    other = GPT2LMHeadModel(GPT2Config(vocab_size=20, n_positions=8, n_embd=8, n_layer=1, n_head=1))
    with pytest.raises(WorkbenchError, match="cannot be mixed"):
        Line(other, tuned)
    base.resize_token_embeddings(base.config.vocab_size + 3)
    with pytest.raises(WorkbenchError, match="shape"):
        Line(base, tuned)
