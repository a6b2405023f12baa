"""What a language model could have written instead of each token of an answer, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: How many alternatives are kept of each step.
ALTERNATIVES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """The alternatives at each of the n tokens of an answer. All arrays are read-only.

    "Before" is the model's own softmax; "after" is what the token was drawn from, once the sampling rules
    (penalty, temperature, top-k, top-p, min-p) had done their work. 0 means that a rule forbade the token.

    Attributes:
        model: Which model it was, in words.
        tokens: int64, shape (n,): the answer's tokens.
        words: Each of them as a person reads it.
        before: float64, shape (n,): their probabilities before the rules.
        after: float64, shape (n,): and after them.
        rank: int64, shape (n,): their place among all tokens before the rules, from 1.
        entropy_before: float64, shape (n,): how undecided the model was, in bits: 1 is a toss of a coin.
        entropy_after: float64, shape (n,): the same after the rules.
        other: int64, shape (n, k): the likeliest tokens before the rules, best first.
        other_words: Each of them as a person reads it, n tuples of k.
        other_before: float64, shape (n, k): theirs before the rules.
        other_after: float64, shape (n, k): and after them.
        first: The number of the first of these tokens within the answer.
    """

    model: str
    tokens: NDArray[np.int64]
    words: tuple[str, ...]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    rank: NDArray[np.int64]
    entropy_before: NDArray[np.float64]
    entropy_after: NDArray[np.float64]
    other: NDArray[np.int64]
    other_words: tuple[tuple[str, ...], ...]
    other_before: NDArray[np.float64]
    other_after: NDArray[np.float64]
    first: int = 0
