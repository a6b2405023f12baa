"""Switching a model's attention implementation for a while, in all of its parts, and back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from transformers import PreTrainedModel


@contextlib.contextmanager
def reading_with(model: Any, implementation: str) -> Iterator[None]:
    """Switch to an attention implementation and back, whatever happens; only the engine thread may do this.

    A model of several parts (text and picture, encoder and decoder) may have another one in each: every part gets
    its own back.
    """
    before = [(m.config, m.config._attn_implementation) for m in model.modules() if _has_config(m)]
    try:
        model.set_attn_implementation(implementation)
        yield
    finally:
        for config, own in before:  # outer parts first: setting one sets those within it
            config._attn_implementation = own


def eager(model: Any) -> contextlib.AbstractContextManager[None]:
    """The eager implementation for a while: it returns the softmax that was really used."""
    return reading_with(model, "eager")


def can_switch(model: Any) -> bool:
    """Whether the model asks transformers' table which attention function to call."""
    found = next((m for m in model.modules() if _has_config(m)), None)
    return found is not None and bool(type(found)._can_set_attn_implementation())


def reads_eager(model: Any) -> bool:
    """Whether the model's own way is eager, for its formula has more than the plain one: a soft cap, sinks."""
    return bool(model.config._attn_implementation == "eager")


def _has_config(module: Any) -> bool:
    return isinstance(module, PreTrainedModel)
