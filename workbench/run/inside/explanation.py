"""Explanations of one prediction: scores of its tokens by several methods, and what deleting tokens says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from workbench.run.inside.words import words_of

Floats = NDArray[np.float64]
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Method:
    """One way to score tokens; `signed` methods also say what speaks against the prediction."""

    key: str
    title: str
    short: str
    help: str
    signed: bool


METHODS: tuple[Method, ...] = (
    Method(
        "rollout",
        "Attention rollout",
        "Rollout",
        "How much of each token reaches the place where the model decides, if attention alone carried it: the mean of "
        "all heads, half of each layer being the token itself, multiplied from layer to layer.",
        False,
    ),
    Method(
        "flow",
        "Attention flow",
        "Flow",
        "The most that can flow from the place of the decision to each token, with the weights as widths of pipes.",
        False,
    ),
    Method(
        "grad-attention",
        "Gradient × attention",
        "Grad. × attention",
        "Only attention that raises the score of the prediction counts: each weight times its gradient, where that is "
        "positive, gathered through the layers.",
        False,
    ),
    Method(
        "integrated-gradients",
        "Integrated gradients",
        "Integr. gradients",
        "How much each token adds to the log-odds of the prediction on the way from a neutral input to this one.",
        True,
    ),
    Method(
        "occlusion",
        "Occlusion",
        "Occlusion",
        "How far the probability of the prediction falls when this one token is left out.",
        True,
    ),
)

METHOD_KEYS: tuple[str, ...] = tuple(method.key for method in METHODS)


def method_named(key: str) -> Method:
    """The method of that key.

    Raises:
        KeyError: When there is none.
    """
    return {method.key: method for method in METHODS}[key]


@dataclass(frozen=True, slots=True)
class Attribution:
    """The scores of one method.

    Attributes:
        method: Key of the method.
        scores: float64, read-only, shape (n,): one for each token of the explanation.
        note: What the person should know about it ("16 tokens of 40 …"), or empty.
        gap: For integrated gradients: the sum of the scores minus the difference that they should sum to.
    """

    method: str
    scores: Floats
    note: str = ""
    gap: float | None = None

    @property
    def is_rough(self) -> bool:
        """Whether the gap is so wide, more than a fifth of what the scores should sum to, that they mean little."""
        return self.gap is not None and abs(self.gap) > 0.2 * abs(float(self.scores.sum()) - self.gap)


@dataclass(frozen=True, slots=True)
class Deletion:
    """The probability of the target while tokens are removed in the order of one method's scores.

    `first` (highest scores first) and `last` (lowest first) are float64, read-only, shape (steps + 1,).
    """

    method: str
    first: Floats
    last: Floats

    @property
    def area(self) -> float:
        """How far the probability falls on average when the highest scores go first; more is more faithful."""
        return area_over(self.first)

    @property
    def area_last(self) -> float:
        """The same when the lowest scores go first; less is more faithful."""
        return area_over(self.last)


@dataclass(frozen=True, slots=True)
class DeletionTest:
    """All methods deleted against each other and against chance.

    Attributes:
        removed: int64, shape (steps + 1,): how many tokens are gone at each point, beginning with 0.
        curves: One for each method.
        random: float64, shape (orders, steps + 1): random orders.
    """

    removed: NDArray[np.int64]
    curves: tuple[Deletion, ...]
    random: Floats

    @property
    def random_areas(self) -> Floats:
        """The area over each random order."""
        return np.array([area_over(row) for row in self.random])

    def beats_random(self, curve: Deletion) -> bool:
        """Whether a method removes what matters sooner than random orders do: by more than their standard deviation,
        which one random order in six would manage as well, and by more than a twentieth of the whole probability.
        (Where one word decides, many a random order takes it early; to ask for more than all of them would never be
        answered with yes.)"""
        areas = self.random_areas
        ahead = curve.area - float(areas.mean())
        return bool(ahead > float(areas.std(ddof=1)) + 1e-9 and ahead > 0.05 * curve.first[0])


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a model predicts what it predicts, as far as scores of tokens can say.

    Attributes:
        tokens: The n tokens as a person reads them.
        special: bool, shape (n,): tokens that stand for no text; they have scores, but are not ranked.
        model: Which model it was, in words.
        language: Whether a next token is explained, and not a class.
        target: The class or token that is explained, in words, with its number in `choices`.
        choices: What could be explained: (number, words) pairs.
        probability: The probability of the target.
        predicted: Whether the target is what the model holds most probable.
        attributions: One for each method that gave scores, in the order of `METHODS`.
        refused: (method, reason) for those that gave none.
        test: The deletion test, when it was made.
        step: Training step of the model, when it was a live or saved one.
        note: Something the person should know ("cut after 128 tokens").
    """

    tokens: tuple[str, ...]
    special: NDArray[np.bool_]
    model: str
    language: bool
    target: tuple[int, str]
    choices: tuple[tuple[int, str], ...]
    probability: float
    predicted: bool
    attributions: tuple[Attribution, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    test: DeletionTest | None = None
    step: int | None = None
    note: str = ""

    def of(self, method: str) -> Attribution | None:
        """The scores of one method, or None."""
        return next((found for found in self.attributions if found.method == method), None)


def area_over(curve: Floats) -> float:
    """Area over a deletion curve: the mean of how far the probability has fallen (Samek et al. 2017, AOPC)."""
    return float(np.mean(curve[0] - curve[1:]))


def ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    mean: Floats = ends - (counts - 1) / 2.0
    return mean[place]


def spearman(a: Floats, b: Floats) -> float:
    """Rank correlation of two rows of scores, from -1 to 1; nan where one of them is constant."""
    first, second = ranks(a), ranks(b)
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum() / scale) if scale else float("nan")


