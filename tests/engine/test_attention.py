"""Attention maps against the formula, and that looking leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.engine.conftest import Run
from workbench.engine.attention import attention_maps, readable_tokens
from workbench.engine.loading import LoadedModel, load_for_use
from workbench.run.events import Evaluated, Step
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.session import training

TEXT = "the rain saw a storm today and we saw bread"
CPU = torch.device("cpu")


def test_maps_equal_the_formula_from_hooked_queries_and_keys(tiny_bert: Path) -> None:
    """A = softmax(QKᵀ / √d_k) (Vaswani et al. 2017), in float64."""
    loaded = load_for_use(tiny_bert, "tiny", CPU)
    loaded.model.double()
    seen: dict[tuple[int, str], torch.Tensor] = {}

    def keep(key: tuple[int, str]) -> Callable[..., None]:
        return lambda module, inputs, output: seen.__setitem__(key, output)

    for number, layer in enumerate(loaded.model.encoder.layer):
        for name in ("query", "key"):
            getattr(layer.attention.self, name).register_forward_hook(keep((number, name)))
    maps = attention_maps(loaded, TEXT)
    n = len(maps.tokens)
    assert maps.weights.shape == (2, 2, n, n)
    for number in range(2):
        queries, keys = (
            seen[number, name][0].view(n, 2, 16).transpose(0, 1).detach() for name in ("query", "key")
        )
        expected = torch.softmax(queries @ keys.transpose(1, 2) / 4.0, dim=-1)
        assert np.abs(maps.weights[number] - expected.numpy()).max() < 1e-6


def test_rows_sum_to_one_special_tokens_are_marked_and_the_array_is_read_only(tiny_bert: Path) -> None:
    maps = attention_maps(load_for_use(tiny_bert, "tiny", CPU), TEXT)
    assert np.abs(maps.weights.sum(axis=-1) - 1).max() < 1e-6
    assert maps.tokens[0] == "[CLS]" and maps.tokens[-1] == "[SEP]" and maps.tokens[1] == "the"
    assert maps.special.tolist() == [True] + [False] * (len(maps.tokens) - 2) + [True]
    assert not maps.causal
    with pytest.raises(ValueError, match="read-only"):
        maps.weights[0, 0, 0, 0] = 1


def test_an_unknown_word_is_text_and_not_special(tiny_bert: Path) -> None:
    maps = attention_maps(load_for_use(tiny_bert, "tiny", CPU), "the zebra saw")
    assert maps.tokens[2] == "[UNK]"
    assert maps.special.tolist() == [True, False, False, False, True]


def test_grouped_queries_give_one_causal_map_per_query_head(tiny_llama: Path) -> None:
    maps = attention_maps(load_for_use(tiny_llama, "tiny", CPU), "hello there")
    n = len(maps.tokens)
    assert maps.weights.shape == (2, 4, n, n) and maps.causal
    assert not maps.weights[..., *np.triu_indices(n, 1)].any()


def test_long_texts_are_cut_and_it_is_said(tiny_llama: Path) -> None:
    maps = attention_maps(load_for_use(tiny_llama, "tiny", CPU), "a" * 100, max_tokens=10)
    assert len(maps.tokens) == 10 and maps.note == "Cut after 10 of 100 tokens."


def test_an_empty_text_and_a_model_without_attention_are_said_plainly(tiny_bert: Path) -> None:
    loaded = load_for_use(tiny_bert, "tiny", CPU)
    with pytest.raises(WorkbenchError, match="no text"):
        attention_maps(loaded, "   ")

    from transformers import MambaConfig, MambaModel

    mamba = MambaModel(MambaConfig(vocab_size=64, hidden_size=16, num_hidden_layers=1, state_size=4)).eval()
    with pytest.raises(WorkbenchError, match="no attention that can be read"):
        attention_maps(LoadedModel(mamba, loaded.tokenizer, "encoder", "mamba", CPU), TEXT)


def test_looking_puts_mode_chance_and_implementation_back(tiny_bert: Path) -> None:
    loaded = load_for_use(tiny_bert, "tiny", CPU)
    loaded.model.train()
    before = torch.get_rng_state()
    attention_maps(loaded, TEXT)
    assert loaded.model.training and loaded.model.encoder.layer[0].attention.self.dropout.training
    assert torch.equal(before, torch.get_rng_state())
    assert loaded.model.config._attn_implementation == "sdpa"


class Looks(training.Control):
    """Looks at the live model after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def between_steps(self, live: Any) -> None:
        maps = attention_maps(live, TEXT)
        assert maps.prediction and abs(sum(p for _, p in maps.prediction) - 1) < 1e-5
        self.seen.append(maps.step or 0)


def test_a_run_that_is_looked_at_equals_one_that_is_not(run: Run, recipe: Callable[..., Recipe]) -> None:
    looks = Looks()
    _, watched = run(recipe(), looks)
    _, alone = run(recipe())

    def numbers(events: list[Any]) -> list[Any]:
        return [
            (e.loss, e.gradient_norm) if isinstance(e, Step) else e.metrics
            for e in events
            if isinstance(e, Step | Evaluated)
        ]

    assert numbers(watched) == numbers(alone)
    assert looks.seen == list(range(1, len([e for e in alone if isinstance(e, Step)]) + 1))


def test_tokens_read_like_text(tiny_llama: Path) -> None:
    tokenizer = load_for_use(tiny_llama, "tiny", CPU).tokenizer
    assert readable_tokens(tokenizer, tokenizer("a b\n")["input_ids"]) == ("a", " ", "b", "⏎")
