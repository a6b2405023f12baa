"""Which token stands for each word: a word's tag is learned, and read, at its first piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.run.problem import bad_input

#: Where the words of a text stand, as (start, end) in characters.
Places = Sequence[tuple[int, int]]
_PORTION = 500


class Pieces(NamedTuple):
    """The token ids of a text, int32, and the place of each word's first piece among them, int64, shape (words,); -1
    for a word without a piece of its own: one that was cut off, or that the tokenizer leaves out."""

    ids: NDArray[np.int32]
    first: NDArray[np.int64]


def word_pieces(
    tokenizer: Any,
    texts: Sequence[str],
    places: Sequence[Places],
    limit: int,
    check: Callable[[], object] = lambda: None,
) -> list[Pieces]:
    """The tokens of each text, at most `limit`, and where its words begin among them.

    The text is read as it is, and the tokenizer says which characters each token is from; so it does not matter whether
    it wants a blank before a word.

    Raises:
        WorkbenchError: When the tokenizer cannot say so.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise bad_input(
            "The words cannot be told apart.",
            "This model's tokenizer does not say which characters a token is from (it has no tokenizer.json).",
            "Choose a model with a fast tokenizer.",
            field="model.source",
        )
    found: list[Pieces] = []
    for start in range(0, len(texts), _PORTION):
        check()
        encoded = tokenizer(
            list(texts[start : start + _PORTION]),
            truncation=True,
            max_length=limit,
            return_attention_mask=False,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
            verbose=False,
        )
        rows = zip(
            encoded["input_ids"],
            encoded["offset_mapping"],
            encoded["special_tokens_mask"],
            places[start : start + _PORTION],
            strict=True,
        )
        found += [
            Pieces(np.asarray(ids, dtype=np.int32), _first_pieces(offsets, special, words))
            for ids, offsets, special, words in rows
        ]
    return found


def _first_pieces(
    offsets: Sequence[tuple[int, int]], special: Sequence[int], words: Places
) -> NDArray[np.int64]:
    """The first token that has a character of each word, and of no word before it."""
    pieces = [i for i, mark in enumerate(special) if not mark and offsets[i][1] > offsets[i][0]]
    found = np.full(len(words), -1, dtype=np.int64)
    place = 0
    for number, (start, end) in enumerate(words):
        while place < len(pieces) and offsets[pieces[place]][1] <= start:
            place += 1
        if place < len(pieces) and offsets[pieces[place]][0] < end:
            found[number] = pieces[place]
            place += 1
    return found
