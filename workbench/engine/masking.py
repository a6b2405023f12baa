"""Which tokens of a row are hidden, and what stands in their place: a function of seed, step and row alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

#: Of the chosen tokens, how many are hidden; half of the others stand as another token, the rest as they are
#: (Devlin et al. 2019, appendix A.1).
HIDDEN, EXCHANGED = 0.8, 0.1


class Vocabulary(NamedTuple):
    """What masking needs to know of a tokenizer.

    Attributes:
        mask: The id of the mask token.
        ordinary: The ids of all tokens that are not special, int32.
        special: Which ids are special, bool, shape (vocabulary,).
    """

    mask: int
    ordinary: NDArray[np.int32]
    special: NDArray[np.bool_]


def vocabulary_of(tokenizer: Any, size: int) -> Vocabulary:
    """The vocabulary of a tokenizer with a mask token; `size` is the number of rows in the model's table."""
    special = np.zeros(max(size, len(tokenizer)), dtype=bool)
    special[list(tokenizer.all_special_ids)] = True
    ordinary = np.flatnonzero(~special[: len(tokenizer)]).astype(np.int32)
    return Vocabulary(int(tokenizer.mask_token_id), ordinary, special)


def chosen_count(ids: NDArray[np.int32], vocabulary: Vocabulary, share: float) -> int:
    """How many tokens of a row are chosen: the share of those that are not special, at least one."""
    return max(1, round(share * int((~vocabulary.special[ids]).sum())))


def masked(
    ids: NDArray[np.int32], vocabulary: Vocabulary, share: float, seed: int, step: int, row: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """A row with some of its tokens hidden or exchanged.

    Args:
        ids: The row's tokens, of which at least one is not special.
        vocabulary: The tokenizer's.
        share: How many of them are chosen.
        seed: The run's.
        step: The training step; 0 for masks that stay.
        row: The row's number in its split.

    Returns:
        The row as the model reads it, and the chosen places in their order.
    """
    chance = np.random.default_rng([seed, step, row])
    count = chosen_count(ids, vocabulary, share)
    able = np.flatnonzero(~vocabulary.special[ids])
    if not len(able):  # a row cut short, to try what it costs
        able = np.arange(len(ids))
    places = np.sort(chance.choice(able, count, replace=False))
    fate = chance.random(count)
    others = chance.choice(vocabulary.ordinary, count)
    shown = ids.copy()
    shown[places] = np.where(
        fate < HIDDEN, vocabulary.mask, np.where(fate < HIDDEN + EXCHANGED, others, ids[places])
    )
    return shown, places.astype(np.int64)


@contextmanager
def only_at(model: Any, places: torch.Tensor) -> Iterator[None]:
    """While this is entered, a model gives logits at these places alone, as shape (places, vocabulary).

    Six of seven tokens are not masked; their logits would be the dearest part of a step. A model without an output
    layer of its own gives all logits as ever.

    Args:
        model: The model, in whatever it is wrapped.
        places: Numbers of tokens of the flattened batch, int64.
    """
    find = getattr(getattr(model, "module", model), "get_output_embeddings", None)
    head = find() if find else None
    if head is None:
        yield
        return

    def cut(module: torch.nn.Module, given: tuple[Any, ...]) -> tuple[torch.Tensor]:
        return (given[0].flatten(0, 1).index_select(0, places),)

    handle = head.register_forward_pre_hook(cut)
    try:
        yield
    finally:
        handle.remove()
