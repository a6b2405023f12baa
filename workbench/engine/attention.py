"""Reading attention: the maps of one text in one model, exactly as the formula gives them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.results import AttentionMaps


def attention_maps(loaded: LoadedModel | LiveModel, text: str, max_tokens: int = 128) -> AttentionMaps:
    """The attention of every layer and head for a text.

    The model is read in eval mode, in float32 and with its eager attention, which returns the softmax that
    was really used; mode, random state and attention implementation are put back.

    Raises:
        WorkbenchError: When the text is empty or the model has no readable attention.
    """
    if not text.strip():
        raise bad_input("There is no text to look at.", "", "Type a sentence.")
    tokenizer, model = loaded.tokenizer, loaded.model
    encoded = tokenizer(text, truncation=True, max_length=max_tokens, return_tensors="pt")
    ids = encoded["input_ids"]
    whole = tokenizer(text, truncation=False, return_attention_mask=False, verbose=False)["input_ids"]
    inputs = {
        "input_ids": ids.to(loaded.device),
        "attention_mask": encoded["attention_mask"].to(loaded.device),
    }
    extra = {"use_cache": False} if loaded.head == "causal-lm" else {}
    with untouched(model), eager(model):
        output = model(**inputs, **extra, output_attentions=True)
    maps = [layer for layer in (getattr(output, "attentions", None) or ()) if layer is not None]
    if not maps or any(layer.ndim != 4 or layer.shape[-1] != ids.shape[1] for layer in maps):
        raise WorkbenchError(
            Problem(
                "This model has no attention that can be read.",
                f"{type(model).__name__} returns no square map per layer and head.",
                "Choose a model of the BERT, GPT or Llama families, for example.",
            )
        )
    weights = torch.stack([layer[0].float().cpu() for layer in maps]).numpy()
    weights.flags.writeable = False
    row = ids[0].tolist()
    special = np.isin(np.asarray(row), _marks(tokenizer))
    special.flags.writeable = False
    note = f"Cut after {len(row)} of {len(whole)} tokens." if len(whole) > len(row) else ""
    return AttentionMaps(
        weights=weights,
        tokens=readable_tokens(tokenizer, row),
        special=special,
        model=loaded.name,
        causal=_is_causal(weights),
        step=loaded.step,
        prediction=_prediction(loaded, output),
        note=note,
    )


@contextlib.contextmanager
def eager(model: Any) -> Iterator[None]:
    """Switch to the eager attention implementation and back; only the engine thread may do this."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def _marks(tokenizer: Any) -> list[int]:
    """The special tokens that stand for no text. An unknown word is text, unless its token has another job."""
    others = [getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad", "cls", "sep", "mask")]
    unknown = None if tokenizer.unk_token_id in others else tokenizer.unk_token_id
    return [number for number in tokenizer.all_special_ids if number != unknown]


def readable_tokens(tokenizer: Any, ids: list[int]) -> tuple[str, ...]:
    """Tokens as a person reads them: a visible space for a word's start where the vocabulary marks it,
    "##" kept for WordPiece's continuations, and raw bytes only where they are no whole character."""
    raw = tokenizer.convert_ids_to_tokens(ids)
    tokens = []
    for number, token in zip(ids, raw, strict=True):
        if number in tokenizer.all_special_ids or token.startswith("##"):
            tokens.append(token)
            continue
        text = tokenizer.decode([number], clean_up_tokenization_spaces=False)
        if token.startswith(("Ġ", "▁")) and not text.startswith(" "):
            text = f" {text}"
        if "�" in text or not text:
            text = token
        tokens.append(text.replace("\n", "⏎").replace("\t", "⇥"))
    return tuple(tokens)


def _is_causal(weights: np.ndarray[Any, Any]) -> bool:
    n = weights.shape[-1]
    return n > 1 and not weights[..., *np.triu_indices(n, 1)].any()


def _prediction(loaded: LoadedModel | LiveModel, output: Any) -> tuple[tuple[str, float], ...]:
    if loaded.head != "classifier":
        return ()
    probabilities = torch.softmax(output.logits[0].float(), dim=-1).tolist()
    return ranked(loaded.class_names, probabilities)


def ranked(names: tuple[str, ...], probabilities: list[float]) -> tuple[tuple[str, float], ...]:
    """(class, probability) pairs, best first."""
    return tuple(sorted(zip(names, probabilities, strict=True), key=lambda pair: -pair[1]))
