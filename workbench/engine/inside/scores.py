"""Scores of single rows, from which a metric and its bootstrap interval are computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: How often the rows are drawn again.
RESAMPLES = 1000
#: The metrics that are worked out of single rows.
KNOWN = ("accuracy", "f1_macro", "perplexity", "loss")


@dataclass(frozen=True, slots=True)
class Scores:
    """What each row contributes; all arrays have the shape (rows,).

    Attributes:
        loss: Summed negative log-likelihood, float64, nats.
        hits: How many of its terms were predicted right, float64.
        predicted: The predicted class, int64, for tasks with one term per row.
        true: The true class.
        terms: How many terms it has.
    """

    loss: NDArray[np.float64]
    hits: NDArray[np.float64]
    predicted: NDArray[np.int64]
    true: NDArray[np.int64]
    terms: NDArray[np.int64]

    @classmethod
    def empty(cls, rows: int, terms: NDArray[np.int64]) -> Scores:
        """Room for so many rows, not yet known."""
        nothing = np.full(rows, np.nan)
        none = np.zeros(rows, dtype=np.int64)
        return cls(nothing, nothing.copy(), none, none.copy(), terms)

    def take(self, part: Scores, indexes: NDArray[np.int64]) -> None:
        """Fill in the rows of a batch."""
        for mine, theirs in (
            (self.loss, part.loss),
            (self.hits, part.hits),
            (self.predicted, part.predicted),
            (self.true, part.true),
        ):
            mine[indexes] = theirs

    def only(self, rows: NDArray[np.bool_]) -> Scores:
        """Some of the rows."""
        return Scores(
            self.loss[rows], self.hits[rows], self.predicted[rows], self.true[rows], self.terms[rows]
        )


def metric_values(
    name: str, scores: Scores, weights: NDArray[np.float64], classes: int = 0
) -> NDArray[np.float64]:
    """A metric for each weighting of the rows.

    Args:
        name: "accuracy", "f1_macro", "perplexity" or "loss"; any other name counts as "loss".
        scores: The rows.
        weights: How often each row counts, shape (weightings, rows).
        classes: How many classes there are.

    Returns:
        float64, shape (weightings,).
    """
    if name == "f1_macro":
        return _f1(scores, weights, classes)
    terms = weights @ scores.terms
    if name == "accuracy":
        return np.asarray(weights @ scores.hits / terms)
    loss = weights @ scores.loss / terms
    return np.exp(np.minimum(loss, 700.0)) if name == "perplexity" else np.asarray(loss)


def _f1(scores: Scores, weights: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Macro F1; a class that neither occurs nor is predicted is left out of the mean, as scikit-learn does it."""
    total, there = np.zeros(len(weights)), np.zeros(len(weights))
    for number in range(classes):
        true, said = scores.true == number, scores.predicted == number
        both = weights @ (true & said).astype(np.float64)
        either = weights @ (true.astype(np.float64) + said)
        total += np.divide(2 * both, either, out=np.zeros_like(both), where=either > 0)
        there += either > 0
    return total / np.maximum(there, 1)


def value_of(name: str, scores: Scores, classes: int = 0) -> float:
    """The metric over all rows."""
    return float(metric_values(name, scores, np.ones((1, len(scores.terms))), classes)[0])


def resampled(rows: int, times: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """How often each row is drawn in each resample of `rows` rows with replacement, shape (times, rows)."""
    return (
        np.random.default_rng(seed).multinomial(rows, np.full(rows, 1 / rows), size=times).astype(np.float64)
    )


def interval(
    name: str,
    before: Scores,
    after: Scores,
    classes: int = 0,
    weights: NDArray[np.float64] | None = None,
) -> tuple[float, float]:
    """The 95 % interval of a metric's change, by a paired bootstrap: both sides are drawn with the same rows."""
    weights = resampled(len(before.terms)) if weights is None else weights
    change = metric_values(name, after, weights, classes) - metric_values(name, before, weights, classes)
    low, high = np.percentile(change, (2.5, 97.5))
    return float(low), float(high)
