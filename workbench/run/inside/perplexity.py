"""How well language models foresee a text, token by token, as plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class TokenScores:
    """One model's probability of each token of a text, given all tokens before it. All arrays are read-only.

    The first token has none, for nothing stands before it.

    Attributes:
        model: Which model it was, in words.
        text: The text.
        tokens: int64, shape (n,): the token ids.
        words: Each of them as a person reads it.
        spans: int64, shape (n, 2): the characters [from, to) of the text that each token stands for; empty, shape
            (0, 2), where the tokenizer does not tell.
        log_probability: float64, shape (n,): natural logarithms; NaN for the first token.
        rank: int64, shape (n,): the token's place among all, from 1; 0 for the first token.
        entropy: float64, shape (n,): how undecided the model was, in bits; NaN for the first token.
        note: Something the person should know ("cut after 128 tokens").
    """

    model: str
    text: str
    tokens: NDArray[np.int64]
    words: tuple[str, ...]
    spans: NDArray[np.int64]
    log_probability: NDArray[np.float64]
    rank: NDArray[np.int64]
    entropy: NDArray[np.float64]
    note: str = ""

    @property
    def loss(self) -> float:
        """The mean negative log-likelihood of the tokens that have one, in nats."""
        return float(-np.nanmean(self.log_probability))

    @property
    def perplexity(self) -> float:
        """exp(loss): the model was as unsure as between so many equally likely tokens, on average."""
        try:
            return math.exp(self.loss)
        except OverflowError:
            return math.inf

    @property
    def bits_per_character(self) -> float:
        """The whole text's information in bits over its characters: comparable between tokenizers, unlike the
        perplexity."""
        return float(-np.nansum(self.log_probability)) / math.log(2) / max(1, len(self.text))


@dataclass(frozen=True, slots=True)
class ScoredText:
    """A text under one model, or under two: `other` is what `first` is compared with."""

    first: TokenScores
    other: TokenScores | None = None

    @property
    def same_tokens(self) -> bool:
        """Whether both models read the same tokens, so that these can be compared one by one."""
        return self.other is not None and np.array_equal(self.first.tokens, self.other.tokens)

    @property
    def gain(self) -> NDArray[np.float64] | None:
        """By how many nats `first` foresees each token better than `other`; None where their tokens differ."""
        if self.other is None or not self.same_tokens:
            return None
        return self.first.log_probability - self.other.log_probability
