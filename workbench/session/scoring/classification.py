"""The scores of a classifier on a set of rows: metrics with intervals, confusion, curves and calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.run.problem import bad_input
from workbench.run.row_scores import TINY, RowScores
from workbench.run.scores import (
    AtThreshold,
    Calibration,
    ClassificationScores,
    ClassNumbers,
    Floats,
    Histogram,
    Number,
    TwoAxes,
)
from workbench.run.tallies import class_metrics, class_tallies, confusion_matrix
from workbench.session.scoring.intervals import (
    RESAMPLES,
    interval_of_mean,
    percentile_interval,
    resampled_counts,
)
from workbench.session.scoring.ranking import ranking_intervals

BINS = 15
NOTHING = TwoAxes(np.empty(0), np.empty(0), np.empty(0))


def classification_scores(
    true: NDArray[np.int64],
    probabilities: Floats,
    names: tuple[str, ...],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> ClassificationScores:
    """Everything that is said of a classifier on these rows.

    Args:
        true: Right classes, shape (rows,); at least one row.
        probabilities: Shape (rows, classes); each row sums to 1.
        names: The classes, in the order of the columns.
        seed: Of the resamples behind the intervals.
        resamples: How many of them.
    """
    predicted = probabilities.argmax(axis=1)
    confusion = confusion_matrix(true, predicted, len(names))
    drawn = class_metrics(resampled_counts(confusion, seed, resamples))
    numbers = {
        name: Number(name, float(value), *percentile_interval(drawn[name]))
        for name, value in class_metrics(confusion).items()
    }
    right = probabilities[np.arange(len(true)), true]
    losses = -np.log(np.clip(right, TINY, 1))
    numbers["log_loss"] = Number("log_loss", float(losses.mean()), *interval_of_mean(losses, seed, resamples))
    for k in (2, 3, 5):
        if k < len(names):
            better = (probabilities > right[:, None]).sum(axis=1)
            hits = int(np.sum(better < k))
            drawn_hits = resampled_counts(np.array([hits, len(true) - hits]), seed, resamples)[:, 0]
            interval = percentile_interval(drawn_hits / len(true))
            numbers[f"top_{k}"] = Number(f"top_{k}", hits / len(true), *interval)
    calibration = calibrate(true, probabilities)
    numbers["calibration_error"] = Number("calibration_error", calibration.error)
    classes, roc, precision_recall = _oneagainst_rest(true, probabilities, names, confusion)
    numbers |= _ranking_numbers(true, probabilities, classes, seed, resamples)
    roc_average = precision_recall_average = None
    if len(names) > 2:
        # Every row is asked of every class whether it is the right one; the answers are ranked together.
        positive, asked = (true[:, None] == np.arange(len(names))).ravel(), probabilities.ravel()
        area, average, roc_average, precision_recall_average = against_rest(positive, asked)
        numbers["auc_micro"] = Number("auc_micro", area)
        numbers["average_precision_micro"] = Number("average_precision_micro", average)
    return ClassificationScores(
        numbers, classes, confusion, roc, precision_recall, calibration, roc_average, precision_recall_average
    )


def scores_of(rows: RowScores, *, seed: int = 0, resamples: int = RESAMPLES) -> ClassificationScores:
    """The same of rows that were scored.

    Raises:
        WorkbenchError: When there are none, or they have no labels.
    """
    if rows.true is None or not len(rows):
        raise bad_input(
            "There is nothing to measure.",
            "The rows have no labels." if len(rows) else "There are no rows.",
            "Measure on rows with labels.",
        )
    return classification_scores(rows.true, rows.probabilities, rows.names, seed=seed, resamples=resamples)


def calibrate(true: NDArray[np.int64], probabilities: Floats, bins: int = BINS) -> Calibration:
    """Sureness against accuracy in bins of equal width, of the predicted class."""
    sure, hit = probabilities.max(axis=1), probabilities.argmax(axis=1) == true
    place = np.minimum((sure * bins).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins)
    there = counts > 0
    sureness = np.bincount(place, weights=sure, minlength=bins)[there] / counts[there]
    accuracy = np.bincount(place, weights=hit, minlength=bins)[there] / counts[there]
    error = float(np.abs(sureness - accuracy) @ counts[there] / len(true))
    return Calibration(sureness, accuracy, counts[there], error)


def histogram(rows: RowScores, column: int | None = None, bins: int = 20) -> Histogram:
    """How sure the model is where it is right and where it is wrong.

    Args:
        rows: Rows with labels.
        column: The class whose probability is taken; right are then the rows of that class. None: that of the
            predicted class.
        bins: How many.
    """
    assert rows.true is not None
    values = rows.sureness if column is None else rows.probabilities[:, column]
    right = ~rows.wrong if column is None else rows.true == column
    edges = np.linspace(0, 1, bins + 1)
    counts = [np.histogram(values[chosen], edges)[0].astype(np.int64) for chosen in (right, ~right)]
    return Histogram(edges, *counts)


def at_threshold(true: NDArray[np.bool_], scores: Floats, threshold: float) -> AtThreshold:
    """The four counts where rows from a threshold on count as positive; arguments as in `costs`."""
    said = scores >= threshold
    counts = (true & said, ~true & said, true & ~said, ~true & ~said)
    return AtThreshold(threshold, *(int(count.sum()) for count in counts))


def best_threshold(true: NDArray[np.bool_], scores: Floats, false_alarm: float, miss: float) -> float:
    """The threshold of the least mean cost, half-way to the next lower score; of equals the one nearest to 1/2."""
    found = costs(true, scores, false_alarm, miss)
    steps = np.append(found.x[1:], 0.0)
    middles = np.where(np.isinf(found.x), (1 + steps) / 2, (found.x + steps) / 2)
    # Above the next score, however near it is, and at most the own one.
    middles = np.minimum(np.maximum(middles, np.nextafter(steps, np.inf)), found.x)
    cheapest = np.flatnonzero(found.y <= found.y.min() + 1e-12)
    return float(middles[cheapest][np.argmin(np.abs(middles[cheapest] - 0.5))])


def costs(true: NDArray[np.bool_], scores: Floats, false_alarm: float, miss: float) -> TwoAxes:
    """What mistakes cost at each threshold, for two classes.

    A row counts as positive where its score is at least the threshold.

    Args:
        true: Which rows are positive, shape (rows,).
        scores: Probability of the positive class, shape (rows,).
        false_alarm: What a negative row that counts as positive costs.
        miss: What a positive row that counts as negative costs.

    Returns:
        Thresholds as x and thresholds, and the mean cost of a row as y; the first threshold is above every score.
    """
    steps = np.append(np.unique(scores), np.inf)[::-1]
    above, below = np.sort(scores[true]), np.sort(scores[~true])
    misses = np.searchsorted(above, steps, side="left")
    alarms = len(below) - np.searchsorted(below, steps, side="left")
    return TwoAxes(steps, (miss * misses + false_alarm * alarms) / len(true), steps)


def _oneagainst_rest(
    true: NDArray[np.int64], probabilities: Floats, names: tuple[str, ...], confusion: NDArray[np.int64]
) -> tuple[tuple[ClassNumbers, ...], tuple[TwoAxes, ...], tuple[TwoAxes, ...]]:

    precision, recall, f1 = class_tallies(confusion)
    classes, roc, precise = [], [], []
    for i, name in enumerate(names):
        positive = true == i
        area, average, rates, pairs = against_rest(positive, probabilities[:, i])
        each = (float(precision[i]), float(recall[i]), float(f1[i]))
        classes.append(ClassNumbers(name, int(positive.sum()), *each, area, average))
        roc.append(rates)
        precise.append(pairs)
    return tuple(classes), tuple(roc), tuple(precise)


def against_rest(positive: NDArray[np.bool_], scores: Floats) -> tuple[float, float, TwoAxes, TwoAxes]:
    """AUC, average precision, the ROC curve and the precision-recall curve; NaN and empty where only one side
    occurs."""
    from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

    area = average = float("nan")
    rates = pairs = NOTHING
    if positive.any():
        average = float(average_precision_score(positive, scores))
        p, r, at = precision_recall_curve(positive, scores, drop_intermediate=True)
        pairs = TwoAxes(r, p, np.append(at, np.inf))
        if not positive.all():
            x, y, at = roc_curve(positive, scores)
            area, rates = float(auc(x, y)), TwoAxes(x, y, at)
    return area, average, rates, pairs


def _ranking_numbers(
    true: NDArray[np.int64],
    probabilities: Floats,
    classes: tuple[ClassNumbers, ...],
    seed: int,
    resamples: int,
) -> dict[str, Number]:
    """AUC and average precision: of two classes those of the second one, else the mean over the classes."""
    asked = [1] if len(classes) == 2 else list(range(len(classes)))
    found = {}
    known: dict[str, list[int]] = {}
    for name in ("auc", "average_precision"):
        known[name] = [i for i in asked if not np.isnan(getattr(classes[i], name))]
        if known[name]:
            found[name] = Number(name, float(np.mean([getattr(classes[i], name) for i in known[name]])))
    both = known["auc"]
    if both and both == known["average_precision"]:
        intervals = ranking_intervals(
            true[:, None] == np.array(both), probabilities[:, both], seed, resamples
        )
        for name, interval in zip(found, intervals or (), strict=False):
            found[name] = Number(name, found[name].value, *interval)
    return found
