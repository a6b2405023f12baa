"""How a long side of an attention map is divided into blocks, and the maxima of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

#: At most this many special tokens at either end get blocks of their own.
_EDGE = 8


@dataclass(frozen=True, slots=True)
class Blocks:
    """`lead` single tokens, blocks of `size` tokens (the last may be shorter), `trail` single tokens; `n` in all."""

    n: int
    lead: int
    trail: int
    size: int

    @property
    def starts(self) -> NDArray[np.int64]:
        """The first token of each block, and `n`; int64."""
        middle = np.arange(self.lead, self.n - self.trail, self.size)
        return np.concatenate(
            [np.arange(self.lead), middle, np.arange(self.n - self.trail, self.n + 1)], dtype=np.int64
        )

    @property
    def count(self) -> int:
        """How many blocks there are."""
        return self.lead + -(-(self.n - self.lead - self.trail) // self.size) + self.trail

    def stretches(self, most: int) -> Iterator[tuple[int, int, int, int]]:
        """Whole blocks of one size at a time: (first token, last token + 1, size of its blocks, its first block),
        of about `most` tokens."""
        at = 0
        middle, end = self.lead, self.n - self.trail
        step = max(1, most // self.size) * self.size
        for first, last, size in (
            (0, self.lead, 1),
            *((i, min(i + step, self._even), self.size) for i in range(middle, self._even, step)),
            (self._even, end, end - self._even),
            (end, self.n, 1),
        ):
            if last > first:
                yield first, last, size, at
                at += (last - first) // size

    @property
    def _even(self) -> int:
        """Where the blocks of full size end."""
        return self.lead + (self.n - self.trail - self.lead) // self.size * self.size

    def pool_into(self, rows: torch.Tensor, tiles: torch.Tensor) -> None:
        """Write the maxima of blocks of columns, as far as the columns reach: (..., m' <= n) into (..., count)."""
        reach = rows.shape[-1]
        tiles[..., : self.lead] = rows[..., : self.lead]
        even, end = min(reach, self._even), min(reach, self.n - self.trail)
        full = max(0, even - self.lead) // self.size
        if full:
            upto = self.lead + full * self.size
            part = rows[..., self.lead : upto]
            whole = part if self.size == 1 else part.reshape(*part.shape[:-1], full, self.size).amax(-1)
            tiles[..., self.lead : self.lead + full] = whole
        rest = self.lead + full * self.size
        if rest < end:
            tiles[..., self.lead + full] = rows[..., rest:end].amax(-1)
        if reach > self.n - self.trail:
            first = self.count - self.trail
            tiles[..., first : first + reach - end] = rows[..., end:]


def divide(special: NDArray[np.bool_], side: int) -> Blocks:
    """At most about `side` blocks for tokens of which some are special.

    Special tokens at either end stand alone, so that they can be hidden; the first token always does: in a causal
    model its row says nothing, and as a key many heads rest on it.
    """
    n = len(special)
    lead = int(np.argmin(special)) if not special.all() else n
    trail = int(np.argmin(special[::-1])) if lead < n else 0
    lead = min(max(lead, 1), n, _EDGE)
    trail = min(trail, n - lead, _EDGE)
    room = max(1, side - lead - trail)
    return Blocks(n, lead, trail, max(1, -(-(n - lead - trail) // room)))
