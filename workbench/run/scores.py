"""What an evaluation found, as plain values: numbers with their intervals, tables and curves. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Number:
    """A metric of one set of rows. `low` and `high` bound its 95 % interval; both are None where there is none."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ClassNumbers:
    """One class against the others. `auc` and `average_precision` are NaN where only one side occurs."""

    name: str
    rows: int
    precision: float
    recall: float
    f1: float
    auc: float
    average_precision: float


@dataclass(frozen=True, slots=True)
class TwoAxes:
    """A curve as two float64 arrays of the same length, with the threshold of each point."""

    x: Floats
    y: Floats
    thresholds: Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """How often the model is right where it is this sure.

    Attributes:
        sureness: Mean probability of the predicted class in each bin that has rows, shape (bins,).
        accuracy: Share of them that is right, shape (bins,).
        counts: Rows in each bin, int64, shape (bins,).
        error: Expected calibration error: the mean distance of the two, weighted by rows (Guo et al. 2017).
    """

    sureness: Floats
    accuracy: Floats
    counts: NDArray[np.int64]
    error: float


@dataclass(frozen=True, slots=True)
class ClassificationScores:
    """Everything that is said of a classifier on one set of rows.

    Attributes:
        numbers: The metrics by name, the headline ones with an interval.
        classes: One entry for each class.
        confusion: int64 counts, shape (classes, classes): row = true class, column = predicted class.
        roc: For each class, the false positive rate (x) and the true positive rate (y); empty for a class that
            occurs in all rows or in none.
        precision_recall: For each class, recall (x) and precision (y).
        calibration: How far the probabilities can be believed.
    """

    numbers: dict[str, Number]
    classes: tuple[ClassNumbers, ...]
    confusion: NDArray[np.int64]
    roc: tuple[TwoAxes, ...]
    precision_recall: tuple[TwoAxes, ...]
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether one model is better than another on the same rows.

    Attributes:
        metric: The metric that was compared.
        difference: The second model's value minus the first's.
        low: Lower end of the difference's 95 % interval.
        high: Upper end.
        p_value: How likely a difference as large as this one is where the models are equally good.
        only_first: Rows that only the first model gets right.
        only_second: Rows that only the second one gets right.
        words: The answer in a sentence.
    """

    metric: str
    difference: float
    low: float
    high: float
    p_value: float
    only_first: int
    only_second: int
    words: str
