"""Texts into token ids, in portions between which other threads have their turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Texts in one call of the tokenizer. Its answer becomes Python lists in one go, which no other thread may interrupt:
#: 50 000 texts at once stop the window for 200 ms, and take more memory than their ids do.
PORTION = 500


def token_ids(tokenizer: Any, texts: Sequence[str], **options: Any) -> list[NDArray[np.int32]]:
    """The ids of each text, int32, shape (tokens,).

    Args:
        tokenizer: A transformers tokenizer.
        texts: What to encode.
        **options: What else the tokenizer is told: truncation, max_length, add_special_tokens.
    """
    found: list[NDArray[np.int32]] = []
    for start in range(0, len(texts), PORTION):
        portion = list(texts[start : start + PORTION])
        rows = tokenizer(portion, return_attention_mask=False, **options)["input_ids"]
        found += [np.asarray(row, dtype=np.int32) for row in rows]
    return found
