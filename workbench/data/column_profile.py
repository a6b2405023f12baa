"""Measures each column of a table: what kind it is, how much of it is filled, and what stands in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from workbench.data.frame import Frame
from workbench.data.header import name_words
from workbench.data.moments import moments
from workbench.data.strings import coded, column_strings
from workbench.data.tables import PORTION, Table

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["text", "category", "number", "date", "id", "empty"]

#: How many of the most frequent values are told.
FREQUENT = 10
#: From which share of the filled rows one value makes a column nearly constant, and of how many rows one can say so.
NEAR_CONSTANT, FEWEST_ROWS = 0.98, 50

_SAMPLE = 2000  # distinct values that are looked at to tell what kind a column is
_MOSTLY = 0.95
_SHOWN = 200  # characters of a value
_LONGEST_CATEGORY = 40  # characters, on average
_FEW_NUMBERS = 12  # so few different numbers that come up again are marks of classes, not amounts
_ID_NAMES = frozenset({"id", "ids", "idx", "index", "uuid", "guid", "key", "row", "number", "no", "nr"})


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What a column holds.

    Attributes:
        name: The column.
        kind: text to read; a category of few values that come up again; a number; a date; an id, which names rows
            and tells nothing of them; or empty.
        rows: All rows.
        filled: Rows in which something stands that is more than blanks.
        distinct: How many different filled values there are, blanks around them put aside.
        frequent: The most frequent values with their rows, at most 10, the most frequent first; long ones are cut.
        shortest, median, longest: The filled values' lengths in characters; 0 for an empty column.
        lowest, highest: For numbers and dates, the smallest and the largest value as written; else empty.
        constant: Whether (nearly) all filled rows say the same.
    """

    name: str
    kind: Kind
    rows: int
    filled: int
    distinct: int
    frequent: tuple[tuple[str, int], ...]
    shortest: int
    median: float
    longest: int
    lowest: str
    highest: str
    constant: bool

    @property
    def missing(self) -> int:
        """Rows in which nothing stands."""
        return self.rows - self.filled


def profile_columns(
    table: Table | Frame, check: Callable[[], object] = lambda: None
) -> tuple[ColumnProfile, ...]:
    """Every column's profile, counted over all rows; `check` is called for each column and every few thousand rows."""
    return tuple(profile_column(table, name, check) for name in table.columns)


def profile_column(
    table: Table | Frame, name: str, check: Callable[[], object] = lambda: None
) -> ColumnProfile:
    """One column's profile, counted over all rows."""
    import pyarrow.compute as pc

    check()
    codes, values = coded(pc.utf8_trim_whitespace(column_strings(table, name)))
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    lengths = pc.utf8_length(values).to_numpy(zero_copy_only=False).astype(np.int64)
    there = np.flatnonzero(lengths > 0)
    counts, lengths = counts[there], lengths[there]
    filled = int(counts.sum())
    if not filled:
        return ColumnProfile(name, "empty", table.rows, 0, 0, (), 0, 0.0, 0, "", "", False)
    values = values.take(there)
    kind = _kind(name, values, counts, float((lengths * counts).sum() / filled), check)
    lowest, highest = _bounds(values, kind, check)
    most = int(counts.max())
    order = np.argsort(-counts, kind="stable")[:FREQUENT]
    return ColumnProfile(
        name=name,
        kind=kind,
        rows=table.rows,
        filled=filled,
        distinct=len(values),
        frequent=tuple(
            (value[:_SHOWN], rows)
            for value, rows in zip(values.take(order).to_pylist(), counts[order].tolist(), strict=True)
        ),
        shortest=int(lengths.min()),
        median=_median(lengths, counts),
        longest=int(lengths.max()),
        lowest=lowest,
        highest=highest,
        constant=(len(values) == 1 and filled > 1)
        or (filled >= FEWEST_ROWS and most >= NEAR_CONSTANT * filled),
    )


def _kind(
    name: str, values: pa.Array, counts: np.ndarray, length: float, check: Callable[[], object]
) -> Kind:
    """What kind a column with these distinct values is; `length` is the mean one in characters."""
    check()
    filled, distinct = int(counts.sum()), len(values)
    sample = values.take(np.linspace(0, distinct - 1, min(distinct, _SAMPLE)).astype(np.int64)).to_pylist()
    again = distinct * 2 <= filled
    if np.isfinite([_nan_or_number(value) for value in sample]).mean() >= _MOSTLY:
        if again and distinct <= _FEW_NUMBERS:
            return "category"
        return "id" if distinct == filled > 1 and _counts_rows(name, sample, distinct) else "number"
    if length <= _LONGEST_CATEGORY and _are_dates(sample):
        return "date"
    if again and length <= _LONGEST_CATEGORY:
        return "category"
    unbroken = not any(" " in value for value in sample) and length <= _LONGEST_CATEGORY
    named = bool(_ID_NAMES & set(name_words(name)))
    # Codes have digits; single words of a language that writes none between them do not.
    coded_rows = all(value.isascii() and any(c.isdigit() for c in value) for value in sample)
    if distinct == filled > 1 and unbroken and (named or coded_rows):
        return "id"
    return "category" if filled < 20 and length <= _LONGEST_CATEGORY / 2 and distinct < filled else "text"


def _counts_rows(name: str, sample: list[str], distinct: int) -> bool:
    """Whether numbers that are all different name rows: by the column's name, or since they count without a gap."""
    if not all(value.lstrip("-").isdigit() for value in sample):
        return False
    if _ID_NAMES & set(name_words(name)):
        return True
    numbers = [int(value) for value in sample]
    return distinct >= 20 and max(numbers) - min(numbers) + 1 == distinct


def _bounds(values: pa.Array, kind: Kind, check: Callable[[], object]) -> tuple[str, str]:
    """The smallest and the largest of numbers or dates, as written; empty where nobody can tell."""
    if kind not in ("number", "date"):
        return "", ""
    extremes: list[tuple[float, str]] = []
    for start in range(0, len(values), PORTION):
        check()
        part = values.slice(start, PORTION).to_pylist()
        if kind == "date":
            amounts, _, unclear = moments(part)
            if unclear:
                return "", ""
        else:
            amounts = np.array([_nan_or_number(value) for value in part])
        found = [(float(amounts[i]), part[i]) for i in np.flatnonzero(~np.isnan(amounts)).tolist()]
        extremes = [end(extremes + found) for end in (min, max)] if found else extremes
    return (extremes[0][1], extremes[1][1]) if extremes else ("", "")


def _median(lengths: np.ndarray, counts: np.ndarray) -> float:
    """The median length of all rows, of which `counts` have each length."""
    order = np.argsort(lengths, kind="stable")
    upto = np.cumsum(counts[order])
    low, high = np.searchsorted(upto, [(upto[-1] - 1) // 2, upto[-1] // 2], side="right")
    return float(lengths[order][low] + lengths[order][high]) / 2


def _are_dates(sample: list[str]) -> bool:
    if not all(any(c.isdigit() for c in value) for value in sample):
        return False
    return len(moments(sample)[1]) <= (1 - _MOSTLY) * len(sample)


def _nan_or_number(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        return np.nan
    return number if np.isfinite(number) and "_" not in value else np.nan
