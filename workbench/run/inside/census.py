"""The census of heads: what each head of a model mostly does, by which score, and how sure that is.

Nearly every score is a share of attention: the mean, over the tokens that look, of the weight that goes to one kind
of place. A head is of the kind whose score is furthest above its threshold; where none reaches its threshold it is
"other". Thresholds are conventions, so the score and the runner-up are always told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.run.inside.head_kinds import CEILING, KEYS, KINDS, TWICE, Kind
from workbench.run.inside.places import SHARES, Places, find_places
from workbench.run.results import AttentionMaps, PooledMaps

OTHER = KEYS.index("other")
_BROAD = len(SHARES)

#: Weights of so many bytes go through the logarithm at once; smaller weights than the second count as it.
_AT_ONCE, _TINY = 1 << 20, np.float32(1e-30)


@dataclass(frozen=True, slots=True)
class HeadFacts:
    """What the census says of one head; `score` is 0 for "other", whose nearest kind is `runner_up`."""

    layer: int
    head: int
    kind: Kind
    score: float
    threshold: float
    runner_up: Kind
    runner_up_score: float
    entropy: float
    evenness: float
    distance: float
    offset: float


@dataclass(frozen=True, slots=True, eq=False)
class Census:
    """Measures of every head, averaged over the tokens of one or several texts.

    All arrays are read-only; L layers, H heads.

    Attributes:
        scores: float32 (L, H, kinds), in the order of `KINDS`; NaN where the texts gave no chance to show the kind;
            the last one, "other", is always 0.
        thresholds: float32 (kinds,): what a score had to reach here.
        kinds: intp (L, H): the place in `KINDS` of each head's kind.
        runner_ups: intp (L, H): the place of the next kind.
        entropy: float32 (L, H), nats: the mean of −Σ w ln w over the tokens that look.
        distance: float32 (L, H), tokens: the mean of |key − query| weighted by attention (Vig and Belinkov 2019); NaN
            where a decoder looks at an encoder's text.
        offset: float32 (L, H), tokens: the same with its sign; −1 is the diagonal of the previous token.
        texts: How many texts were read.
        tokens: How many tokens looked.
    """

    scores: NDArray[np.float32]
    thresholds: NDArray[np.float32]
    kinds: NDArray[np.intp]
    runner_ups: NDArray[np.intp]
    entropy: NDArray[np.float32]
    distance: NDArray[np.float32]
    offset: NDArray[np.float32]
    texts: int
    tokens: int

    @property
    def evenness(self) -> NDArray[np.float32]:
        """float32 (L, H): entropy as a share of the largest possible, 0 to 1."""
        return self.scores[:, :, _BROAD]

    def kind(self, layer: int, head: int) -> Kind:
        """What a head is."""
        return KINDS[int(self.kinds[layer, head])]

    def facts(self, layer: int, head: int) -> HeadFacts:
        """Everything about one head."""
        found, second = int(self.kinds[layer, head]), int(self.runner_ups[layer, head])
        scores = self.scores[layer, head]
        return HeadFacts(
            layer, head, KINDS[found], float(scores[found]), float(self.thresholds[found]), KINDS[second],
            float(scores[second]), float(self.entropy[layer, head]), float(scores[_BROAD]),
            float(self.distance[layer, head]), float(self.offset[layer, head]),
        )  # fmt: skip

    def heads(self) -> Iterable[HeadFacts]:
        """Every head, layer by layer."""
        return (self.facts(layer, head) for layer, head in np.ndindex(*self.kinds.shape))

    def counts(self) -> NDArray[np.intp]:
        """intp (L, kinds): how many heads of each kind a layer has."""
        return np.stack([np.bincount(layer, minlength=len(KINDS)) for layer in self.kinds])


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Sums over the tokens of texts, from which a census is made; two of the same model can be added.

    Attributes:
        sums: float64 (L, H, measures): shares, then evenness, entropy, distance and offset.
        rows: float64 (measures,): over how many tokens each was summed.
        even: float64 (shares,): what even attention would have given.
        texts: How many texts.
    """

    sums: NDArray[np.float64]
    rows: NDArray[np.float64]
    even: NDArray[np.float64]
    texts: int = 1

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            self.sums + other.sums, self.rows + other.rows, self.even + other.even, self.texts + other.texts
        )

    def census(self) -> Census:
        """The means, and which kind each head is by them."""
        with np.errstate(invalid="ignore", divide="ignore"):
            means = self.sums / self.rows
            even = self.even / self.rows[:_BROAD]
        scores = np.concatenate([means[:, :, : _BROAD + 1], np.zeros((*means.shape[:2], 1))], axis=2)
        thresholds = np.array([kind.threshold for kind in KINDS])
        thresholds[:_BROAD] = np.clip(TWICE * np.nan_to_num(even), thresholds[:_BROAD], CEILING)
        enough = np.array([self.rows[i] >= kind.fewest for i, kind in enumerate(KINDS[:OTHER])] + [True])
        strength = np.where(enough & ~np.isnan(scores), scores / thresholds, -1.0)
        order = np.argsort(-strength, axis=2, kind="stable")
        strongest = np.take_along_axis(strength, order[:, :, :1], axis=2)[:, :, 0]
        named = strongest >= 1
        kinds = np.where(named, order[:, :, 0], OTHER)
        runner_ups = np.where(named, order[:, :, 1], order[:, :, 0])
        entropy, distance, offset = (_kept(means[:, :, _BROAD + 1 + i], np.float32) for i in range(3))
        return Census(
            _kept(scores, np.float32), _kept(thresholds, np.float32), _kept(kinds, np.intp),
            _kept(runner_ups, np.intp), entropy, distance, offset, self.texts, int(self.rows[_BROAD]),
        )  # fmt: skip


