"""Which rows stand together in a batch: a pure function of lengths, seed and epoch."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Indexes = NDArray[np.int64]

#: How many batches are sorted by length together. More pads less; fewer keeps more chance in the order.
POOL = 50


def epoch_batches(
    lengths: NDArray[np.int64], batch_size: int, seed: int, epoch: int, how: Literal["by-length", "shuffled"]
) -> list[Indexes]:
    """The batches of one epoch, each an array of row numbers; every row occurs exactly once.

    Args:
        lengths: Tokens per row, shape (rows,).
        batch_size: Rows per batch; the last batch may be smaller.
        seed: The run's seed.
        epoch: Counted from 0; each epoch has another order.
        how: "by-length" sorts pools of `POOL` batches by length, cuts them into batches and shuffles these,
            so that little is padded and no order of length is seen; "shuffled" takes rows as they come.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths))
    if how == "shuffled":
        return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    batches: list[Indexes] = []
    pool = batch_size * POOL
    for start in range(0, len(order), pool):
        rows = order[start : start + pool]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in generator.permutation(len(batches))]


def sorted_batches(lengths: NDArray[np.int64], batch_size: int) -> list[Indexes]:
    """Batches for measuring: by length, nothing by chance."""
    order = np.argsort(lengths, kind="stable")
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
