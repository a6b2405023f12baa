"""From word to word: in which heads a word looks at another, and how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.run.inside.census import Census
from workbench.run.inside.words import word_text, words_of
from workbench.run.results import AttentionMaps


@dataclass(frozen=True, slots=True)
class Hit:
    """One head in which a word looks at another.

    Attributes:
        layer: Counted from 0.
        head: Counted from 0.
        kind: What the head mostly does in this text, a key of the census.
        weight: The share of the word's attention, 0 to 1: summed over the tokens of the word that is looked at, meaned
            over those of the word that looks.
        source: The word that looks.
        target: The word that is looked at.
        tokens: The first token of either word.
        text: The text.
        model: The model, as a request names it.
        title: The model in words.
    """

    layer: int
    head: int
    kind: str
    weight: float
    source: str
    target: str
    tokens: tuple[int, int]
    text: str
    model: str
    title: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: the strongest hits, best first, and how much was read.

    `texts` were read in each of `models`; `skipped` held-out texts hold the words not at all.
    """

    hits: tuple[Hit, ...]
    texts: int
    skipped: int
    models: tuple[str, ...]


def fold(word: str) -> str:
    """A word as it is compared: without white space around it, capitals or not."""
    return word.strip().casefold()


def may_hold(text: str, *wanted: str) -> bool:
    """Whether a text can hold these words; blank ones stand for any."""
    folded = text.casefold()
    return all(fold(word) in folded for word in wanted)


def find(
    maps: AttentionMaps, taken: Census, source: str, target: str, text: str, model: str
) -> tuple[Hit, ...]:
    """In each head the strongest look from one word at the other; blank stands for any ordinary word.

    Args:
        maps: The maps of the text.
        taken: The census of the same maps.
        source: The word that looks, capitals or not.
        target: The word that is looked at.
        text: What the hits say of the text.
        model: What the hits say of the model.
    """
    rows = _places(maps.tokens, maps.special, source)
    columns = _places(maps.keys or maps.tokens, _key_marks(maps), target)
    if not rows or not columns:
        return ()
    between = _between(maps.weights, [place.span for place in rows], [place.span for place in columns])
    if not maps.keys and not (
        fold(source) and fold(target)
    ):  # a word's look at itself would stand first everywhere
        itself = [[row.span == column.span for column in columns] for row in rows]
        between = np.where(itself, np.float32(0), between)
    hits = []
    for layer, head in np.ndindex(*between.shape[:2]):
        here = between[layer, head]
        i, j = np.unravel_index(int(here.argmax()), here.shape)
        row, column = rows[int(i)], columns[int(j)]
        found = Hit(
            layer, head, taken.kind(layer, head).key, float(here[i, j]), row.word, column.word,
            (row.span[0], column.span[0]), text, model, maps.model,
        )  # fmt: skip
        hits.append(found)
    return tuple(hit for hit in hits if hit.weight > 0)


class _Place(NamedTuple):
    word: str
    span: tuple[int, int]


def _key_marks(maps: AttentionMaps) -> NDArray[np.bool_]:
    return maps.special if maps.keys_special is None else maps.keys_special


def _places(tokens: Sequence[str], special: NDArray[np.bool_], wanted: str) -> list[_Place]:
    """Where a word stands; blank for every ordinary word."""
    name = fold(wanted)
    places = [_Place(word_text(tokens, *span).strip(), span) for span in words_of(tokens, special)]
    return [p for p in places if (fold(p.word) == name if name else not special[p.span[0]])]


def _between(
    weights: NDArray[np.float32], rows: Sequence[tuple[int, int]], columns: Sequence[tuple[int, int]]
) -> NDArray[np.float32]:
    """(layers, heads, rows, columns): the mean over a word's rows of the sum over the other one's columns."""
    looks = np.stack([weights[:, :, a:b].mean(axis=2) for a, b in rows], axis=2)
    return np.stack([looks[..., a:b].sum(axis=-1) for a, b in columns], axis=-1)
