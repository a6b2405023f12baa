"""The scores of a model that gives any number of labels: metrics with intervals, and each label by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.run.label_tallies import best_threshold, label_counts, label_metrics, label_shares
from workbench.run.scores import Floats, Number
from workbench.run.target_scores import LabelNumbers, MultiLabelScores
from workbench.session.scoring.classification import against_rest
from workbench.session.scoring.intervals import MANY_ROWS, RESAMPLES, percentile_interval, row_weights

#: Probabilities are not taken to be smaller, so that a loss stays a number.
_TINY = 1e-15


def multi_label_scores(
    true: NDArray[np.bool_],
    probabilities: Floats,
    names: Sequence[str],
    thresholds: float | Sequence[float] = 0.5,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> MultiLabelScores:
    """Everything that is said of the labels of these rows.

    Args:
        true: Which labels each row has, shape (rows, labels); at least one row.
        probabilities: What the model gives each label, likewise.
        names: The labels, in the order of the columns.
        thresholds: From which probability on a label is given; one for all, or one for each.
        seed: Of the resamples behind the intervals.
        resamples: How many of them.
    """
    limits = np.broadcast_to(np.asarray(thresholds, dtype=np.float64), (len(names),))
    said = probabilities >= limits
    sure = np.clip(np.where(true, probabilities, 1 - probabilities), _TINY, 1)
    numbers = {name: Number(name, float(value)) for name, value in label_metrics(true, said).items()}
    numbers["loss"] = Number("loss", float(-np.log(sure).mean()))
    if len(true) <= MANY_ROWS:
        for name, (low, high) in _intervals(true, said, sure, seed, resamples).items():
            numbers[name] = Number(name, numbers[name].value, low, high)
    labels = _labels(true, probabilities, said, names, limits)
    for name in ("auc", "average_precision"):
        known = [getattr(one, name) for one in labels if not math.isnan(getattr(one, name))]
        if known:
            numbers[name] = Number(name, float(np.mean(known)))
    curves = [against_rest(true[:, i], probabilities[:, i])[2:] for i in range(len(names))]
    return MultiLabelScores(
        numbers, labels, tuple(roc for roc, _ in curves), tuple(both for _, both in curves)
    )


def _labels(
    true: NDArray[np.bool_],
    probabilities: Floats,
    said: NDArray[np.bool_],
    names: Sequence[str],
    limits: Floats,
) -> tuple[LabelNumbers, ...]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    counts = label_counts(true, said)
    precision, recall, f1 = label_shares(*counts)
    found = []
    for i, name in enumerate(names):
        area = average = math.nan
        if 0 < counts[2][i] < len(true):
            area = float(roc_auc_score(true[:, i], probabilities[:, i]))
            average = float(average_precision_score(true[:, i], probabilities[:, i]))
        found.append(
            LabelNumbers(
                name, int(counts[2][i]), float(precision[i]), float(recall[i]), float(f1[i]), area, average,
                float(limits[i]), best_threshold(true[:, i], probabilities[:, i]),
            )
        )  # fmt: skip
    return tuple(found)


def _intervals(
    true: NDArray[np.bool_], said: NDArray[np.bool_], sure: Floats, seed: int, resamples: int
) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals over the rows."""
    marks = [each.astype(np.float64) for each in (true & said, said, true)]
    by_row = [each.sum(axis=1) for each in marks]
    ends = 2 * by_row[0], by_row[1] + by_row[2]
    means = {
        "accuracy": (true == said).all(axis=1).astype(np.float64),
        "hamming": (true != said).mean(axis=1),
        "f1_samples": np.divide(ends[0], ends[1], out=np.zeros(len(true)), where=ends[1] > 0),
        "loss": -np.log(sure).mean(axis=1),
    }
    drawn: dict[str, list[Floats]] = {name: [] for name in (*means, "f1_micro", "f1_macro")}
    for weights in row_weights(len(true), seed, resamples):
        for name, values in means.items():
            drawn[name].append(weights @ values / len(true))
        hits, claimed, there = (weights @ each for each in marks)
        drawn["f1_macro"].append(_f1(hits, claimed + there).mean(axis=1))
        drawn["f1_micro"].append(_f1(hits.sum(axis=1), (claimed + there).sum(axis=1)))
    return {name: percentile_interval(np.concatenate(values)) for name, values in drawn.items()}


def _f1(hits: Floats, both: Floats) -> Floats:
    return np.divide(2 * hits, both, out=np.zeros(both.shape), where=both > 0)
