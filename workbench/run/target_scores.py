"""What an evaluation of labels, numbers or marks found, as plain values. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.run.entity_tallies import Entity
from workbench.run.scores import Floats, Number, TwoAxes


@dataclass(frozen=True, slots=True)
class LabelNumbers:
    """One label. `auc` and `average_precision` are NaN where it is in all rows or in none.

    Attributes:
        rows: How many have it.
        threshold: From which probability on it was given.
        best_threshold: The threshold with the highest F1 on these rows.
    """

    name: str
    rows: int
    precision: float
    recall: float
    f1: float
    auc: float
    average_precision: float
    threshold: float
    best_threshold: float


@dataclass(frozen=True, slots=True)
class MultiLabelScores:
    """Everything that is said of a model that gives any number of labels, on one set of rows.

    Attributes:
        numbers: The metrics by name.
        labels: One entry for each label.
        roc, precision_recall: As in `ClassificationScores`, of each label.
    """

    numbers: dict[str, Number]
    labels: tuple[LabelNumbers, ...]
    roc: tuple[TwoAxes, ...] = ()
    precision_recall: tuple[TwoAxes, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnNumbers:
    """One column of numbers; `numbers` by name (r2, mae, rmse, spearman), in the data's own unit."""

    name: str
    numbers: dict[str, Number]


@dataclass(frozen=True, slots=True, eq=False)
class RegressionScores:
    """Everything that is said of predicted numbers on one set of rows.

    Attributes:
        numbers: The means over the columns, by name.
        columns: One entry for each column.
        true: The right numbers, float64, shape (rows, columns).
        predicted: What the model gives, likewise.
    """

    numbers: dict[str, Number]
    columns: tuple[ColumnNumbers, ...]
    true: Floats
    predicted: Floats

    @property
    def residuals(self) -> Floats:
        """Predicted minus right, shape (rows, columns)."""
        return self.predicted - self.true


@dataclass(frozen=True, slots=True)
class KindNumbers:
    """One kind of marked stretches: how many there are, how many were marked, and how well."""

    name: str
    there: int
    said: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class RowFault:
    """A wrong mark in a row; see `run.entity_tallies.Fault`."""

    row: int
    what: str
    true: Entity | None
    said: Entity | None


@dataclass(frozen=True, slots=True)
class EntityScores:
    """Everything that is said of marked stretches on one set of rows.

    Attributes:
        numbers: By name: precision, recall and f1 over all stretches together (strict), f1_macro, and the share of
            words with the right tag (accuracy).
        kinds: One entry for each kind.
        fault_counts: How many faults of each sort there are ("boundary", "kind", "both", "missed", "spurious").
        faults: All of them with their rows.
        confused: Of the faults of the sorts "kind" and "both": how often one kind was marked as another.
    """

    numbers: dict[str, Number]
    kinds: tuple[KindNumbers, ...]
    fault_counts: dict[str, int]
    faults: tuple[RowFault, ...]
    confused: dict[tuple[str, str], int]
