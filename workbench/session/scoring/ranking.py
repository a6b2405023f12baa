"""How well rows are ranked: the intervals of the area under the ROC curve and of the average precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.run.scores import Floats
from workbench.session.scoring.intervals import RESAMPLES, percentile_interval, row_weights

#: Cells (rows · classes · resamples) that are ranked, about a second; of many rows fewer resamples are drawn.
_MOST_CELLS = 10_000_000
_FEWEST = 200

Interval = tuple[float, float]


def ranking_intervals(
    positive: NDArray[np.bool_], scores: Floats, seed: int, resamples: int = RESAMPLES
) -> tuple[Interval, Interval] | None:
    """The 95 % bootstrap intervals of the AUC and of the average precision, both averaged over the classes.

    Of resampled rows the AUC is Σ over tied scores of (positives · (negatives below + half of those tied)), over all
    pairs; the average precision is Σ over tied scores of (share of the positives · precision down to there). A class
    without both sides in a resample does not count there.

    Args:
        positive: Which rows are of each class, shape (rows, classes); each class has rows of both sides.
        scores: The classes' probabilities, likewise.
        seed: Of the draws.
        resamples: How many of them at most.

    Returns:
        The two intervals; None where there are too many rows to rank so often.
    """
    times = min(resamples, _MOST_CELLS // max(1, positive.size))
    if times < min(resamples, _FEWEST):
        return None
    orders = [np.argsort(-scores[:, i], kind="stable") for i in range(scores.shape[1])]
    areas, averages = [], []
    for weights in row_weights(len(positive), seed, times):
        each = [
            _of_class(weights[:, order], positive[order, i], scores[order, i])
            for i, order in enumerate(orders)
        ]
        areas.append(_mean([area for area, _ in each]))
        averages.append(_mean([average for _, average in each]))
    return percentile_interval(np.concatenate(areas)), percentile_interval(np.concatenate(averages))


def _of_class(drawn: NDArray[np.int64], positive: NDArray[np.bool_], scores: Floats) -> tuple[Floats, Floats]:
    """AUC and average precision of each resample, shape (resamples,), from rows in falling order of their scores; NaN
    where one side is missing."""
    starts = np.flatnonzero(np.diff(scores, prepend=np.inf))
    up = np.add.reduceat(drawn * positive, starts, axis=1).astype(np.float64)
    down = np.add.reduceat(drawn * ~positive, starts, axis=1).astype(np.float64)
    hits, alarms = np.cumsum(up, axis=1), np.cumsum(down, axis=1)
    there, others = hits[:, -1], alarms[:, -1]
    wins = (up * (others[:, None] - alarms + down / 2)).sum(axis=1)
    precise = (up * hits / np.maximum(hits + alarms, 1)).sum(axis=1)
    known = (there > 0) & (others > 0)
    area = np.where(known, wins / np.maximum(there * others, 1), np.nan)
    average = np.where(known, precise / np.maximum(there, 1), np.nan)
    return area, average


def _mean(each: list[Floats]) -> Floats:
    """The mean over the classes that are known, NaN where none is."""
    values = np.stack(each)
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
