"""Held-out metrics from counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def confusion_matrix(
    true: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Counts of shape (classes, classes): row = true class, column = predicted class."""
    flat = np.bincount(true * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes)


def classification_metrics(confusion: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy and macro F1; a class that neither occurs nor is predicted is left out of the mean, as
    scikit-learn leaves it out."""
    hits = np.diag(confusion).astype(np.float64)
    involved = confusion.sum(axis=0) + confusion.sum(axis=1)
    there = involved > 0
    f1 = 2 * hits[there] / involved[there]
    return {"accuracy": float(hits.sum() / confusion.sum()), "f1_macro": float(f1.mean())}
