"""Which part of the attention maps is shown: special tokens hidden or not, and cells that do not exist."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.gui.attention.pooling import block_of, pool_max, pool_signed
from workbench.run.inside.comparison import DIFFERENCE
from workbench.run.results import AttentionMaps, HeadMap, PooledMaps

Special = Literal["shown", "hidden", "renormalised"]


@dataclass(frozen=True, slots=True)
class Link:
    """One cell of a head: the token that looks, the token it looks at, and how much."""

    query: int
    key: int
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Maps as they are drawn: always squares. Where a decoder looks at another text, the shorter side is filled up
    with cells that are not possible. Of a long text, cells are blocks of tokens.

    Attributes:
        maps: Where they come from.
        special: What was done with special tokens.
        weights: float32 (layers, heads, n, n); 0 where a cell is not visible.
        visible: bool (n, n): cells that are drawn with a colour.
        possible: bool (n, n): cells that the model can fill at all; False above the diagonal of a causal one.
        hidden: bool (n,): tokens whose row is greyed out, and their column where they look at themselves.
    """

    maps: AttentionMaps | PooledMaps
    special: Special
    weights: NDArray[np.float32]
    visible: NDArray[np.bool_]
    possible: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    #: What was found in the weights, for it costs a walk through all of them: maps made small, and their tops.
    _small: dict[tuple[int, bool], NDArray[np.float32]] = field(default_factory=dict, init=False, repr=False)
    _tops: list[NDArray[np.float32]] = field(default_factory=list, init=False, repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Layers, heads, tokens."""
        layers, heads, n, _ = self.weights.shape
        return layers, heads, n

    @property
    def telling(self) -> NDArray[np.bool_]:
        """bool (n,): rows with at least two visible cells. A row of one cell is 1 whatever the model learned,
        as the first token's of every causal model; it would be every head's strongest link."""
        found = np.asarray(self.visible.sum(axis=1) >= 2)
        return found if found.any() else np.asarray(self.visible.any(axis=1))

    @property
    def hidden_keys(self) -> NDArray[np.bool_]:
        """bool (n,): tokens whose column is greyed out."""
        keys = self.maps.keys_special
        if keys is None or self.special == "shown" or isinstance(self.maps, PooledMaps):
            return self.hidden
        return _filled(keys.astype(bool), len(self.hidden))

    @property
    def signed(self) -> bool:
        """Whether weights are differences, from -1 to 1, of which size counts and not sign."""
        return self.maps.kind == DIFFERENCE

    def small(self, size: int, *, signed: bool = False) -> NDArray[np.float32]:
        """All maps at most `size` cells a side, each cell the largest of its block (`signed`: the furthest from 0).

        Most of the work of a large atlas; the last one is kept, as the next change may be one of colours alone.
        """
        if self.shape[2] <= size:
            return self.weights
        if (size, signed) not in self._small:
            self._small.clear()
            self._small[size, signed] = (pool_signed if signed else pool_max)(self.weights, size)
        return self._small[size, signed]

    def row_tops(self) -> NDArray[np.float32]:
        """The largest visible weight of each head in its telling rows, of shape (layers, heads)."""
        if not self._tops:
            self._tops.append(self._found_tops())
        return self._tops[0]

    def _found_tops(self) -> NDArray[np.float32]:
        """Where maps were made small already, only blocks with a row that does not tell are read again."""
        known = (found for (_, signed), found in self._small.items() if signed or not self.signed)
        small, telling = next(known, self.weights), self.telling
        blocks = small.shape[-1]
        block = block_of(self.shape[2], blocks)  # of each row
        mixed = np.isin(np.arange(blocks), block[self.visible.any(axis=1) & ~telling])
        plain = np.flatnonzero(~mixed)
        parts = [self.weights[:, :, telling & mixed[block]]]
        if len(plain):  # mostly all but the first; a slice costs no copy
            run = plain[-1] - plain[0] + 1 == len(plain)
            parts.append(small[:, :, plain[0] : plain[-1] + 1] if run else small[:, :, plain])
        parts = [part for part in parts if part.shape[2]]
        tops: NDArray[np.float32] = np.max([part.max(axis=(2, 3)) for part in parts], axis=0)
        if self.signed:
            np.maximum(tops, -np.min([part.min(axis=(2, 3)) for part in parts], axis=0), out=tops)
        return tops

    def strongest(self, layer: int, head: int) -> Link | None:
        """The largest visible weight of a head in its telling rows; None when nothing is visible."""
        if not self.visible.any():
            return None
        if isinstance(self.maps, PooledMaps):  # found when the maps were read, token by token
            among = 0 if self.special == "shown" else 1
            query, key = self.maps.links[among, layer, head]
            return (
                Link(int(query), int(key), float(self.maps.strengths[among, layer, head]))
                if key >= 0
                else None
            )
        tile = self.weights[layer, head] * self.telling[:, None]
        sizes = np.abs(tile) if self.signed else tile
        query, key = np.unravel_index(int(sizes.argmax()), tile.shape)
        return Link(int(query), int(key), float(tile[query, key]))


def show(maps: AttentionMaps | PooledMaps, special: Special = "shown") -> Shown:
    """Apply the choice about special tokens; the maps themselves are never changed.

    "renormalised" divides each row by what is left of it, so that visible rows sum to 1 again; a row of which
    nothing is left stays 0. Maxima of blocks cannot be divided so: they stay as they are.
    """
    rows = maps.special.astype(bool)
    columns = rows if maps.keys_special is None else maps.keys_special.astype(bool)
    if isinstance(maps, PooledMaps):
        weights = maps.tiles.astype(np.float32)
        rows, columns = (
            np.logical_and.reduceat(side, starts[:-1])
            for side, starts in ((rows, maps.rows), (columns, maps.columns))
        )
    else:
        weights = maps.weights
    possible = (
        np.tri(len(rows), dtype=bool) if maps.causal else np.ones((len(rows), len(columns)), dtype=bool)
    )
    if special == "shown":
        rows, columns = np.zeros_like(rows), np.zeros_like(columns)
    visible = possible & ~rows[:, None] & ~columns[None, :]
    if rows.any() or columns.any():
        weights = weights * visible.astype(np.float32)
        if special == "renormalised" and not isinstance(maps, PooledMaps):
            sums = weights.sum(axis=-1, keepdims=True)
            np.divide(weights, sums, out=weights, where=sums > 0)
    n, m = visible.shape
    if n != m:
        side = max(n, m)
        weights = np.pad(weights, ((0, 0), (0, 0), (0, side - n), (0, side - m)))
        visible, possible = (np.pad(cells, ((0, side - n), (0, side - m))) for cells in (visible, possible))
        rows = _filled(rows, side)
    return Shown(maps, special, weights, visible, possible, rows)


def show_one(maps: PooledMaps, one: HeadMap, special: Special = "shown") -> Shown:
    """One head of a long text, token by token. Whichever head is asked of it, it gives this one."""
    layers, heads = maps.tiles.shape[:2]
    whole = AttentionMaps(
        one.weights[None, None], maps.tokens, maps.special, maps.model, maps.causal, maps.step, maps.prediction,
        maps.note, maps.kind, maps.kinds, maps.keys, maps.keys_special,
    )  # fmt: skip
    shown = show(whole, special)
    weights = np.broadcast_to(shown.weights, (layers, heads, *shown.weights.shape[2:]))
    return Shown(whole, special, weights, shown.visible, shown.possible, shown.hidden)


def _filled(side: NDArray[np.bool_], n: int) -> NDArray[np.bool_]:
    return np.pad(side, (0, n - len(side)))