def census(maps: AttentionMaps | PooledMaps | Sequence[AttentionMaps | PooledMaps]) -> Census:
    """The census of one text, or of several of the same model together (every token counts the same).

    Raises:
        ValueError: When there are no maps, or those of a long text came without measures.
    """
    several = [maps] if isinstance(maps, (AttentionMaps, PooledMaps)) else list(maps)
    if not several:
        raise ValueError("a census needs maps")
    total = tally(several[0])
    for each in several[1:]:
        total = total + tally(each)
    return total.census()


def tally(maps: AttentionMaps | PooledMaps) -> Tally:
    """The sums of one text; those of a long one were taken while it was read.

    Costs about 10 ms for 12 × 12 heads of 128 tokens: not for the window's thread.

    Raises:
        ValueError: When the maps of a long text came without measures.
    """
    places = find_places(
        maps.tokens, maps.special, maps.keys_special if maps.keys else None, causal=maps.causal
    )
    if isinstance(maps, PooledMaps):
        if maps.measures is None:
            raise ValueError("these maps were read without a census")
        return Tally(maps.measures, places.rows, places.even)
    return Tally(_measures(maps.weights, places), places.rows, places.even)


def _measures(weights: NDArray[np.float32], places: Places) -> NDArray[np.float64]:
    """Of each head, what is summed over its rows: (L, H, measures) in the order of `Tally`."""
    layers, heads, rows, columns = weights.shape
    flat = weights.reshape(layers * heads, rows * columns)
    # `take` gathers twice as fast as an index.
    shares = [
        np.take(flat, row * columns + column, axis=1).sum(-1, dtype=np.float64)
        for row, column in places.cells
    ]
    entropies = _entropy(weights).reshape(layers * heads, rows)
    spread = [(entropies / places.largest) @ places.looking, entropies @ places.looking]
    offset = (np.arange(columns) - np.arange(rows)[:, None]) * places.looking[:, None] * places.paired
    apart = np.stack([np.abs(offset), offset], -1).reshape(rows * columns, 2).astype(np.float32)
    far = (flat @ apart).astype(np.float64).T
    return np.stack([*shares, *spread, *far], -1).reshape(layers, heads, -1)


def _entropy(weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """(L, H, rows) in nats; some heads at a time and always in the same room, which stays in the cache."""
    flat = weights.reshape(-1, *weights.shape[2:])
    found = np.empty(flat.shape[:2])
    step = max(1, _AT_ONCE // max(1, flat[:1].nbytes))
    room = np.empty((min(step, len(flat)), *flat.shape[1:]), dtype=np.float32)
    for first in range(0, len(flat), step):
        some = flat[first : first + step]
        logs = np.maximum(some, _TINY, out=room[: len(some)])
        np.log(logs, out=logs)
        found[first : first + step] = np.einsum("hij,hij->hi", some, logs)
    return -found.reshape(weights.shape[:3])


def _kept(array: NDArray[Any], kind: Any) -> NDArray[Any]:
    made = np.ascontiguousarray(array, dtype=kind)
    made.flags.writeable = False
    return made
