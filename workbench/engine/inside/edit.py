"""A sentence and an edited one in the same model: their maps, and how the prediction changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.attention import attention_maps
from workbench.engine.inside.asked import logits_of
from workbench.engine.inside.lens import spelt
from workbench.engine.inside.reading import special_ids
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.run.inside.edit import Change, Edited, compare_edit

#: So many next tokens of each of the two texts are compared.
NEXT_TOKENS = 5


def read_edit(
    loaded: LoadedModel | LiveModel,
    original: str,
    edited: str,
    max_tokens: int = 128,
    check: Callable[[], object] = lambda: None,
) -> Edited:
    """Read both texts and bring them together.

    Args:
        loaded: Any model whose attention can be read.
        original: The text as it was.
        edited: The text as it is now.
        max_tokens: Longer texts are cut.
        check: Called between the passes; may raise to stop.

    Raises:
        WorkbenchError: When one of the texts is empty, or the model has no attention that can be read.
    """
    first = attention_maps(loaded, original, max_tokens)
    check()
    second = attention_maps(loaded, edited, max_tokens) if edited != original else first
    check()
    language = loaded.head == "causal-lm"
    if language:
        changes = _next_tokens(loaded, original, edited, max_tokens)
    else:
        after = dict(second.prediction)
        changes = tuple(Change(name, before, after[name]) for name, before in first.prediction)
    comparison, how = compare_edit(first, second)
    cut = first.note or second.note
    mask = getattr(loaded.tokenizer, "mask_token", None) or ""
    return Edited(first, second, comparison, changes, language, mask, " ".join(filter(None, (how, cut))))


def _next_tokens(
    loaded: LoadedModel | LiveModel, original: str, edited: str, max_tokens: int
) -> tuple[Change, ...]:
    before = _chances(loaded, original, max_tokens)
    after = _chances(loaded, edited, max_tokens) if edited != original else before
    likely = [np.argsort(-chances, kind="stable")[:NEXT_TOKENS].tolist() for chances in (before, after)]
    numbers = sorted({*likely[0], *likely[1]}, key=lambda number: -before[number])
    words = spelt(loaded.tokenizer, numbers)
    return tuple(Change(words[number], float(before[number]), float(after[number])) for number in numbers)


def _chances(loaded: LoadedModel | LiveModel, text: str, max_tokens: int) -> NDArray[np.float64]:
    """The probability of every token as the next one, shape (vocabulary,)."""
    most = fitting_length(max_tokens, loaded.model)
    ids: list[int] = list(loaded.tokenizer(text, truncation=True, max_length=most)["input_ids"])
    marks = special_ids(loaded.tokenizer)
    while len(ids) > 1 and ids[-1] in marks:  # some tokenizers close every text, and nothing follows an end
        ids.pop()
    with untouched(loaded.model):
        logits = logits_of(loaded, torch.tensor([ids], device=loaded.device))[0]
        found: NDArray[np.float64] = torch.softmax(logits[0], dim=-1).double().cpu().numpy()
    return found
