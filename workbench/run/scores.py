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
class Histogram:
    """How probabilities are spread, in bins of equal width.

    Attributes:
        edges: The bins' ends, shape (bins + 1,).
        right: Rows in each bin whose prediction is right, int64, shape (bins,).
        wrong: The others, likewise.
    """

    edges: Floats
    right: NDArray[np.int64]
    wrong: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What two classes come to where a row counts as positive from a threshold on.

    Attributes:
        threshold: The threshold.
        hits: Positive rows that count as positive.
        alarms: Negative rows that do.
        misses: Positive rows that do not.
        rejections: Negative rows that do not.
    """

    threshold: float
    hits: int
    alarms: int
    misses: int
    rejections: int

    @property
    def numbers(self) -> dict[str, float]:
        """Accuracy, precision, recall, F1 and specificity; 0 where there is nothing to divide by."""
        said, there = self.hits + self.alarms, self.hits + self.misses
        clear, rows = self.alarms + self.rejections, self.hits + self.alarms + self.misses + self.rejections
        parts = {
            "accuracy": (self.hits + self.rejections, rows),
            "precision": (self.hits, said),
            "recall": (self.hits, there),
            "f1": (2 * self.hits, said + there),
            "specificity": (self.rejections, clear),
        }
        return {name: part / whole if whole else 0.0 for name, (part, whole) in parts.items()}

    def cost(self, false_alarm: float, miss: float) -> float:
        """The mean cost of a row."""
        rows = self.hits + self.alarms + self.misses + self.rejections
        return (false_alarm * self.alarms + miss * self.misses) / rows if rows else 0.0


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
        roc_average: With more than two classes, the ROC curve of all answers to "is it this class?" together (micro);
            else None.
        precision_recall_average: The precision-recall curve, likewise.
    """

    numbers: dict[str, Number]
    classes: tuple[ClassNumbers, ...]
    confusion: NDArray[np.int64]
    roc: tuple[TwoAxes, ...]
    precision_recall: tuple[TwoAxes, ...]
    calibration: Calibration
    roc_average: TwoAxes | None = None
    precision_recall_average: TwoAxes | None = None


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
