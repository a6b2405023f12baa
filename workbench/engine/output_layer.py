"""A language model's last layer where only some places of a batch are scored: it is a large part of the work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def scoring_only(model: torch.nn.Module, places: torch.Tensor) -> Iterator[None]:
    """Inside it, the layer that makes logits is given the hidden states of these places alone.

    With 49 000 tokens in the vocabulary of a model of 135 million parameters, this layer is a fifth of the work and,
    with its gradient, much of the memory; in conversations half of the tokens are not learned.

    Args:
        model: A causal language model; it may be wrapped by peft or for several processes.
        places: int64, shape (terms,), places in the flattened batch of rows × tokens.

    The model's logits have the shape (terms, vocabulary) inside it, or are those of all places where the model has no
    such layer or reads its weights without calling it: `at_places` is right for both.
    """
    layer = _output_layer(model)
    if layer is None:
        yield
        return

    def choose(_: torch.nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return (given[0].flatten(0, -2).index_select(0, places), *given[1:])

    handle = layer.register_forward_pre_hook(choose)
    try:
        yield
    finally:
        handle.remove()


def at_places(logits: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Logits of shape (terms, vocabulary), from these or from all, shape (rows, tokens, vocabulary)."""
    return logits if logits.ndim == 2 else logits.flatten(0, 1).index_select(0, places)


def _output_layer(model: Any) -> torch.nn.Module | None:
    bare = getattr(model, "module", model)
    bare = bare.get_base_model() if hasattr(bare, "get_base_model") else bare
    layer: torch.nn.Module | None = bare.get_output_embeddings()
    return layer
