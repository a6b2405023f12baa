"""The answers of the engine as plain values: what crosses from the engine thread. Never a tensor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Picture:
    """What a vision transformer saw.

    Attributes:
        pixels: uint8, read-only, shape (height, width, 3): cut and scaled as the model reads it.
        patches: Rows and columns of patches. They are the last rows · columns tokens, row by row.
    """

    pixels: NDArray[np.uint8]
    patches: tuple[int, int]


@dataclass(frozen=True, slots=True)
class AttentionMaps:
    """Attention of one text in one model.

    Attributes:
        weights: float32, read-only, shape (layers, heads, n, m): row = query token, column = key token;
            rows sum to 1. m is n, except where a decoder looks at what an encoder has read.
        tokens: The n tokens as a person reads them; for a picture, where each patch lies.
        special: bool, shape (n,): which tokens are special ([CLS], [SEP], ...).
        model: Which model it was, in words ("minilm", "run 2026-11-21-…, step 400").
        causal: Whether a token sees only itself and earlier ones.
        step: Training step of the model, when it was a live or saved one.
        prediction: For a classifier: probability by class name, best first.
        note: Something the person should know ("cut after 128 tokens").
        kind: "self"; in an encoder-decoder "encoder", "decoder" or "cross" (the decoder looks at the encoder).
        kinds: What else can be asked of this model; more than one for an encoder-decoder only.
        keys: The m tokens that are looked at, where they are others than `tokens`.
        keys_special: bool, shape (m,), where `keys` is given.
        picture: What a vision transformer saw.
    """

    weights: NDArray[np.float32]
    tokens: tuple[str, ...]
    special: NDArray[np.bool_]
    model: str
    causal: bool = False
    step: int | None = None
    prediction: tuple[tuple[str, float], ...] = ()
    note: str = ""
    kind: str = "self"
    kinds: tuple[str, ...] = ("self",)
    keys: tuple[str, ...] = ()
    keys_special: NDArray[np.bool_] | None = None
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class PooledMaps:
    """Attention of a long text: all heads as the maxima of blocks of cells. Fields as in `AttentionMaps`.

    Special tokens at the start and at the end have blocks of their own, so that they can be hidden.

    Attributes:
        tiles: float16, read-only, shape (layers, heads, t, u): the largest weight of each block.
        rows: int64, shape (t + 1,): the first query token of each block, and at the end n.
        columns: int64, shape (u + 1,): the same for the keys.
        links: int64, shape (2, layers, heads, 2): the (query, key) of each head's largest weight; the first of the
            two among all tokens, the second among those that are not special at the start or the end. Queries
            that can see only one key do not count. -1 where there is none.
        strengths: float32, shape (2, layers, heads): those weights.
        measures: float64, shape (layers, heads, measures): what the census sums (`run.inside.census.Tally`), taken
            of all weights while they were read; None where it was not wanted.
    """

    tiles: NDArray[np.float16]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    links: NDArray[np.int64]
    strengths: NDArray[np.float32]
    tokens: tuple[str, ...]
    special: NDArray[np.bool_]
    model: str
    causal: bool = False
    step: int | None = None
    prediction: tuple[tuple[str, float], ...] = ()
    note: str = ""
    kind: str = "self"
    kinds: tuple[str, ...] = ("self",)
    keys: tuple[str, ...] = ()
    keys_special: NDArray[np.bool_] | None = None
    picture: Picture | None = None
    measures: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class HeadMap:
    """One head of a long text in full: float32 weights, read-only, shape (n, m)."""

    layer: int
    head: int
    weights: NDArray[np.float32]


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
    """A whole answer.

    Attributes:
        text: What was written, without the stop text that ended it.
        tokens: The ids of all tokens, those of a stop text and those that the answer was begun with included.
        probabilities: One for each token, of the distribution that it was chosen from.
        seconds: How long it took.
        stopped_by: "end", "length", "stop" (a stop text) or "person".
        note: Something the person should know (a prompt that was too long).
    """

    text: str
    tokens: tuple[int, ...]
    probabilities: tuple[float, ...]
    seconds: float
    stopped_by: str
    note: str = ""


class Mark(NamedTuple):
    """A stretch of a text, in characters from `start` to before `end`, what it is, and how sure the model is."""

    start: int
    end: int
    kind: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one text.

    Attributes:
        text: The text.
        classes: (name, probability) pairs, best first; of several labels, each has a probability of its own.
        kind: "class", "labels" (any number of them), "numbers" or "marks".
        chosen: The labels that are given, in the model's order.
        numbers: (name, value) pairs, in the data's own units.
        marks: What is marked in the text, in its order.
    """

    text: str
    classes: tuple[tuple[str, float], ...]
    kind: Literal["class", "labels", "numbers", "marks"] = "class"
    chosen: tuple[str, ...] = ()
    numbers: tuple[tuple[str, float], ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def label(self) -> str:
        """The answer in words: the most probable class, the labels, the numbers, or what is marked."""
        match self.kind:
            case "labels":
                return "; ".join(self.chosen)
            case "numbers":
                return "; ".join(f"{value:.6g}" for _, value in self.numbers)
            case "marks":
                return "; ".join(f"{self.text[mark.start : mark.end]} ({mark.kind})" for mark in self.marks)
        return self.classes[0][0]


#: How a person writes a gap; the mask tokens are those of BERT's and RoBERTa's kin.
GAP = re.compile(r"_{2,}|\[MASK\]|<mask>")


@dataclass(frozen=True, slots=True)
class FilledText:
    """What a masked language model would write into the gaps of a text.

    Attributes:
        text: The text with the likeliest token in each gap.
        gaps: For each gap in reading order: (token, probability) pairs, best first. "##" begins a token that goes on
            with the word before it.
        note: Something the person should know (a text that was cut).
    """

    text: str
    gaps: tuple[tuple[tuple[str, float], ...], ...]
    note: str = ""
