"""Which cells of a map of attention the census counts, for each kind of head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.run.inside.head_kinds import KEYS

#: Kinds whose score is the share of attention that goes to some cells.
SHARES = KEYS[: KEYS.index("broad")]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The cells of each kind of a map of n queries by m keys, and which queries count.

    Attributes:
        shape: (n, m).
        causal: Whether a token sees only itself and earlier ones.
        paired: Whether queries and keys are the same text, so that places have distances.
        looking: bool (n,): rows that say something.
        largest: float64 (n,): the largest possible entropy of each row, in nats; at least ln 2.
        cells: Of each of `SHARES`: rows and columns of its cells, int64 (2, k), row by row.
        eligible: float64 (shares,): how many rows have a cell of each kind.
        even: float64 (shares,): what even attention would give to each kind, summed over rows.
    """

    shape: tuple[int, int]
    causal: bool
    paired: bool
    looking: NDArray[np.bool_]
    largest: NDArray[np.float64]
    cells: tuple[NDArray[np.int64], ...]
    eligible: NDArray[np.float64]
    even: NDArray[np.float64]

    @property
    def rows(self) -> NDArray[np.float64]:
        """float64 (measures,): over how many rows each measure of a `Tally` is summed."""
        total = float(self.looking.sum())
        paired = total if self.paired else 0.0
        return np.array([*self.eligible, total, total, paired, paired])


def find_places(
    tokens: Sequence[str],
    special: NDArray[np.bool_],
    keys_special: NDArray[np.bool_] | None = None,
    *,
    causal: bool,
) -> Places:
    """The places of a text.

    Args:
        tokens: The n tokens that look.
        special: bool (n,): which of them are special.
        keys_special: bool (m,), where a decoder looks at what an encoder has read.
        causal: Whether a token sees only itself and earlier ones.
    """
    paired = keys_special is None
    special, aims = special.astype(bool), (special if keys_special is None else keys_special).astype(bool)
    n, m = len(special), len(aims)
    seen = np.arange(1, n + 1) if causal else np.full(n, m)
    looking = _looking(seen >= 2, special)
    cells, eligible, even = [], [], []
    for mask in _masks(tokens, special, aims, paired=paired):
        if causal:
            mask &= np.tri(n, m, dtype=bool)
        mask &= looking[:, None]
        found = np.stack(np.nonzero(mask)).astype(np.int64)
        cells.append(found)
        eligible.append(float(mask.any(axis=1).sum()))
        even.append(float((1 / seen[found[0]]).sum()))
    return Places(
        (n, m), causal, paired, looking, np.log(np.maximum(seen, 2)), tuple(cells),
        np.array(eligible), np.array(even),
    )  # fmt: skip


def _looking(choice: NDArray[np.bool_], special: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows that say something: ordinary tokens that have a choice; all that have one where there are no others."""
    for rows in (choice & ~special, choice):
        if rows.any():
            return rows
    return np.ones(len(choice), dtype=bool)


def _masks(
    tokens: Sequence[str], special: NDArray[Any], aims: NDArray[Any], *, paired: bool
) -> Iterator[NDArray[np.bool_]]:
    """Of each of `SHARES`, one after the other, for a long text has large ones: bool (n, m)."""
    n, m = len(special), len(aims)
    for step in (-1, 1, 0):  # the token before, the one after, itself
        yield np.eye(n, m, k=step, dtype=bool) & paired
    first = np.zeros((n, m), dtype=bool)
    first[1 if paired else 0 :, 0] = True
    yield first
    yield np.broadcast_to(aims & (np.arange(m) > 0), (n, m)).copy()
    if not paired:  # a decoder looks at what an encoder has read
        yield np.zeros((n, m), dtype=bool)
        yield np.zeros((n, m), dtype=bool)
        return
    _, names = np.unique(np.array([token.strip().casefold() for token in tokens]), return_inverse=True)
    alike = (names[:, None] == names[None, :]) & ~special[:, None] & ~special[None, :]
    # Places that are also the token itself or the one before it are left out: they would make every head that looks
    # there an induction head.
    follows = np.zeros((n, n), dtype=bool)
    follows[:, 1:] = alike[:, :-1] & np.tri(n, n - 1, k=-1, dtype=bool)
    follows &= np.tri(n, k=-2, dtype=bool)
    np.fill_diagonal(alike, False)
    yield alike
    yield follows
