"""Is one model better than another? Paired answers, because both were asked about the same rows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from workbench.data.suggest import counted, listed
from workbench.run.metric_titles import words_of_metric
from workbench.run.problem import bad_input
from workbench.run.row_scores import RowScores
from workbench.run.scores import Comparison
from workbench.run.tallies import class_metrics
from workbench.session.scoring.intervals import (
    MANY_ROWS,
    interval_of_mean,
    percentile_interval,
    resampled_counts,
    row_weights,
)

Rows = NDArray[np.int64]


def compare_rows(
    first: RowScores, second: RowScores, metric: str = "accuracy", *, seed: int = 0
) -> Comparison:
    """Whether the second model is better than the first on the rows that both were asked about; see `compare`.

    For "log_loss" the p-value is that of the paired bootstrap over the rows' losses (of many rows that of the normal
    distribution), and less is better.

    Raises:
        WorkbenchError: When the rows or the classes differ, have no labels, or there is no such metric.
    """
    second = alike(first, second)
    assert first.true is not None
    names = (first.model or "the first model", second.model or "the second model")
    if names[0] == names[1]:
        names = (f"{names[0]} (first)", f"{names[1]} (second)")
    if metric == "log_loss":
        return _compare_losses(first, second, names, seed)
    return compare(first.true, first.predicted, second.predicted, metric, names=names, seed=seed)


def alike(first: RowScores, second: RowScores) -> RowScores:
    """The second evaluation with its rows and classes in the order of the first one's.

    Raises:
        WorkbenchError: When they are not of the same rows, of other classes, or without labels.
    """
    if first.true is None or second.true is None:
        raise bad_input(
            "Without labels nobody can say which model is better.",
            "The rows have none.",
            "Measure both on rows with labels.",
        )
    if sorted(first.names) != sorted(second.names):
        raise bad_input(
            f"{first.model} and {second.model} do not have the same classes.",
            f"One knows {listed(first.names, 6)}; the other {listed(second.names, 6)}.",
            "Compare models that were trained on the same classes.",
        )
    places = _places(first, second)
    second = second.take(places)
    if first.names != second.names:
        columns = [second.names.index(name) for name in first.names]
        moved = second.probabilities[:, columns]
        second = RowScores.of(
            second.texts, first.true, moved, first.names, second.row_ids, metadata=second.metadata,
            model=second.model, told=second.told, vectors=second.vectors, notes=second.notes,
        )  # fmt: skip
    return second


def fixed_and_broken(first: RowScores, second: RowScores) -> tuple[Rows, Rows]:
    """The rows, by their places in the first evaluation, that only the second model gets right, and those that only the
    first one does; int64, ascending.

    Raises:
        WorkbenchError: As `alike`.
    """
    second = alike(first, second)
    return np.flatnonzero(first.wrong & ~second.wrong), np.flatnonzero(~first.wrong & second.wrong)


def _places(first: RowScores, second: RowScores) -> Rows:
    """Where each of the first evaluation's rows stands in the second.

    Raises:
        WorkbenchError: When they are not the same rows, saying how many are.
    """
    rows = [_identities(scores) for scores in (first, second)]
    if rows[0] == rows[1]:
        return np.arange(len(second), dtype=np.int64)
    where: dict[tuple[str, str], list[int]] = {}
    for place, row in enumerate(rows[1]):
        where.setdefault(row, []).append(place)
    found = [where[row].pop(0) if where.get(row) else -1 for row in rows[0]]
    shared = sum(place >= 0 for place in found)
    if shared < len(found) or len(found) != len(second):
        raise bad_input(
            f"{first.model} and {second.model} were not measured on the same rows.",
            f"{first.told or 'The first ones'}: {counted(len(first), 'row')}; {second.told or 'the second ones'}: "
            f"{counted(len(second), 'row')}; {counted(shared, 'row')} with the same text and label are in both.",
            "Name a file, on which both are measured.",
        )
    return np.array(found, dtype=np.int64)


def _identities(scores: RowScores) -> list[tuple[str, str]]:
    assert scores.true is not None
    return [(text, scores.names[i]) for text, i in zip(scores.texts, scores.true, strict=True)]


def _compare_losses(first: RowScores, second: RowScores, names: tuple[str, str], seed: int) -> Comparison:
    assert first.true is not None
    apart = second.losses - first.losses
    rows = len(apart)
    difference = float(apart.mean())
    low, high = interval_of_mean(apart, seed)
    if rows > MANY_ROWS:
        half = (high - low) / 2
        p_value = math.erfc(abs(difference) / half * 1.959964 / math.sqrt(2)) if half else 1.0
    else:
        p_value = two_sided(np.concatenate([weights @ apart / rows for weights in row_weights(rows, seed)]))
    fixed, broken = fixed_and_broken(first, second)
    words = answer(difference, p_value, "log_loss", names, rows)
    return Comparison("log_loss", difference, low, high, p_value, len(broken), len(fixed), words)


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
    counted_rows = metric == "accuracy" or metric.endswith("_micro")
    p_value = mcnemar(only_first, only_second) if counted_rows else two_sided(moved)
    words = answer(difference, p_value, metric, names, rows)
    return Comparison(metric, difference, low, high, p_value, only_first, only_second, words)


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of McNemar's test; 1 where the models never disagree."""
    from scipy.stats import binomtest  # type: ignore[import-untyped]

    apart = only_first + only_second
    return float(binomtest(only_first, apart, 0.5).pvalue) if apart else 1.0


def two_sided(moved: NDArray[np.float64]) -> float:
    """The bootstrap's p-value of resampled differences: twice the share on the other side of zero."""
    other_side = min(float(np.mean(moved <= 0)), float(np.mean(moved >= 0)))
    return min(1.0, max(2 * other_side, 1 / len(moved)))


#: What a metric is called in a sentence, where that is not its name.
_SAID = {
    "r2": "R²", "mae": "mean error", "rmse": "root mean square error", "spearman": "rank correlation",
    "f1": "entity F1", "f1_micro": "F1 over all decisions", "f1_macro": "mean F1", "f1_weighted": "weighted F1",
    "f1_samples": "F1 by row", "hamming": "wrong decisions", "matthews": "Matthews correlation",
}  # fmt: skip


def answer(difference: float, p_value: float, metric: str, names: tuple[str, str], rows: int) -> str:
    """The answer in words.

    Args:
        difference: The second model's value minus the first's.
        p_value: How likely that is between equally good models.
        metric: What was compared.
        names: The models.
        rows: On how many rows.
    """
    about = words_of_metric(metric)
    better, worse = names[::-1] if (difference < 0) == about.less_is_better else names
    what = _SAID.get(metric, metric.replace("_", " "))
    if difference == 0:
        return f"No: both have the same {what} on these {counted(rows, 'row')}."
    more = "less" if about.less_is_better else "more"
    size = abs(difference)
    # Errors of numbers are in the data's own unit, which may be thousands.
    amount = f"{size:.4g}" if metric in ("mae", "rmse") else f"{size:.3f}"
    if about.share:
        amount = f"{100 * size:.1f} points"
    how_often = f"in {100 * p_value:.1f} % of such comparisons" if p_value >= 0.001 else ""
    if p_value < 0.05:
        told = f"differ as much {how_often}" if how_often else "hardly ever differ as much"
        # The question is whether the second model is better.
        yes = "Yes" if better == names[1] else "No, the other way round"
        return f"{yes}: {better} has {amount} {more} {what} than {worse}. Equally good models would {told}."
    return (
        f"Not shown: {better} has {amount} {more} {what} than {worse}, but equally good models would differ as much "
        f"{how_often}. More held-out rows would tell."
    )
