"""Metrics of predicted numbers: how far they are from the right ones, and whether they come in the same order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.run.scores import Floats


def number_metrics(true: Floats, predicted: Floats) -> dict[str, Floats]:
    """Metrics of each column by name, each of shape (columns,), for values of shape (rows, columns).

    R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)², where all right numbers are the same 1 for a perfect answer and else 0, as
    scikit-learn has it (and 0 for a single row, of which scikit-learn says nothing); the mean absolute error; the root
    of the mean squared error; and Spearman's rank correlation, 0 where all values of a side are the same.
    """
    errors = predicted - true
    squares = np.square(errors).sum(axis=0)
    spread = np.square(true - true.mean(axis=0)).sum(axis=0)
    r2 = np.where((squares == 0) & (len(true) > 1), 1.0, 0.0)
    np.divide(spread - squares, spread, out=r2, where=spread > 0)
    return {
        "r2": r2,
        "mae": np.abs(errors).mean(axis=0),
        "rmse": np.sqrt(np.square(errors).mean(axis=0)),
        "spearman": np.array([spearman(true[:, i], predicted[:, i]) for i in range(true.shape[1])]),
    }


def spearman(first: Floats, second: Floats) -> float:
    """The rank correlation of two sides, each of shape (rows,); 0 where all values of one are the same."""
    a, b = ranks(first), ranks(second)
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt(np.square(a).sum() * np.square(b).sum()))
    return float((a * b).sum() / scale) if scale > 0 else 0.0


def ranks(values: Floats) -> Floats:
    """The place of each value in ascending order, from 1; equal values share the mean of their places."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: NDArray[np.float64] = (ends - (counts - 1) / 2).astype(np.float64)
    return means[which.reshape(-1)]
