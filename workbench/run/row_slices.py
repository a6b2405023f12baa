"""Groups of rows on which a model is worse than on the rest, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SliceKind = Literal["class", "length", "language", "word", "pattern", "column", "cluster", "query"]


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """Some rows of an evaluation, and how the model does on them.

    Attributes:
        name: Which rows these are, in words.
        kind: By what they were told apart; "query" for those that a person asked for.
        query: What gives the same rows (`session.scoring.row_query`), also of another run; a cluster's gives those that
            are alike there.
        rows: Their places among the evaluation's rows, ascending; int64.
        right: How many of them the model gets right.
        score: The share of them that is right.
        low, high: The 95 % interval of that share (Wilson).
        rest: The share that is right of all other rows; NaN where there are none.
        loss: The mean loss of the rows, in nats.
        p_value: How likely so many mistakes are where the rows are as hard as the others (Fisher's exact test, one
            side).
        q_value: The same with regard to how many slices were looked at (Benjamini and Hochberg 1995); NaN for one that
            was asked for by name.
        also: Names of other slices whose weakness this one explains.
    """

    name: str
    kind: SliceKind
    query: str
    rows: NDArray[np.int64]
    right: int
    score: float
    low: float
    high: float
    rest: float
    loss: float
    p_value: float
    q_value: float = float("nan")
    also: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many rows it has."""
        return len(self.rows)

    @property
    def lost(self) -> float:
        """How many more of its rows would be right if the model did on them as on the others."""
        return max(0.0, (self.rest - self.score) * self.size)

    @property
    def gap(self) -> float:
        """How much worse the model is here than elsewhere, at least, as far as so few rows can tell."""
        return self.rest - self.high


@dataclass(frozen=True, slots=True)
class SliceSearch:
    """What a search for slices found.

    Attributes:
        slices: Those with significantly more mistakes, the surest large weakness first.
        looked: How many slices were looked at.
        score: The share of all rows that is right.
        notes: What could not be looked at, and why.
    """

    slices: tuple[Slice, ...]
    looked: int
    score: float
    notes: tuple[str, ...] = ()
