"""The scores of predicted numbers: how far off they are, with intervals, for each column and on average."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.run.deviations import number_metrics
from workbench.run.scores import Floats, Number
from workbench.run.target_scores import ColumnNumbers, RegressionScores
from workbench.session.scoring.intervals import MANY_ROWS, percentile_interval, row_weights

#: Fewer than elsewhere, since ranks have to be found anew for each.
RESAMPLES = 500


def regression_scores(
    true: Floats, predicted: Floats, names: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES
) -> RegressionScores:
    """Everything that is said of predicted numbers on these rows.

    Args:
        true: The right numbers in the data's own unit, shape (rows, columns); at least one row.
        predicted: What the model gives, likewise.
        names: The columns.
        seed: Of the resamples behind the intervals.
        resamples: How many of them.
    """
    found = number_metrics(true, predicted)
    drawn: dict[str, Floats] = {}
    if 1 < len(true) <= MANY_ROWS:
        drawn = _resampled(true, predicted, seed, resamples)
    columns = tuple(
        ColumnNumbers(
            name,
            {
                metric: Number(metric, float(values[i]), *_interval(drawn.get(metric), i))
                for metric, values in found.items()
            },
        )
        for i, name in enumerate(names)
    )
    numbers = {
        metric: Number(metric, float(values.mean()), *_interval(drawn.get(metric)))
        for metric, values in found.items()
    }
    return RegressionScores(numbers, columns, true, predicted)


def _resampled(true: Floats, predicted: Floats, seed: int, resamples: int) -> dict[str, Floats]:
    """Each metric of rows drawn with replacement, shape (resamples, columns)."""
    drawn: list[dict[str, Floats]] = []
    for weights in row_weights(len(true), seed, resamples):
        for times in weights:
            rows = np.repeat(np.arange(len(true)), times)
            drawn.append(number_metrics(true[rows], predicted[rows]))
    return {metric: np.stack([one[metric] for one in drawn]) for metric in drawn[0]}


def _interval(drawn: Floats | None, column: int | None = None) -> tuple[float | None, float | None]:
    if drawn is None:
        return None, None
    return percentile_interval(drawn.mean(axis=1) if column is None else drawn[:, column])
