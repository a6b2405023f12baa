"""Pairs of stretches of text for next-sentence prediction: every second pair follows on, the others do not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.run.problem import bad_input

_END = re.compile(r"(?<=[.!?…。！？])\s+")
#: Fewer sentences give no other place to take a second part from.
LEAST = 4


@dataclass(frozen=True, slots=True)
class Pair:
    """Two stretches of tokens, int32; `random` says that the second one comes from another place."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    random: bool


def sentences(text: str) -> list[str]:
    """The sentences of a text: its lines, cut where a sentence ends."""
    found = (part.strip() for line in text.splitlines() for part in _END.split(line))
    return [part for part in found if part]


def sentence_pairs(
    tokens: Sequence[NDArray[np.int32]], room: int, seed: int, side: str, field: str
) -> list[Pair]:
    """Stretches of sentences, each divided in two; in half of the pairs the second part comes from elsewhere.

    As BERT's pre-training data was made (Devlin et al. 2019): sentences are taken in turn until the room is filled and
    divided at a random place. Where the second part is taken from elsewhere, what it replaces is used again.

    Args:
        tokens: The tokens of each sentence of the text, in order.
        room: The most tokens of both parts together.
        seed: What all chance comes from.
        side: What the text is, for complaints: "training".
        field: The recipe's field of it.

    Raises:
        WorkbenchError: When the text is too short to have another place.
    """
    if len(tokens) < LEAST:
        raise bad_input(
            f"The {side} text is too short for pairs of sentences.",
            f"It has {len(tokens)}; at least {LEAST} are needed, so that some do not follow each other.",
            "Give more text, or switch Next sentence off.",
            field=field,
        )
    chance = np.random.default_rng([seed, len(tokens)])
    found: list[Pair] = []
    begin = 0
    while begin + 1 < len(tokens):
        end, length = begin, 0
        while end < len(tokens) and (end < begin + 2 or length < room):
            length += len(tokens[end])
            end += 1
        cut = int(chance.integers(begin + 1, end))
        elsewhere = len(tokens) - (end - begin)
        random = bool(chance.random() < 0.5) and elsewhere > 0
        first = np.concatenate(tokens[begin:cut])
        if random:
            place = int(chance.integers(0, elsewhere))
            place += (end - begin) * (place >= begin)
            # As long as what followed would have been, so that the length says nothing.
            second = np.concatenate(tokens[place : place + end - cut])
            begin = cut
        else:
            second = np.concatenate(tokens[cut:end])
            begin = end
        found.append(_fitted(first, second, room, random=random))
    return found


def _fitted(first: NDArray[np.int32], second: NDArray[np.int32], room: int, *, random: bool) -> Pair:
    """Both cut to the room, the longer one first: of the first part the end stays, of the second the beginning."""
    half = room // 2
    keep_first = min(len(first), max(half, room - len(second)))
    return Pair(first[len(first) - keep_first :], second[: room - keep_first], random)
