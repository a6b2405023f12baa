"""How likely each row's label is to models that never saw the row: cross-validated confidence, weighed by cleanlab.

The models are logistic regressions on frozen sentence vectors, one for each part of the rows that is held out in
turn: seconds instead of as many trainings.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.run.problem import bad_input

#: Parts that are held out in turn.
FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """What cleanlab makes of cross-validated probabilities.

    Attributes:
        probabilities: float64, shape (rows, classes), each row by a model that never saw it.
        quality: The probability of each row's own label, float64, shape (rows,).
        wrong: Rows whose label cleanlab takes to be wrong (confident learning, Northcutt et al. 2021), bool.
    """

    probabilities: NDArray[np.float64]
    quality: NDArray[np.float64]
    wrong: NDArray[np.bool_]


def doubts(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    texts: Sequence[str],
    classes: int,
    seed: int = 0,
    check: Callable[[], object] = lambda: None,
) -> Doubts:
    """Cross-validated confidence in labels.

    Args:
        vectors: One vector for each row, shape (rows, width).
        labels: The rows' classes, from 0.
        texts: The rows' texts: equal ones are held out together, or a wrong label could vouch for itself.
        classes: How many classes there are.
        seed: Which rows are held out together.
        check: Called between two models; may raise to end the work.

    Raises:
        WorkbenchError: When there are too few rows.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    found = cross_validated(vectors, labels, folds_of(texts, labels, seed), classes, check)
    check()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrong = find_label_issues(labels, found, filter_by="prune_by_noise_rate", n_jobs=1)
        quality = get_label_quality_scores(labels, found, method="self_confidence")
    return Doubts(found, np.asarray(quality, np.float64), np.asarray(wrong, np.bool_))


def folds_of(
    texts: Sequence[str], labels: NDArray[np.int64], seed: int, folds: int = FOLDS
) -> NDArray[np.int64]:
    """Which part each row belongs to, shape (rows,): classes are spread evenly, and equal texts stay together."""
    first: dict[str, int] = {}
    groups = np.array([first.setdefault(text, i) for i, text in enumerate(texts)], dtype=np.int64)
    leaders = np.unique(groups)
    chance = np.random.default_rng(seed)
    part = np.zeros(len(labels), dtype=np.int64)
    begin = 0
    for name in np.unique(labels[leaders]):
        own = chance.permutation(leaders[labels[leaders] == name])
        part[own] = (begin + np.arange(len(own))) % folds
        begin += len(own)  # so that small classes do not all fall into the first parts
    found: NDArray[np.int64] = part[groups]
    return found


def cross_validated(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    part: NDArray[np.int64],
    classes: int,
    check: Callable[[], object] = lambda: None,
) -> NDArray[np.float64]:
    """Each row's class probabilities by a model that learned from the other parts, float64, shape (rows, classes).

    Raises:
        WorkbenchError: When the rows outside a part have fewer than two classes.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found = np.zeros((len(labels), classes), dtype=np.float64)
    for number in np.unique(part):
        check()
        out = part == number
        if len(np.unique(labels[~out])) < 2:
            raise bad_input(
                "There are too few rows for a second opinion on labels.",
                f"They are held out in {FOLDS} parts, and the rest must have two classes.",
                "Go by the margin, or add rows.",
            )
        # Vectors of frozen models have hundreds of dimensions that say the same: a firm hand, or it learns noise.
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fit that stopped a little early is good enough to rank by
            model.fit(vectors[~out], labels[~out])
        columns = model[-1].classes_
        found[np.ix_(out, columns)] = model.predict_proba(vectors[out])
    return found
