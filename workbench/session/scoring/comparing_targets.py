"""Is one model of labels, numbers or marks better than another? Rows are drawn again, the same for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.data.suggest import counted, listed
from workbench.run.deviations import number_metrics
from workbench.run.entity_tallies import entities
from workbench.run.problem import bad_input
from workbench.run.scores import Comparison, Floats
from workbench.run.target_rows import TargetRows, TargetsAgainst
from workbench.session.scoring.comparing import answer, mcnemar, two_sided
from workbench.session.scoring.intervals import RESAMPLES, percentile_interval, row_weights

#: What decides where no metric is named.
DECIDES = {"multi-label": "f1_micro", "regression": "mae", "token-classification": "f1"}
#: Ranks have to be found anew for each resample.
_RANKED = 500

#: The metric of many resamples: how often each row stands in each, shape (resamples, rows), to shape (resamples,).
Measure = Callable[[NDArray[np.int64]], Floats]
#: What was said rightly, said at all and is there of each kind, each of shape (resamples, kinds).
Counts = tuple[Floats, Floats, Floats]


def compare_targets(first: TargetRows, second: TargetRows, metric: str = "", *, seed: int = 0) -> Comparison:
    """Whether the second model is better than the first on the rows that both were asked about.

    The interval is a paired bootstrap over the rows, and so is the p-value: twice the share of resamples in which the
    other model is better. For the share of rows whose labels are all right it is McNemar's exact one.

    Args:
        first: What the first model said.
        second: What the second one said.
        metric: A name as in the scores; empty for what decides in training.
        seed: Of the resamples.

    Raises:
        WorkbenchError: When the rows or what is asked of them differ, or there is no such metric.
    """
    _check_alike(first, second)
    metric = metric or DECIDES[first.task]
    if first.task == "token-classification" and first.scores is None:
        metric = "accuracy"
    measures = [_measure(one, metric) for one in (first, second)]
    rows = len(first)
    times = _RANKED if metric == "spearman" else RESAMPLES
    once = np.ones((1, rows), dtype=np.int64)
    difference = float((measures[1](once) - measures[0](once))[0])
    moved = np.concatenate([measures[1](w) - measures[0](w) for w in row_weights(rows, seed, times)])
    low, high = percentile_interval(moved)
    only_first, only_second = (int((~a.wrong & b.wrong).sum()) for a, b in ((first, second), (second, first)))
    exact = metric == "accuracy" and first.task == "multi-label"
    p_value = mcnemar(only_first, only_second) if exact else two_sided(moved)
    names = (first.model or "the first model", second.model or "the second model")
    if names[0] == names[1]:
        names = (f"{names[0]} (first)", f"{names[1]} (second)")
    words = answer(difference, p_value, metric, names, rows)
    return Comparison(metric, difference, low, high, p_value, only_first, only_second, words)


def against_targets(shown: TargetRows, other: TargetRows, metric: str = "") -> TargetsAgainst:
    """What another model says of the same rows, and whether the one that is shown is better.

    Raises:
        WorkbenchError: As `compare_targets`.
    """
    comparison = compare_targets(other, shown, metric)
    if shown.task == "token-classification":
        pairs = zip(shown.given_tags, other.given_tags, strict=True)
        apart = np.array([_share_apart(a, b) for a, b in pairs], dtype=np.float64)
    else:
        apart = np.abs(shown.given - other.given).mean(axis=1)
    return TargetsAgainst(other.model, other.said, other.wrong, apart, comparison)


def _share_apart(one: Sequence[str], other: Sequence[str]) -> float:
    return sum(a != b for a, b in zip(one, other, strict=True)) / max(1, len(one))


def _check_alike(first: TargetRows, second: TargetRows) -> None:
    if first.task != second.task or first.names != second.names:
        raise bad_input(
            f"{first.model} and {second.model} do not answer the same question.",
            f"One knows {listed(first.names, 6)}; the other {listed(second.names, 6)}.",
            "Compare models that were trained on the same columns, labels or tags.",
        )
    if first.fingerprint != second.fingerprint:
        shared = len(
            set(zip(first.texts, first.true, strict=True)) & set(zip(second.texts, second.true, strict=True))
        )
        raise bad_input(
            f"{first.model} and {second.model} were not measured on the same rows.",
            f"{first.told}: {counted(len(first), 'row')}; {second.told}: {counted(len(second), 'row')}; "
            f"{counted(shared, 'row')} with the same text and answer are in both.",
            "Name a file, on which both are measured.",
        )


def _measure(found: TargetRows, metric: str) -> Measure:
    measures = {"multi-label": _labels, "regression": _numbers, "token-classification": _marks}[found.task](
        found
    )
    if metric not in measures:
        raise bad_input(
            f"metric: there is no {metric!r}.",
            f"Known are {', '.join(measures)}.",
            "Choose one of these.",
        )
    return measures[metric]


def _labels(found: TargetRows) -> dict[str, Measure]:
    """Metrics of labels."""
    true, said = found.right > 0.5, found.given >= found.limits
    hits, claimed, there = (each.astype(np.float64) for each in (true & said, said, true))
    by_row = _ratio(2 * hits.sum(axis=1), (claimed + there).sum(axis=1))

    def drawn(weights: NDArray[np.int64]) -> Counts:
        return weights @ hits, weights @ claimed, weights @ there

    return _shares(drawn, "_micro") | {
        "accuracy": _mean((true == said).all(axis=1)),
        "hamming": _mean((true != said).mean(axis=1)),
        "f1_samples": _mean(by_row),
        "loss": _mean(found.losses),
    }


def _numbers(found: TargetRows) -> dict[str, Measure]:
    """Metrics of numbers, the mean over the columns."""
    true, errors = found.right, found.given - found.right
    middle = true - true.mean(axis=0)  # nearer to zero, so that squares lose nothing

    def rmse(weights: NDArray[np.int64]) -> Floats:
        return np.asarray(
            np.sqrt(weights @ np.square(errors) / weights.sum(axis=1, keepdims=True)).mean(axis=1)
        )

    def r2(weights: NDArray[np.int64]) -> Floats:
        count = weights.sum(axis=1, keepdims=True)
        spread = weights @ np.square(middle) - np.square(weights @ middle) / count
        squares = weights @ np.square(errors)
        plain = np.where(squares == 0, 1.0, 0.0)
        return np.asarray(np.divide(spread - squares, spread, out=plain, where=spread > 1e-12).mean(axis=1))

    def spearman(weights: NDArray[np.int64]) -> Floats:
        drawn = []
        for times in weights:
            rows = np.repeat(np.arange(len(true)), times)
            drawn.append(number_metrics(true[rows], found.given[rows])["spearman"].mean())
        return np.array(drawn)

    return {"mae": _mean(np.abs(errors).mean(axis=1)), "rmse": rmse, "r2": r2, "spearman": spearman}


def _marks(found: TargetRows) -> dict[str, Measure]:
    """Metrics of marked stretches, strict, and of words."""
    words = np.array(list(map(len, found.right_tags)), dtype=np.float64)
    pairs = list(zip(found.right_tags, found.given_tags, strict=True))
    same = np.array([sum(a == b for a, b in zip(*pair, strict=True)) for pair in pairs], dtype=np.float64)

    def accuracy(weights: NDArray[np.int64]) -> Floats:
        return _ratio(weights @ same, weights @ words)

    measures: dict[str, Measure] = {"accuracy": accuracy}
    if found.scores is None:  # tags that begin nothing
        return measures
    right, marked = ([entities(row) for row in side] for side in (found.right_tags, found.given_tags))
    sides = list(zip(right, marked, strict=True))
    kinds = sorted({one.kind for pair in sides for side in pair for one in side}) or [""]
    counts = np.array([list(_tally(a, b, kinds)) for a, b in sides], dtype=np.float64).reshape(
        -1, 3 * len(kinds)
    )

    def drawn(weights: NDArray[np.int64]) -> Counts:
        of = (weights @ counts).reshape(len(weights), len(kinds), 3)
        return of[:, :, 0], of[:, :, 1], of[:, :, 2]

    return measures | _shares(drawn, "")


def _shares(drawn: Callable[[NDArray[np.int64]], Counts], whole: str) -> dict[str, Measure]:
    """F1, precision and recall of all kinds together, with an ending of their names, and as means over the kinds."""

    def macro(name: str) -> Measure:
        return lambda weights: np.asarray(_share(name, *drawn(weights)).mean(axis=1))

    def micro(name: str) -> Measure:
        return lambda weights: _share(name, *(each.sum(axis=1) for each in drawn(weights)))

    names = ("f1", "precision", "recall")
    return {f"{name}{whole}": micro(name) for name in names} | {
        f"{name}_macro": macro(name) for name in names
    }


def _share(name: str, hits: Floats, said: Floats, there: Floats) -> Floats:
    if name == "f1":
        return _ratio(2 * hits, said + there)
    return _ratio(hits, said if name == "precision" else there)


def _tally(right: Sequence[object], marked: Sequence[object], kinds: Sequence[str]) -> Iterator[int]:
    hits = set(right) & set(marked)
    for kind in kinds:
        for side in (hits, marked, right):
            yield sum(getattr(one, "kind", "") == kind for one in side)


def _mean(values: NDArray[np.bool_] | Floats) -> Measure:
    each = values.astype(np.float64)
    return lambda weights: np.asarray(weights @ each / len(each))


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(np.shape(whole)), where=whole > 0)
