"""Metrics of classes from counts: one confusion matrix, or thousands at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.run.scores import Floats


def confusion_matrix(
    true: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Counts of shape (classes, classes): row = true class, column = predicted class."""
    flat = np.bincount(true * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes)


def class_tallies(confusion: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1 of each class, each of shape (..., classes); 0 where there is nothing to divide by.

    Args:
        confusion: Counts of shape (..., classes, classes).
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    there, said = confusion.sum(axis=-1), confusion.sum(axis=-2)
    return _shares(hits, said), _shares(hits, there), _shares(2 * hits, there + said)


def class_metrics(confusion: NDArray[np.int64]) -> dict[str, Floats]:
    """Metrics by name, each of shape (...), for counts of shape (..., classes, classes).

    Accuracy; balanced accuracy (the mean recall of the classes that occur); precision, recall and F1 as the mean over
    the classes that occur or are predicted (macro) and weighted by how often each occurs; Matthews correlation
    (Gorodkin 2004). A mean leaves out what scikit-learn leaves out. Precision, recall and F1 over all rows together
    (micro) are the accuracy where each row has one class.
    """
    precision, recall, f1 = class_tallies(confusion)
    there, said = confusion.sum(axis=-1), confusion.sum(axis=-2)
    total = there.sum(axis=-1).astype(np.float64)
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).sum(axis=-1).astype(np.float64)
    occurs, involved = there > 0, (there + said) > 0
    accuracy = _shares(hits, total)
    found = {"accuracy": accuracy, "balanced_accuracy": _means(recall, occurs)}
    for name, each in (("precision", precision), ("recall", recall), ("f1", f1)):
        found[f"{name}_micro"] = accuracy
        found[f"{name}_macro"] = _means(each, involved)
        found[f"{name}_weighted"] = _shares((each * there).sum(axis=-1), total)
    found["matthews"] = _matthews(hits, total, there.astype(np.float64), said.astype(np.float64))
    return found


def _matthews(hits: Floats, total: Floats, there: Floats, said: Floats) -> Floats:
    together = hits * total - (there * said).sum(axis=-1)
    apart = (total**2 - (said**2).sum(axis=-1)) * (total**2 - (there**2).sum(axis=-1))
    return _shares(together, np.sqrt(apart))


def _shares(part: Floats | NDArray[np.int64], whole: Floats | NDArray[np.int64]) -> Floats:
    """part / whole, and 0 where whole is 0."""
    out = np.zeros(np.broadcast(part, whole).shape)
    return np.divide(part, whole, out=out, where=np.asarray(whole) > 0)


def _means(each: Floats, counted: NDArray[np.bool_]) -> Floats:
    return _shares((each * counted).sum(axis=-1), counted.sum(axis=-1).astype(np.float64))
