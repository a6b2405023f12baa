"""An evaluation with everything that is worked out of its rows: what the Evaluate page shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.run.evaluated import Against, Averaged, Evaluated, Sorted
from workbench.run.home import Home
from workbench.run.problem import bad_input
from workbench.run.row_scores import RowScores
from workbench.run.scores import ClassificationScores, Floats, TwoAxes
from workbench.session.lanes import Desk
from workbench.session.scoring.classification import classification_scores, costs
from workbench.session.scoring.comparing import compare
from workbench.session.scoring.measuring import RowsRequest, evaluate_rows, stored_rows

#: At so many places curves of several classes are averaged.
_GRID = 201


@dataclass(frozen=True, slots=True)
class EvaluationWish:
    """What is to be seen.

    Attributes:
        rows: Which model, and which rows.
        against: Another model on the same rows; empty for none.
        title, against_title: What the models are called in words; empty for their own names.
    """

    rows: RowsRequest
    against: str = ""
    title: str = ""
    against_title: str = ""

    @property
    def other(self) -> RowsRequest:
        """The same rows asked of the other model."""
        return replace(self.rows, model=self.against, rows_of=self.rows.rows_of or self.rows.model)


def stored_evaluation(home: Home, wish: EvaluationWish, desk: Desk) -> Evaluated | None:
    """What was measured before, without loading a model; None where these rows were not measured."""
    found = stored_rows(home, wish.rows)
    if found is None:
        return None
    desk.check()
    other = stored_rows(home, wish.other) if wish.against else None
    missing = wish.against if wish.against and other is None else ""
    return replace(evaluated(found, other, wish, desk.check), missing=missing)


def measured_evaluation(home: Home, wish: EvaluationWish, desk: Desk) -> Evaluated:
    """The same, measured where that was not done before; `Progress` and texts are reported.

    Raises:
        WorkbenchError: As `evaluate_rows`, and when the two models were not asked about the same rows.
    """
    # Clusters of sentences are looked at where rows are few enough; a file or a training side may have very many.
    few = not wish.rows.data and wish.rows.side != "train"
    found = evaluate_rows(home, replace(wish.rows, vectors=few), desk)
    other = None
    if wish.against:
        desk.check()
        other = evaluate_rows(home, wish.other, desk)
    desk.report("Working the numbers out…")
    return evaluated(found, other, wish, desk.check)


def evaluated(
    rows: RowScores, other: RowScores | None, wish: EvaluationWish, check: Callable[[], object]
) -> Evaluated:
    """Numbers, curves and the comparison of rows that were measured.

    Raises:
        WorkbenchError: When the two models were not asked about the same rows.
    """
    rows = replace(rows, model=wish.title or rows.model)
    against = _against(rows, other, wish) if other is not None else None
    check()
    if rows.true is None or not len(rows):
        return Evaluated(rows, None, {}, {}, (), against)
    scores = classification_scores(rows.true, rows.probabilities, rows.names)
    check()
    return Evaluated(
        rows, scores, averaged_roc(rows, scores), averaged_precision(rows, scores), _sorted(rows), against
    )


def averaged_roc(rows: RowScores, scores: ClassificationScores) -> dict[str, Averaged]:
    """The ROC curves of all classes in one: of all decisions together ("micro"), and their mean ("macro")."""
    from sklearn.metrics import roc_curve

    assert rows.true is not None
    if len(rows.names) < 3:
        return {}  # both classes have the same curve, seen from two sides
    truth = (rows.true[:, None] == np.arange(len(rows.names))).ravel()
    x, y, at = roc_curve(truth, rows.probabilities.ravel())
    grid = np.linspace(0, 1, _GRID)
    known = [np.interp(grid, one.x, one.y) for one in scores.roc if len(one.x)]
    mean = np.mean(known, axis=0) if known else np.zeros(_GRID)
    return {"micro": _averaged(x, y, at), "macro": _averaged(grid, mean, np.full(_GRID, np.nan))}


def averaged_precision(rows: RowScores, scores: ClassificationScores) -> dict[str, Averaged]:
    """The precision-recall curves of all classes in one: of all decisions together ("micro"), and their mean
    ("macro"); the areas are average precisions."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    assert rows.true is not None
    if len(rows.names) < 3:
        return {}
    truth = (rows.true[:, None] == np.arange(len(rows.names))).ravel()
    said = rows.probabilities.ravel()
    precision, recall, at = precision_recall_curve(truth, said, drop_intermediate=True)
    grid = np.linspace(0, 1, _GRID)
    known = [np.interp(grid, one.x[::-1], one.y[::-1]) for one in scores.precision_recall if len(one.x)]
    areas = [one.average_precision for one in scores.classes if not np.isnan(one.average_precision)]
    mean = np.mean(known, axis=0) if known else np.zeros(_GRID)
    micro = TwoAxes(recall, precision, np.append(at, np.inf))
    return {
        "micro": Averaged(micro, float(average_precision_score(truth, said))),
        "macro": Averaged(
            TwoAxes(grid, mean, np.full(_GRID, np.nan)), float(np.mean(areas)) if areas else float("nan")
        ),
    }


def _averaged(x: Floats, y: Floats, thresholds: Floats) -> Averaged:
    return Averaged(TwoAxes(x, y, thresholds), float(np.trapezoid(y, x)))


def _sorted(rows: RowScores) -> tuple[Sorted, ...]:
    assert rows.true is not None
    found = []
    for number in range(len(rows.names)):
        of_class, said = rows.true == number, rows.probabilities[:, number]
        alarms, misses = costs(of_class, said, 1.0, 0.0), costs(of_class, said, 0.0, 1.0)
        count = len(rows)
        found.append(
            Sorted(alarms.x, np.rint(alarms.y * count), np.rint(misses.y * count), int(of_class.sum()), count)
        )
    return tuple(found)


def _against(rows: RowScores, other: RowScores, wish: EvaluationWish) -> Against:
    if rows.fingerprint != other.fingerprint:
        raise bad_input(
            "The two models were not asked about the same rows.",
            "One of them sets rows aside that the other takes: their classes or their data are not the same.",
            "Choose another model to compare with, or a file whose classes both know.",
        )
    number = {name: i for i, name in enumerate(rows.names)}
    place = np.array([number.get(name, -1) for name in other.names], dtype=np.int64)
    predicted: NDArray[np.int64] = place[other.predicted]
    aligned = np.zeros_like(rows.probabilities)
    shared = place >= 0
    aligned[:, place[shared]] = other.probabilities[:, shared]
    elsewhere = other.probabilities[:, ~shared].sum(axis=1)
    apart = (np.abs(rows.probabilities - aligned).sum(axis=1) + elsewhere) / 2
    name = wish.against_title or other.model
    if rows.true is None:
        return Against(name, predicted, other.sureness, apart, float("nan"), None)
    # A class that the first model does not know is wrong, whichever it is.
    comparable = np.where(predicted < 0, len(rows.names), predicted)
    told = compare(rows.true, comparable, rows.predicted, names=(name, rows.model))
    return Against(name, predicted, other.sureness, apart, float((predicted == rows.true).mean()), told)
