"""What a model would answer after each of its layers: the next token at each place, or the class of the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: How many guesses are kept of each layer and place.
GUESSES = 10
#: What a person must know before reading a lens (Belrose et al. 2023 measured how far off early layers are).
WARNING = "Read out with the last layer's head, not trained for earlier layers: take early layers with care."


@dataclass(frozen=True, slots=True, eq=False)
class TokenLens:
    """The next token that a language model would guess after each layer (nostalgebraist 2020).

    Row 0 is what goes into the first layer; row k is what comes out of layer k. All arrays are read-only.

    Attributes:
        model: Which model it was, in words.
        tokens: The n tokens as a person reads them.
        special: bool, shape (n,): tokens that stand for no text.
        guesses: int64, shape (rows, n, k): the likeliest tokens after each place, best first.
        probabilities: float64, shape (rows, n, k): theirs.
        following: int64, shape (n,): the token that really follows; -1 at the last place.
        following_probability: float64, shape (rows, n): its probability; NaN at the last place.
        following_rank: int64, shape (rows, n): its place among all tokens, from 1; 0 at the last place.
        words: Each token number above as a person reads it.
        step: Training step of the model, when it was a live or saved one.
        note: Something the person should know.
    """

    model: str
    tokens: tuple[str, ...]
    special: NDArray[np.bool_]
    guesses: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    following: NDArray[np.int64]
    following_probability: NDArray[np.float64]
    following_rank: NDArray[np.int64]
    words: Mapping[int, str]
    step: int | None = None
    note: str = ""

    @property
    def rows(self) -> int:
        """How many rows: one more than layers."""
        return len(self.guesses)

    def guess(self, row: int, place: int) -> str:
        """The likeliest next token."""
        return self.words[int(self.guesses[row, place, 0])]

    def is_right(self, row: int, place: int) -> bool:
        """Whether the guess is the token that really follows."""
        return int(self.following_rank[row, place]) == 1

    def likely(self, row: int, place: int) -> tuple[tuple[str, float], ...]:
        """(token, probability) of the likeliest ones, best first."""
        pairs = zip(self.guesses[row, place].tolist(), self.probabilities[row, place].tolist(), strict=True)
        return tuple((self.words[number], probability) for number, probability in pairs)

    def settled(self, place: int) -> int:
        """The first row from which on the guess is that of the last layer."""
        best = self.guesses[:, place, 0]
        others = np.flatnonzero(best != best[-1])
        return int(others[-1]) + 1 if others.size else 0


@dataclass(frozen=True, slots=True, eq=False)
class ClassLens:
    """The classes that a classifier would give the text after each layer; rows as in `TokenLens`.

    Attributes:
        model: Which model it was, in words.
        tokens: The tokens of the text.
        class_names: The classes in the order of the logits.
        probabilities: float64, read-only, shape (rows, classes).
        step: Training step of the model, when it was a live or saved one.
        note: Something the person should know.
    """

    model: str
    tokens: tuple[str, ...]
    class_names: tuple[str, ...]
    probabilities: NDArray[np.float64]
    step: int | None = None
    note: str = ""

    @property
    def rows(self) -> int:
        """How many rows: one more than layers."""
        return len(self.probabilities)

    def settled(self) -> int:
        """The first row from which on the class is that of the last layer."""
        best = self.probabilities.argmax(axis=1)
        others = np.flatnonzero(best != best[-1])
        return int(others[-1]) + 1 if others.size else 0


Lens = TokenLens | ClassLens


def row_name(row: int) -> str:
    """What a row is called."""
    return f"Layer {row}" if row else "Input"
