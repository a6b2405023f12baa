"""Bootstrap intervals: how far a metric would move with other rows of the same kind (Efron and Tibshirani 1993)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from workbench.run.scores import Floats

RESAMPLES = 2000
#: Beyond this many rows a mean's interval is its normal one, which the bootstrap's has become.
MANY_ROWS = 5_000
#: Counts of rows that are held at a time.
_AT_ONCE = 4_000_000
#: The ends of a 95 % interval.
_ENDS = (2.5, 97.5)


def percentile_interval(values: Floats) -> tuple[float, float]:
    """The middle 95 % of resampled values, NaN left out."""
    low, high = np.nanpercentile(values, _ENDS)
    return float(low), float(high)


def resampled_counts(counts: NDArray[np.int64], seed: int, resamples: int = RESAMPLES) -> NDArray[np.int64]:
    """The counts that as many rows would give, drawn with replacement.

    Which rows stand in a cell does not matter to what is worked out of the counts, so the cells are drawn and not the
    rows: the same distribution, at a cost that does not depend on how many rows there are.

    Args:
        counts: Rows in each cell, any shape.
        seed: Of the draws.
        resamples: How many.

    Returns:
        int64, shape (resamples, *counts.shape).
    """
    total = int(counts.sum())
    drawn = np.random.default_rng(seed).multinomial(total, counts.ravel() / max(1, total), size=resamples)
    return drawn.reshape(resamples, *counts.shape)


def interval_of_mean(values: Floats, seed: int, resamples: int = RESAMPLES) -> tuple[float, float]:
    """The 95 % interval of the mean of independent values, shape (rows,)."""
    rows = len(values)
    if rows > MANY_ROWS:
        half = 1.959964 * float(np.std(values, ddof=1)) / rows**0.5
        middle = float(np.mean(values, dtype=np.float64))
        return middle - half, middle + half
    means = [weights @ values / rows for weights in row_weights(rows, seed, resamples)]
    return percentile_interval(np.concatenate(means))


def row_weights(rows: int, seed: int, resamples: int = RESAMPLES) -> Iterator[NDArray[np.int64]]:
    """How often each row stands in each resample, in blocks of shape (some resamples, rows)."""
    chance = np.random.default_rng(seed)
    block = max(1, _AT_ONCE // max(1, rows))
    for begin in range(0, resamples, block):
        size = min(block, resamples - begin)
        drawn = chance.integers(rows, size=(size, rows)) + rows * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows)
