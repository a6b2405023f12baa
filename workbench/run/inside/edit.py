"""A sentence and an edited one in the same model: what the edit changes, and edits of single words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from workbench.run.inside.comparison import DIFFERENCE, Comparison, head_divergence
from workbench.run.inside.words import words_of
from workbench.run.results import AttentionMaps

#: Letters that stand for whole words or syllables, words with what joins them, and other signs one by one.
_WORD = r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]|[^\W\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]+(?:['’-]\w+)*|[^\w\s]"
_POSITIONS = "Tokens are compared place by place."
_WORDS = "The number of tokens differs, so only words that stayed are compared; their rows are rescaled."
_NONE = "Too few words stayed for the heads to be compared."
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """The probability of a class, or of a next token, before and after the edit."""

    name: str
    before: float
    after: float

    @property
    def points(self) -> float:
        """The change in percentage points."""
        return 100 * (self.after - self.before)


@dataclass(frozen=True, slots=True, eq=False)
class Edited:
    """What an edit changes.

    Attributes:
        first: The maps of the original.
        second: The maps of the edited text.
        comparison: The two brought together; None where too little of the text stayed.
        changes: Classes, or likely next tokens of either text, the likeliest of the original first.
        language: Whether `changes` are next tokens.
        mask: The model's mask token as it is written in a text; empty where it has none.
        note: How the two were brought together, or why they were not.
    """

    first: AttentionMaps
    second: AttentionMaps
    comparison: Comparison | None
    changes: tuple[Change, ...]
    language: bool
    mask: str
    note: str


# ---- bringing together


def compare_edit(first: AttentionMaps, second: AttentionMaps) -> tuple[Comparison | None, str]:
    """What each head does differently: place by place where both have as many tokens, else between the words that
    stayed. None where fewer than two words stayed; and in words how it was done."""
    if len(first.tokens) == len(second.tokens):
        pairs = zip(first.tokens, second.tokens, strict=True)
        names = tuple(a if a == b else f"{a}→{b.strip()}" for a, b in pairs)
        changed = first.tokens != second.tokens
        return _compared(first, second, names), _POSITIONS if changed else ""
    kept = _stayed(first, second)
    places = [i for i, _ in kept]
    if np.count_nonzero(~first.special[places]) < 2:
        return None, _NONE
    parts = _part(first, places), _part(second, [j for _, j in kept])
    return _compared(*parts, parts[0].tokens), _WORDS


def _stayed(first: AttentionMaps, second: AttentionMaps) -> list[tuple[int, int]]:
    """The places of tokens of the words that are in both, in order."""
    spans = [words_of(maps.tokens, maps.special) for maps in (first, second)]
    words = [
        [tuple(token.strip() for token in maps.tokens[start:end]) for start, end in found]
        for maps, found in zip((first, second), spans, strict=True)
    ]
    pairs: list[tuple[int, int]] = []
    for a, b, size in SequenceMatcher(None, words[0], words[1], autojunk=False).get_matching_blocks():
        for i in range(size):
            (start, end), (other, _) = spans[0][a + i], spans[1][b + i]
            pairs += [(start + k, other + k) for k in range(end - start)]
    return pairs


def _part(maps: AttentionMaps, places: Sequence[int]) -> AttentionMaps:
    """The maps between some tokens; rows sum to 1 again, and one of which nothing is left stays 0."""
    chosen = np.array(places, dtype=np.int64)
    weights = maps.weights[:, :, chosen][..., chosen]
    sums = weights.sum(axis=-1, keepdims=True)
    weights = np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)
    special = maps.special[chosen]
    weights.flags.writeable = special.flags.writeable = False
    return replace(maps, weights=weights, tokens=tuple(maps.tokens[i] for i in places), special=special)


def _compared(first: AttentionMaps, second: AttentionMaps, names: tuple[str, ...]) -> Comparison:
    weights = second.weights - first.weights
    special: NDArray[np.bool_] = first.special & second.special
    weights.flags.writeable = special.flags.writeable = False
    difference = replace(
        second, weights=weights, tokens=names, special=special, prediction=(), kind=DIFFERENCE
    )
    return Comparison(first, second, difference, head_divergence(first.weights, second.weights))


# ---- edits of single words


def pieces(text: str, mask: str = "") -> tuple[Span, ...]:
    """Where the words of a text are; punctuation and a written mask token stand alone."""
    pattern = f"{re.escape(mask)}|{_WORD}" if mask else _WORD
    return tuple(found.span() for found in re.finditer(pattern, text))


def replaced(text: str, span: Span, word: str) -> str:
    """The text with another word in a place."""
    return text[: span[0]] + word + text[span[1] :]


def without(text: str, span: Span) -> str:
    """The text without a word, and without the space that it leaves."""
    before, after = text[: span[0]], text[span[1] :]
    if before.endswith(" ") and (not after or not after[0].isalnum()):
        before = before[:-1]
    elif after.startswith(" ") and (not before or before.endswith(" ")):
        after = after[1:]
    return before + after


def swapped(text: str, first: Span, second: Span) -> str:
    """The text with two words in each other's place; `first` stands before `second`."""
    (a, b), (c, d) = first, second
    return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


def changed(original: str, edited: str, mask: str = "") -> tuple[bool, ...]:
    """Which words of the edited text are not, in this order, words of the original."""
    words = [[text[a:b] for a, b in pieces(text, mask)] for text in (original, edited)]
    new = [True] * len(words[1])
    for _, start, size in SequenceMatcher(None, words[0], words[1], autojunk=False).get_matching_blocks():
        new[start : start + size] = [False] * size
    return tuple(new)
