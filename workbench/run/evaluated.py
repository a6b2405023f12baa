"""Everything that the Evaluate page shows of a classifier on one set of rows, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.run.row_scores import RowScores
from workbench.run.scores import ClassificationScores, Comparison, Floats, TwoAxes

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Averaged:
    """A curve over all classes, and the area under it."""

    points: TwoAxes
    area: float


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """What a threshold does to one class against the others.

    Attributes:
        thresholds: Falling; a row counts as of the class where its probability is at least the threshold.
        alarms: Rows of other classes that then count as of this one, float64, same shape.
        misses: Rows of this class that then do not, float64, same shape.
        positives: Rows of this class.
        rows: All rows.
    """

    thresholds: Floats
    alarms: Floats
    misses: Floats
    positives: int
    rows: int

    def at(self, threshold: float) -> tuple[int, int]:
        """False alarms and misses at any threshold."""
        # The last step that is not below the threshold: between two steps nothing changes.
        place = int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        return int(self.alarms[place]), int(self.misses[place])

    def cost(self, false_alarm: float, miss: float) -> Floats:
        """The mean cost of a row at each threshold."""
        found: Floats = (false_alarm * self.alarms + miss * self.misses) / max(1, self.rows)
        return found

    def cheapest(self, false_alarm: float, miss: float) -> float:
        """The threshold at which mistakes cost least, in the middle of the gap below it; of equal ones that nearest to
        one half."""
        costs = self.cost(false_alarm, miss)
        steps = np.minimum(self.thresholds, 1.0)
        below = np.append(steps[1:], 0.0)
        middles = (steps + below) / 2
        best = np.flatnonzero(costs <= costs.min() + 1e-12)
        return float(middles[best[np.argmin(np.abs(middles[best] - 0.5))]])


@dataclass(frozen=True, slots=True, eq=False)
class Against:
    """Another model's answers for the same rows.

    Attributes:
        model: Which model, in words.
        predicted: Its classes as indexes into the first model's; -1 for a class that one does not know. Shape (rows,).
        sureness: Its probability of that class, shape (rows,).
        apart: How far the two models' probabilities lie apart, from 0 to 1 (half the sum of absolute differences).
        accuracy: Its share of right rows; NaN without labels.
        comparison: Whether it is better; None without labels.
    """

    model: str
    predicted: Ints
    sureness: Floats
    apart: Floats
    accuracy: float
    comparison: Comparison | None


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """One evaluation with everything that is worked out of it.

    Attributes:
        rows: The rows.
        scores: The numbers; None where the rows have no labels.
        roc, precision_recall: Averages over the classes by name ("micro", "macro"); empty without labels.
        sorted: For each class what thresholds do; empty without labels.
        against: Another model on the same rows; None where none was asked for or it is not measured yet.
        missing: Another model that was asked for and is not measured on these rows yet; empty for none.
    """

    rows: RowScores
    scores: ClassificationScores | None
    roc: dict[str, Averaged]
    precision_recall: dict[str, Averaged]
    sorted: tuple[Sorted, ...]
    against: Against | None = None
    missing: str = ""

    def as_json(self) -> dict[str, Any]:
        """The numbers as JSON holds them."""
        found: dict[str, Any] = {
            "model": self.rows.model,
            "rows": {"of": self.rows.told, "count": len(self.rows), "fingerprint": self.rows.fingerprint},
            "notes": list(self.rows.notes),
        }
        if self.scores is not None:
            found["metrics"] = {
                name: {"value": _plain(n.value), "low": _plain(n.low), "high": _plain(n.high)}
                for name, n in self.scores.numbers.items()
            }
            found["per_class"] = [
                {name: _plain(getattr(one, name)) for name in one.__slots__} for one in self.scores.classes
            ]
            found["classes"] = list(self.rows.names)
            found["confusion"] = self.scores.confusion.tolist()
        if self.against is not None and self.against.comparison is not None:
            told = self.against.comparison
            found["against"] = {"model": self.against.model} | {
                name: _plain(getattr(told, name)) for name in told.__slots__
            }
        return found


def _plain(value: Any) -> Any:
    """What JSON can hold: it knows no number that is none."""
    return None if isinstance(value, float) and not np.isfinite(value) else value
