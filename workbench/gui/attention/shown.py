"""Which part of the attention maps is shown: special tokens hidden or not, and cells that do not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.run.inside.comparison import DIFFERENCE
from workbench.run.results import AttentionMaps

Special = Literal["shown", "hidden", "renormalised"]


@dataclass(frozen=True, slots=True)
class Link:
    """One cell of a head: the token that looks, the token it looks at, and how much."""

    query: int
    key: int
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Maps as they are drawn.

    Attributes:
        maps: Where they come from.
        special: What was done with special tokens.
        weights: float32 (layers, heads, n, n); 0 where a cell is not visible.
        visible: bool (n, n): cells that are drawn with a colour.
        possible: bool (n, n): cells that the model can fill at all; False above the diagonal of a causal one.
        hidden: bool (n,): tokens whose row and column are greyed out.
    """

    maps: AttentionMaps
    special: Special
    weights: NDArray[np.float32]
    visible: NDArray[np.bool_]
    possible: NDArray[np.bool_]
    hidden: NDArray[np.bool_]

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
    def signed(self) -> bool:
        """Whether weights are differences, from -1 to 1, of which size counts and not sign."""
        return self.maps.kind == DIFFERENCE

    def row_tops(self) -> NDArray[np.float32]:
        """The largest visible weight of each head in its telling rows, of shape (layers, heads)."""
        most = self.weights.max(axis=3)
        if self.signed:
            most = np.maximum(most, -self.weights.min(axis=3))
        rows = most * self.telling
        tops: NDArray[np.float32] = rows.max(axis=2)
        return tops

    def strongest(self, layer: int, head: int) -> Link | None:
        """The largest visible weight of a head in its telling rows; None when nothing is visible."""
        if not self.visible.any():
            return None
        tile = self.weights[layer, head] * self.telling[:, None]
        sizes = np.abs(tile) if self.signed else tile
        query, key = np.unravel_index(int(sizes.argmax()), tile.shape)
        return Link(int(query), int(key), float(tile[query, key]))


def show(maps: AttentionMaps, special: Special = "shown") -> Shown:
    """Apply the choice about special tokens; the maps themselves are never changed.

    "renormalised" divides each row by what is left of it, so that visible rows sum to 1 again; a row of which
    nothing is left stays 0.
    """
    n = len(maps.tokens)
    possible = np.tri(n, dtype=bool) if maps.causal else np.ones((n, n), dtype=bool)
    hidden = np.zeros(n, dtype=bool) if special == "shown" else maps.special.astype(bool)
    visible = possible & ~hidden[:, None] & ~hidden[None, :]
    weights = maps.weights
    if hidden.any():
        weights = weights * visible.astype(np.float32)
        if special == "renormalised":
            sums = weights.sum(axis=-1, keepdims=True)
            np.divide(weights, sums, out=weights, where=sums > 0)
    return Shown(maps, special, weights, visible, possible, hidden)
