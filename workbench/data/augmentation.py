"""What the augmentation steps have in common: copies of rows with their texts changed a little, drawn by chance.

What becomes of a row depends on the seed and on the row alone: rows that are added elsewhere change no copy.
"""

from __future__ import annotations

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from workbench.data.changing import chance
from workbench.data.frame import Frame
from workbench.data.personal import json_value
from workbench.data.step import Context, Done, Step, column_named
from workbench.data.suggest import counted
from workbench.data.tables import PORTION
from workbench.run.section import field

# A Chinese character or a kana is a word; else letters and digits, with apostrophes and hyphens inside.
_WORD = re.compile(r"[぀-ヿ㐀-鿿]|[^\W_぀-ヿ㐀-鿿]+(?:[-'’][^\W_぀-ヿ㐀-鿿]+)*")
#: The most copies of a row.
_MOST = 20


class Augmentation(Step, ABC):
    """Adds changed copies of rows; the label and everything else stay."""

    group = "augmentation"
    learning_only = True
    idempotent = False

    column: str = field("", "Column", "The column whose texts are changed. Empty: the text.")
    words: float = field(
        0.1, "Share of words", "How much of a text is changed; one word at least.", gt=0, le=1
    )
    copies: int = field(
        1, "Copies", "How many changed copies each chosen row gets.", unit="copies", ge=1, le=_MOST
    )
    rows: float = field(1.0, "Share of rows", "How many of the rows get copies.", gt=0, le=1)

    def needs(self) -> tuple[str, ...]:
        return (self.column,)

    @abstractmethod
    def changed(self, text: str, chance: random.Random) -> str:
        """The text with some of its words changed; the same text where there is nothing to change."""

    def changed_texts(self, texts: Sequence[str], seeds: Sequence[int], context: Context) -> list[str]:
        """Each text changed with its own seed."""
        return [self.changed(text, random.Random(seed)) for text, seed in zip(texts, seeds, strict=True)]

    def preview(self, text: str, n: int = 3, seed: int = 0, context: Context | None = None) -> list[str]:
        """`n` copies of a text as the step would make them, to be shown beside it."""
        return self.changed_texts([text] * n, range(seed * n, seed * n + n), context or Context(seed))

    def apply(self, frame: Frame, context: Context) -> Done:
        """Add the copies behind the rows, in the rows' order; a copy that came out like its row is left out."""
        column = column_named(frame, self.column)
        draws = chance(frame, context, self.kind.removeprefix("augment-"))
        made: list[int] = []
        texts: list[str] = []
        same = 0
        for start in range(0, frame.rows, PORTION):
            context.check()
            chosen = [
                (start + offset, text, _MOST * int(draws[start + offset]) + copy)
                for offset, text in enumerate(frame.column(column, start, start + PORTION))
                if text
                and text.strip()
                and json_value(text) is None
                and int(draws[start + offset]) < self.rows * 2.0**64
                for copy in range(self.copies)
            ]
            new = self.changed_texts([text for _, text, _ in chosen], [seed for *_, seed in chosen], context)
            for (row, old, _), text in zip(chosen, new, strict=True):
                if text == old or not text.strip():
                    same += 1
                else:
                    made.append(row)
                    texts.append(text)
        none = counted(same, "copy was", "copies were")
        notes = (f"{none} left out: nothing in the text could be changed.",) if same else ()
        return Done(_with_copies(frame, column, made, texts), added=len(made), notes=notes)

    def summary(self) -> str:
        of = "" if self.rows == 1 else f" for {self.rows:.0%} of the rows"
        return f"{self.title}: {self.words:.0%} of the words, {counted(self.copies, 'copy', 'copies')}{of}"

    def how_many(self, words: int) -> int:
        """How many of so many words are changed."""
        return min(words, max(1, round(self.words * words)))


def words_of(text: str) -> list[re.Match[str]]:
    """The words of a text, with their places; a Chinese or Japanese character is a word."""
    return list(_WORD.finditer(text))


def replaced(text: str, pieces: Sequence[tuple[int, int, str]]) -> str:
    """The text with pieces (start, end, new), none overlapping another, replaced."""
    for start, end, new in sorted(pieces, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def in_case_of(word: str, new: str) -> str:
    """The new word with the capitals of the old one: THE as BIG, The as Big."""
    if len(word) > 1 and word.isupper():
        return new.upper()
    return new[:1].upper() + new[1:] if word[:1].isupper() else new


def _with_copies(frame: Frame, column: str, rows: Sequence[int], texts: Sequence[str]) -> Frame:
    import pyarrow as pa

    if not rows:
        return frame
    copies = frame.take(rows).with_column(column, texts)
    place = frame.columns.index(column)
    before = frame.data.set_column(place, column, frame.data.column(place).cast(pa.large_string()))
    return replace(
        frame,
        data=pa.concat_tables([before, copies.data]),
        origin=np.concatenate([frame.origin, copies.origin]),
        key_source=np.concatenate([frame.keys, copies.keys]),
    )
