"""How probable the expected answers of held-out rows are to a model that writes, row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class AnswerLosses:
    """Rows with expected answers, in the order of the run's held-out rows.

    Attributes:
        rows: Their numbers among the held-out rows, from 0; int64.
        of: How many held-out rows there are.
        questions: What was asked last.
        answers: The expected answers.
        sums: The negative log-likelihood of each answer, in nats; float64, shape (rows,), read-only.
        tokens: How many tokens each of them has; int64.
    """

    rows: NDArray[np.int64]
    of: int
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    sums: Floats
    tokens: NDArray[np.int64]

    @property
    def per_token(self) -> Floats:
        """The loss of each row's answer for each of its tokens, in nats."""
        found: Floats = self.sums / np.maximum(1, self.tokens)
        return found