def correlations(found: Explanation) -> Floats:
    """Rank correlations between the methods, shape (methods, methods); special tokens are left out."""
    rows = [row.scores[~found.special] for row in found.attributions]
    return np.array([[spearman(a, b) for b in rows] for a in rows]).reshape(len(rows), len(rows))


def whole_words(found: Explanation) -> Explanation:
    """The same with sub-words merged: the scores of a word are the sum of those of its tokens.

    The deletion test stays as it was made, token by token.
    """
    words = words_of(found.tokens, found.special)
    starts = [start for start, _ in words]
    return replace(
        found,
        tokens=tuple(_joined(found.tokens[start:end]) for start, end in words),
        special=_frozen(found.special[starts]),
        attributions=tuple(
            replace(row, scores=_frozen(np.add.reduceat(row.scores, starts))) for row in found.attributions
        ),
    )


def _joined(tokens: Sequence[str]) -> str:
    return tokens[0] + "".join(token.removeprefix("##") for token in tokens[1:])


def _frozen(values: NDArray[T]) -> NDArray[T]:
    values.flags.writeable = False
    return values


def verdict(found: Explanation) -> str:
    """In a sentence or two: which method is most faithful here, and whether attention explains the prediction."""
    test = found.test
    if test is None:
        return ""
    best = max(curve.area for curve in test.curves)
    winners = [curve for curve in test.curves if curve.area >= best - 1e-9]
    if not test.beats_random(winners[0]):
        return "No method does better here than removing tokens at random: none of these scores explains it."
    names = " and ".join(method_named(curve.method).title for curve in winners)
    words = (
        f"{names} {'is' if len(winners) == 1 else 'are'} most faithful here: removing the tokens "
        f"with the highest scores first lowers the probability of ‘{found.target[1].strip()}’ by {points(best)} on "
        f"average, removing them at random by {points(float(test.random_areas.mean()))}."
    )
    rollout = next((curve for curve in test.curves if curve.method == "rollout"), None)
    if rollout is None or rollout in winners:
        return words
    if not test.beats_random(rollout):
        return f"{words} Attention (rollout) is no better than random: attention does not explain this prediction."
    return f"{words} Attention (rollout) lowers it by {points(rollout.area)}: it explains a part."


def points(share: float) -> str:
    """A difference of probabilities in words."""
    value = 100 * share
    return f"{value:.1f} points" if abs(value) >= 0.05 else f"{value:.1g} points" if value else "0 points"
