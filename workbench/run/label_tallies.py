"""Metrics of rows that have any number of labels each, from yes and no: one set of rows, or thousands at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.run.scores import Floats

Marks = NDArray[np.bool_]


def label_counts(true: Marks, said: Marks) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each label the rows in which it was said rightly, said at all, and is there; each of shape (..., labels).

    Args:
        true: Which labels each row has, shape (..., rows, labels).
        said: Which were predicted, likewise.
    """
    return (true & said).sum(axis=-2), said.sum(axis=-2), true.sum(axis=-2)


def label_shares(
    hits: NDArray[np.int64], said: NDArray[np.int64], there: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1, of the counts' shape; 0 where there is nothing to divide by."""
    return _shares(hits, said), _shares(hits, there), _shares(2 * hits, said + there)


def label_metrics(true: Marks, said: Marks) -> dict[str, Floats]:
    """Metrics by name, each of shape (...), for marks of shape (..., rows, labels).

    F1 over all labels together (micro), as the mean over the labels (macro) and over the rows (samples); accuracy, the
    share of rows of which every label is right; and the Hamming loss, the share of single answers that are wrong. A
    mean takes in what scikit-learn takes in: a label or row without anything to find counts 0.
    """
    hits, claimed, there = label_counts(true, said)
    each = label_shares(hits, claimed, there)
    whole = label_shares(hits.sum(axis=-1), claimed.sum(axis=-1), there.sum(axis=-1))
    by_row = _shares(2 * (true & said).sum(axis=-1), true.sum(axis=-1) + said.sum(axis=-1))
    found = {
        "accuracy": (true == said).all(axis=-1).mean(axis=-1),
        "hamming": (true != said).mean(axis=(-2, -1)),
    }
    for name, micro, single in zip(("precision", "recall", "f1"), whole, each, strict=True):
        found[f"{name}_micro"] = micro
        found[f"{name}_macro"] = single.mean(axis=-1)
    found["f1_samples"] = by_row.mean(axis=-1)
    return found


def best_threshold(true: Marks, probabilities: Floats) -> float:
    """The threshold for one label with the highest F1, half-way between two probabilities that occur.

    Args:
        true: Which rows have the label, shape (rows,).
        probabilities: What the model gives it, shape (rows,).

    Returns:
        The threshold; 0.5 where the label does not occur. Of equally good ones, the one nearest to 0.5.
    """
    if not true.any():
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    ordered, right = probabilities[order], true[order]
    hits, said = np.cumsum(right), np.arange(1, len(order) + 1)
    f1 = 2 * hits / (said + int(true.sum()))
    last = np.append(ordered[1:] != ordered[:-1], True)  # rows of one probability are said together
    following = np.append(ordered[1:], 0.0)
    places = np.flatnonzero(last & (f1 >= f1[last].max() - 1e-12))
    middles = (ordered[places] + following[places]) / 2
    return float(middles[np.argmin(np.abs(middles - 0.5))])


def _shares(part: NDArray[np.int64], whole: NDArray[np.int64]) -> Floats:
    """part / whole, and 0 where whole is 0."""
    out = np.zeros(np.broadcast(part, whole).shape)
    return np.divide(part, whole, out=out, where=np.asarray(whole) > 0)
