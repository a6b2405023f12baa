"""The answers of the engine as plain values: what crosses from the engine thread. Never a tensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class AttentionMaps:
    """Attention of one text in one model.

    Attributes:
        weights: float32, read-only, shape (layers, heads, n, n): row = query token, column = key token;
            rows sum to 1.
        tokens: The n tokens as a person reads them.
        special: bool, shape (n,): which tokens are special ([CLS], [SEP], ...).
        model: Which model it was, in words ("minilm", "run 2026-11-21-…, step 400").
        causal: Whether a token sees only itself and earlier ones.
        step: Training step of the model, when it was a live or saved one.
        prediction: For a classifier: probability by class name, best first.
        note: Something the person should know ("cut after 128 tokens").
    """

    weights: NDArray[np.float32]
    tokens: tuple[str, ...]
    special: NDArray[np.bool_]
    model: str
    causal: bool = False
    step: int | None = None
    prediction: tuple[tuple[str, float], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class GeneratedToken:
    """One token of a streamed answer: its id, the text that it adds, its probability under the sampling
    distribution of its step, and which of several answers it belongs to."""

    id: int
    text: str
    probability: float
    answer: int = 0


@dataclass(frozen=True, slots=True)
class Generated:
    """A whole answer."""

    text: str
    tokens: tuple[int, ...]
    probabilities: tuple[float, ...]
    seconds: float
    stopped_by: str  # "end", "length" or "person"


@dataclass(frozen=True, slots=True)
class Prediction:
    """Class probabilities of one text: (class name, probability) pairs, best first."""

    text: str
    classes: tuple[tuple[str, float], ...]

    @property
    def label(self) -> str:
        """The most probable class."""
        return self.classes[0][0]
