"""Sub-words merged into words: which tokens are one word, and maps of words instead of tokens."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench.run.results import AttentionMaps

#: From here to there, letters stand for whole words or syllables, and are no pieces of one.
_IDEOGRAPHS = (("\u2e80", "\u9fff"), ("\uac00", "\ud7af"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"))


def words_of(
    tokens: Sequence[str], special: Sequence[bool] | NDArray[np.bool_]
) -> tuple[tuple[int, int], ...]:
    """The words of a text as (first token, first token of the next word).

    Where a vocabulary marks continuations ("##ing"), these join what stands before. Where it marks a word's start by a
    space, letters without one do. Special tokens and punctuation stand alone. Where a vocabulary marks neither, every
    token is a word.
    """
    if any(token.startswith("##") for token, mark in zip(tokens, special, strict=True) if not mark):
        joins = [token.startswith("##") for token in tokens]
    elif any(token.startswith(" ") for token, mark in zip(tokens, special, strict=True) if not mark):
        joins = [False, *(_goes_on(a, b) for a, b in itertools.pairwise(tokens))]
    else:
        joins = [False] * len(tokens)
    starts = [i for i, on in enumerate(joins) if not on or i == 0 or bool(special[i]) or bool(special[i - 1])]
    return tuple(zip(starts, [*starts[1:], len(tokens)], strict=True))


def _goes_on(before: str, token: str) -> bool:
    """Whether a token without a mark of its own belongs to the word before it."""
    if before.startswith(" ") and not before.strip():  # a space that is a token of its own begins the word
        return not token.startswith(" ") and token[:1].isalnum()
    if not before or not token or token[0].isspace():
        return False
    last, first = before[-1], token[0]
    return last.isalnum() and (first.isalnum() or _is_ending(token)) and not (_alone(last) or _alone(first))


def _is_ending(token: str) -> bool:
    return token[0] in "'’" and token[1:].isalpha()  # isn't, Anna's


def _alone(letter: str) -> bool:
    return any(low <= letter <= high for low, high in _IDEOGRAPHS)


def word_text(tokens: Sequence[str], start: int, end: int) -> str:
    """The word that these tokens make; begins with a space where the first one does."""
    return "".join(token.removeprefix("##") if i else token for i, token in enumerate(tokens[start:end]))


def merge_words(maps: AttentionMaps) -> AttentionMaps:
    """The maps between words: the sum over the tokens of the word that is looked at, the mean over those that look
    (Clark et al. 2019, section 4.1). Rows still sum to 1. The same maps where every token is a word."""
    rows, tokens, special = _merged(maps.tokens, maps.special)
    columns, keys, keys_special = rows, maps.keys, maps.keys_special
    if maps.keys and maps.keys_special is not None:
        columns, keys, keys_special = _merged(maps.keys, maps.keys_special)
    if rows.shape[0] == rows.shape[1] and columns.shape[0] == columns.shape[1]:
        return maps
    mean = rows / rows.sum(axis=1, keepdims=True)
    weights = np.ascontiguousarray(mean @ (maps.weights @ columns.T))
    weights.flags.writeable = False
    return replace(
        maps, weights=weights, tokens=tokens, special=special, keys=keys, keys_special=keys_special
    )


def _merged(
    tokens: Sequence[str], special: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], tuple[str, ...], NDArray[np.bool_]]:
    """Which token belongs to which word, float32 (words, tokens); the words, and which of them are special."""
    spans = words_of(tokens, special)
    belongs = np.zeros((len(spans), len(tokens)), dtype=np.float32)
    for word, (start, end) in enumerate(spans):
        belongs[word, start:end] = 1
    marks = np.array([bool(special[start]) for start, _ in spans])
    marks.flags.writeable = False
    return belongs, tuple(word_text(tokens, start, end) for start, end in spans), marks
