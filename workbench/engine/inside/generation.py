"""Reading attention while a language model writes: one row per new token, layer and head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.attention import eager
from workbench.engine.generation import end_tokens, prompt_ids, whole_prompt_ids
from workbench.engine.inside.capture import unreadable
from workbench.engine.inside.reading import side_of
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.run.generation import GenerationSettings
from workbench.run.inside.generation import MOST_STEPS, STEPS, WrittenRows
from workbench.run.problem import bad_input

#: Rows that would take more bytes than the first are kept in half precision, than the second not at all.
_LARGE, _MOST = 64 << 20, 1 << 30


def generation_rows(
    loaded: LoadedModel | LiveModel,
    prompt: str,
    steps: int = STEPS,
    *,
    chat: bool = False,
    check: Callable[[], object] = lambda: None,
    say: Callable[[WrittenRows], object] = lambda rows: None,
    hurried: Callable[[], bool] = lambda: False,
) -> WrittenRows:
    """Continue a text greedily with the cache of keys and values, and read one row of attention in each step.

    The prompt without its last token is read as the model reads it anyway; from its last token on, each token is
    read alone and with eager attention, which gives the row of one query over all cached keys.

    Args:
        loaded: A language model.
        prompt: What it continues, or the turn that it answers.
        steps: At most so many new tokens.
        chat: Whether to wrap the prompt as a turn of a chat, where the model has a template.
        check: Called before each step; may raise.
        say: Receives what there is after each step. Its arrays are parts of those that grow, and cost nothing.
        hurried: Asked before each step; True ends the answer, which keeps what it has.

    Raises:
        WorkbenchError: When the model is no language model, the prompt is empty, or no attention can be read.
    """
    if loaded.head == "seq2seq":
        raise bad_input(
            "Answers of a model with an encoder and a decoder are read elsewhere.",
            f"{loaded.name} reads the text with one part and writes with another, so that each step has two rows.",
            "Choose its decoder, or the decoder's look at the encoder, in the Heads view; or choose a language model.",
        )
    if loaded.head != "causal-lm":
        raise bad_input(
            f"{loaded.name} cannot write.",
            "It is not a language model.",
            "Choose smollm2, or a run of the task language model.",
        )
    steps = max(1, min(steps, MOST_STEPS))
    settings = GenerationSettings(temperature=0.0, max_new_tokens=steps, chat=chat)
    ids = prompt_ids(loaded, prompt, settings)
    whole = whole_prompt_ids(loaded, prompt, chat=chat)
    if not ids:
        raise bad_input(
            "There is no text to continue.", "The tokenizer leaves nothing of it.", "Type a sentence."
        )
    room = fitting_length(10**9, loaded.model) - len(ids)
    growing = _Growing(loaded, ids, max(1, min(steps, room)))
    if len(whole) > len(ids):
        growing.note = f"Only the last {len(ids)} of {len(whole)} tokens of the prompt were read."
    ends = end_tokens(loaded)
    with untouched(loaded.model):
        check()
        cache = _read(loaded, ids[:-1]) if len(ids) > 1 else None
        with eager(loaded.model):
            for row, token, probability in _steps(loaded, ids[-1], cache):
                growing.add(row, token, probability)
                over = "end" if token in ends else "length" if growing.full else "person" if hurried() else ""
                if over:
                    return growing.so_far(over)
                say(growing.so_far())
                check()
    raise AssertionError("the steps are endless")


def _read(loaded: LoadedModel | LiveModel, ids: list[int]) -> Any:
    """The cache after some tokens, with the attention that the model uses anyway: no map of them is made."""
    read: Any = torch.tensor([ids], device=loaded.device)
    output = loaded.model(input_ids=read, use_cache=True, logits_to_keep=1)
    cache = getattr(output, "past_key_values", None)
    if cache is None:
        raise unreadable(loaded.model)
    return cache


def _steps(
    loaded: LoadedModel | LiveModel, token: int, cache: Any
) -> Iterator[tuple[list[torch.Tensor], int, float]]:
    """From this token on, endless (rows of each layer (heads, k), next token, its probability); in `eager`."""
    model = loaded.model
    while True:
        fresh: Any = torch.tensor([[token]], device=loaded.device)
        output = model(
            input_ids=fresh, past_key_values=cache, use_cache=True, output_attentions=True, logits_to_keep=1
        )
        cache = getattr(output, "past_key_values", None)
        rows = [layer for layer in (getattr(output, "attentions", None) or ()) if layer is not None]
        if cache is None or not rows or any(r.ndim != 4 or r.shape[0] != 1 or r.shape[2] != 1 for r in rows):
            raise unreadable(model, tuple(rows[0].shape) if rows else None)
        distribution = torch.softmax(output.logits[0, -1].float(), -1)
        token = int(distribution.argmax())
        yield [layer[0, :, 0] for layer in rows], token, float(distribution[token])
