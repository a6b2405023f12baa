"""Which groups of rows are looked at: what can be asked about texts, and their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.data.languages import UNKNOWN, name_of
from workbench.run.row_slices import SliceKind
from workbench.session.scoring.row_query import RowTable, quoted

#: More different values than this make no slices of a column.
MOST_VALUES = 50
#: Texts of which the language is told, at most: each costs a millisecond.
MOST_READ = 20_000

Candidate = tuple[SliceKind, str, str]
#: Marks in texts, as a person reads them, and the expression that finds them.
_MARKS = (
    ("texts with a figure", "[0-9]"),
    ("questions", r"\?"),
    ("texts with an exclamation mark", "!"),
    ("texts with a link or an address", r"https?:|www\.|[a-z0-9]@[a-z0-9]"),
    ("texts with a negation", r"\b(not|no|never|none|nothing|cannot|without)\b|n['’]t\b"),
    ("texts with letters other than a to z", r"[^\x00-\x7F‘’“”–—…]"),
    ("texts with quotation marks", "[“”«»„]|\\x22"),
)


def asked_candidates(table: RowTable, smallest: int, languages: bool) -> Iterator[Candidate]:
    """Kind, name and query of every group that can be asked for."""
    scores = table.scores
    for name in scores.names:
        yield "class", f"the class “{name}”", f"true = {quoted(name)}"
    yield from _bounds(table, "words", "length", "texts of")
    for name, expression in _MARKS:
        yield "pattern", name, f"text matches {quoted(expression)}"
    if languages and len(scores) <= MOST_READ:
        for code, count in Counter(table.languages).items():
            if count >= smallest:
                words = "texts in no clear language" if code == UNKNOWN else f"texts in {name_of(code)}"
                yield "language", words, f"language = {code}"
    for field in table.given:
        yield from _of_column(table, field, smallest)


def _of_column(table: RowTable, field: str, smallest: int) -> Iterator[Candidate]:
    """The values of a column that come again, or where they are numbers, their ranges."""
    values = table.texts[field]
    counts = Counter(value for value in values if value and value.strip())
    if 2 <= len(counts) <= MOST_VALUES:
        for value, count in counts.items():
            if count >= smallest:
                yield "column", f"“{field}” is {value}", f"{quoted(field)} = {quoted(value)}"
    elif len(counts) > MOST_VALUES:
        numbers = table.numbers(field)
        if numbers is not None and np.isfinite(numbers).mean() > 0.9:
            yield from _bounds(table, field, "column", f"“{field}” of")
    if 0 < sum(counts.values()) < len(values):
        yield "column", f"“{field}” is missing", f"{quoted(field)} is-missing"


def _bounds(table: RowTable, field: str, kind: SliceKind, told: str) -> Iterator[Candidate]:
    """The smallest and largest tenth, fifth and half of a column of numbers."""
    numbers = table.numbers(field)
    if numbers is None or not np.isfinite(numbers).any():
        return
    unit = " words" if kind == "length" else ""
    for share in (0.1, 0.2, 0.5):
        low, high = np.nanquantile(numbers, (share, 1 - share), method="nearest")
        yield kind, f"{told} at most {low:g}{unit}", f"{quoted(field)} <= {low:.12g}"
        yield kind, f"{told} at least {high:g}{unit}", f"{quoted(field)} >= {high:.12g}"


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """Which words stand in which texts.

    Attributes:
        words: All words.
        word, row: One entry for each word of each text, once: the places of the word and of the text; int64.
        texts: How many texts there are.
    """

    words: tuple[str, ...]
    word: NDArray[np.int64]
    row: NDArray[np.int64]
    texts: int

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]]) -> Presence:
        """The words of texts that are split."""
        numbers: dict[str, int] = {}
        word: list[int] = []
        lengths = []
        for split in texts:
            places = {numbers.setdefault(one, len(numbers)) for one in split}
            word += sorted(places)
            lengths.append(len(places))
        row = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
        return cls(tuple(numbers), np.array(word, dtype=np.int64), row, len(lengths))

    @property
    def counts(self) -> NDArray[np.int64]:
        """In how many texts each word stands."""
        return np.bincount(self.word, minlength=len(self.words)).astype(np.int64, copy=False)

    def counts_of(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The same for some of the texts."""
        return np.bincount(self.word[chosen[self.row]], minlength=len(self.words)).astype(
            np.int64, copy=False
        )

    def rows_of(self, word: int) -> NDArray[np.int64]:
        """The texts in which a word stands, ascending."""
        found: NDArray[np.int64] = self.row[self.word == word]
        return found


def typical_words(presence: Presence, rows: NDArray[np.int64], most: int = 3) -> list[str]:
    """Words that stand in these texts more often than elsewhere, the most typical first."""
    chosen = np.zeros(presence.texts, dtype=np.bool_)
    chosen[rows] = True
    here, all_ = presence.counts_of(chosen), presence.counts
    inside, outside = max(1, len(rows)), max(1, presence.texts - len(rows))
    times = np.log(((here + 0.5) / inside) / ((all_ - here + 0.5) / outside))
    weights = np.where((here >= 2) & (times > 0), here * times, 0.0)
    best = np.argsort(-weights, kind="stable")[:most]
    return [presence.words[i] for i in best if weights[i] > 0]
