"""What a model with labels, numbers or marks said of each row of an evaluation, and the scores of all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.run.target_scores import EntityScores, MultiLabelScores, RegressionScores

#: The tasks that are measured so.
TARGETS = ("multi-label", "regression", "token-classification")


@dataclass(frozen=True, slots=True, eq=False)
class TargetRows:
    """The rows of one evaluation.

    Attributes:
        task: The task, one of `TARGETS`.
        model: Which model it was, in words.
        told: Which rows these are, in words.
        file: The data file, as the recipe names it.
        rows: Each row's number in the untouched file, from 0; int64, shape (rows,).
        texts: The rows as a person reads them.
        true: What is right for each, in words.
        said: What the model says, in words.
        wrong: Where the two differ (for numbers: by more than a standard deviation of the training rows), bool.
        losses: How wrong each row is, float64: the mean log loss of labels or words, or the squared scaled error.
        scores: The metrics; of tags that begin nothing None, since single words are all there is to count.
        accuracy: The share of words with the right tag; of labels, of rows that are right throughout; NaN of numbers.
        notes: What there is to say of the rows.
    """

    task: str
    model: str
    told: str
    file: str
    rows: NDArray[np.int64]
    texts: tuple[str, ...]
    true: tuple[str, ...]
    said: tuple[str, ...]
    wrong: NDArray[np.bool_]
    losses: NDArray[np.float64]
    scores: MultiLabelScores | RegressionScores | EntityScores | None
    accuracy: float
    notes: tuple[str, ...] = ()
