"""Is one model better than another? Paired answers, because both were asked about the same rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.run.problem import bad_input
from workbench.run.scores import Comparison
from workbench.run.tallies import class_metrics
from workbench.session.scoring.intervals import percentile_interval, resampled_counts


def compare(
    true: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    metric: str = "accuracy",
    *,
    names: tuple[str, str] = ("the first model", "the second model"),
    seed: int = 0,
) -> Comparison:
    """Whether the second model's classes are better than the first's, on the same rows.

    The interval is a paired bootstrap over the rows. For the accuracy the p-value is McNemar's exact one (McNemar
    1947): of the rows that only one model gets right, either model should get about half. For other metrics it is the
    bootstrap's: twice the share of resamples on the other side of zero, at least 1 / resamples.

    Args:
        true: Right classes, shape (rows,).
        first: The first model's classes, shape (rows,).
        second: The second model's classes, shape (rows,).
        metric: A name of `class_metrics`.
        names: What the models are called in the answer.
        seed: Of the resamples.

    Raises:
        WorkbenchError: When there is no such metric.
    """
    rows = len(true)
    classes = int(max(true.max(), first.max(), second.max())) + 1
    cells, counts = np.unique(np.stack([true, first, second]), axis=1, return_counts=True)
    drawn = resampled_counts(counts, seed)

    def values(tally: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.float64]:
        confusion = np.zeros((classes * classes, len(tally)), dtype=np.int64)
        np.add.at(confusion, cells[0] * classes + predicted, tally.T)
        measured = class_metrics(confusion.T.reshape(-1, classes, classes))
        if metric not in measured:
            raise bad_input(
                f"metric: there is no {metric!r}.",
                f"Known are {', '.join(measured)}.",
                "Choose one of these.",
            )
        return measured[metric]

    difference = float((values(counts[None], cells[2]) - values(counts[None], cells[1]))[0])
    moved = values(drawn, cells[2]) - values(drawn, cells[1])
    low, high = percentile_interval(moved)
    only_first = int(np.sum((first == true) & (second != true)))
    only_second = int(np.sum((first != true) & (second == true)))
    if metric in ("accuracy", "f1_micro"):
        p_value = mcnemar(only_first, only_second)
    else:
        other_side = min(float(np.mean(moved <= 0)), float(np.mean(moved >= 0)))
        p_value = min(1.0, max(2 * other_side, 1 / len(moved)))
    words = _words(difference, p_value, metric, names, rows)
    return Comparison(metric, difference, low, high, p_value, only_first, only_second, words)


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of McNemar's test; 1 where the models never disagree."""
    from scipy.stats import binomtest  # type: ignore[import-untyped]

    apart = only_first + only_second
    return float(binomtest(only_first, apart, 0.5).pvalue) if apart else 1.0


def _words(difference: float, p_value: float, metric: str, names: tuple[str, str], rows: int) -> str:
    better, worse = names[::-1] if difference > 0 else names
    what = metric.replace("_", " ")
    points = f"{100 * abs(difference):.1f} points"
    if difference == 0:
        return f"No: both have the same {what} on these {rows} rows."
    how_often = f"in {100 * p_value:.1f} % of such comparisons" if p_value >= 0.001 else "hardly ever"
    if p_value < 0.05:
        sure = f"Equally good models would differ as much {how_often}."
        return f"Yes: {better} has {points} more {what} than {worse}. {sure}"
    return (
        f"Not shown: {better} has {points} more {what} than {worse}, but equally good models would differ as much "
        f"{how_often}. More held-out rows would tell."
    )
