"""Words of a text that a language model is to replace: the question, so that rows need not know the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Blanks:
    """A text in which some words are to be replaced.

    Attributes:
        text: The whole text.
        places: The words' places (start, end), ascending, none overlapping another.
        seed: What the choice among likely words is seeded with.
    """

    text: str
    places: tuple[tuple[int, int], ...]
    seed: int


#: Replaces the words; one text for each given one, in the same order.
ReplaceWords = Callable[[Sequence[Blanks]], list[str]]
