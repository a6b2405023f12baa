"""Two models on one text, side by side: what each head does differently, and by how much."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.run.inside.words import merge_words
from workbench.run.problem import bad_input
from workbench.run.results import AttentionMaps

#: The `kind` of maps that hold a difference: weights from -1 to 1, whose rows sum to 0.
DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same text in two models.

    Attributes:
        first: The maps of the model that is compared with, over the same tokens as `second`.
        second: The maps of the model in question.
        difference: `second` less `first`, float32 in [-1, 1]; its `kind` is `DIFFERENCE`.
        divergence: float64, read-only, shape (layers, heads): the Jensen-Shannon divergence of each head in bits,
            the mean over the rows that have a choice; 0 for equal heads, 1 for heads that look at nothing in common.
        note: How the tokens of the two were brought together; empty where they are the same.
    """

    first: AttentionMaps
    second: AttentionMaps
    difference: AttentionMaps
    divergence: NDArray[np.float64]
    note: str = ""

    def ranked(self) -> tuple[tuple[int, int], ...]:
        """The (layer, head) of every head, the most changed one first."""
        order = np.argsort(-self.divergence, axis=None, kind="stable")
        heads = self.divergence.shape[1]
        return tuple((int(i) // heads, int(i) % heads) for i in order)


def compare(first: AttentionMaps, second: AttentionMaps) -> Comparison:
    """Bring two models' maps of one text together.

    Where their tokens differ, both are merged into words; special tokens, of which tokenizers add different ones, are
    left out then and rows rescaled to sum to 1.

    Raises:
        WorkbenchError: When the models have different layers or heads, or read different words.
    """
    _refuse_shapes(first, second)
    note = ""
    if first.tokens != second.tokens:
        note = "The tokens differ, so words are compared; special tokens are left out."
        # A model that looks back only and one that looks both ways have different cells, but the same words.
        first, second = (_plain(merge_words(maps)) for maps in (first, second))
        _refuse_words(first, second)
    weights = second.weights - first.weights
    weights.flags.writeable = False
    difference = replace(
        second,
        weights=weights,
        model=f"{second.model} less {first.model}",
        step=None,
        prediction=(),
        kind=DIFFERENCE,
        causal=first.causal and second.causal,
    )
    return Comparison(first, second, difference, head_divergence(first.weights, second.weights), note)


def head_divergence(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """The Jensen-Shannon divergence (Lin 1991) between two models' rows, in bits, from 0 to 1.

    JSD(P, Q) = H((P + Q) / 2) - (H(P) + H(Q)) / 2, the mean over those rows in which a token has more than one other
    to look at: in a causal model the first token's row is 1 whatever was learnt.

    Args:
        first: Shape (layers, heads, n, m); rows sum to 1.
        second: The same shape.

    Returns:
        Shape (layers, heads), float64.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    rows = np.clip(_entropy((a + b) / 2) - (_entropy(a) + _entropy(b)) / 2, 0, 1)
    choice = ((a > 0) | (b > 0)).sum(axis=-1) > 1
    count = choice.sum(axis=-1)
    found = np.where(count > 0, (rows * choice).sum(axis=-1) / np.maximum(count, 1), 0.0)
    found.flags.writeable = False
    return found


def _entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    terms = np.zeros_like(p)
    np.log2(p, out=terms, where=p > 0)
    result: NDArray[np.float64] = -(p * terms).sum(axis=-1)
    return result


def _plain(maps: AttentionMaps) -> AttentionMaps:
    """The maps between ordinary tokens only; a row of which nothing is left stays 0."""
    kept = np.flatnonzero(~maps.special)
    weights = maps.weights[:, :, kept][..., kept]
    sums = weights.sum(axis=-1, keepdims=True)
    weights = np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)
    weights.flags.writeable = False
    special = np.zeros(kept.size, dtype=bool)
    special.flags.writeable = False
    return replace(maps, weights=weights, tokens=tuple(maps.tokens[i].strip() for i in kept), special=special)


def _refuse_shapes(first: AttentionMaps, second: AttentionMaps) -> None:
    shapes = [maps.weights.shape[:2] for maps in (first, second)]
    if shapes[0] != shapes[1]:
        words = [f"{maps.model} has {layers} layers of {heads} heads" for maps, (layers, heads) in
                 zip((first, second), shapes, strict=True)]  # fmt: skip
        raise bad_input(
            "The heads of these two models cannot be compared one by one.",
            f"{words[0]}, {words[1]}.",
            "Compare a run with its base model, with one of its checkpoints, or with another run of the same base.",
        )


def _refuse_words(first: AttentionMaps, second: AttentionMaps) -> None:
    a, b = ([word.casefold() for word in maps.tokens] for maps in (first, second))
    if a == b and a:
        return
    place = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    told = [maps.tokens[place] if place < len(maps.tokens) else "the end" for maps in (first, second)]
    raise bad_input(
        "These two models read the text as different words.",
        f"Where {first.model} reads “{told[0]}”, {second.model} reads “{told[1]}” (word {place + 1}).",
        "Compare models with the same tokenizer, or choose a simpler sentence.",
    )
