"""A column as Arrow strings and as the numbers of its distinct values, and when texts and labels are the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from workbench.data.frame import Frame
from workbench.data.tables import PORTION, Table

if TYPE_CHECKING:
    import pyarrow as pa

Indices = npt.NDArray[np.int64]


def column_strings(frame: Frame | Table, name: str) -> pa.Array:
    """A column's values as text in one piece of Arrow's `large_string`; null where a value is missing."""
    import pyarrow as pa

    column = frame.data.column(frame.columns.index(name))
    if pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type):
        column = column.cast(pa.string())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        pieces = column.cast(pa.large_string()).chunks
    else:
        step = 20_000
        starts = range(0, frame.rows, step)
        pieces = [pa.array(frame.column(name, i, i + step), pa.large_string()) for i in starts]
    return pa.concat_arrays(pieces) if pieces else pa.array([], pa.large_string())


def coded(values: pa.Array) -> tuple[Indices, pa.Array]:
    """Numbers instead of strings.

    Returns:
        For each value the number of its distinct value, -1 where it is missing; int64. And the distinct values in
        the order in which they first come.
    """
    import pyarrow.compute as pc

    found = pc.dictionary_encode(values)
    codes = pc.fill_null(found.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, found.dictionary


def first_places(codes: Indices, distinct: int) -> Indices:
    """For each of the `distinct` codes, where it comes first; int64."""
    places = np.full(distinct, len(codes), dtype=np.int64)
    filled = np.flatnonzero(codes >= 0)
    np.minimum.at(places, codes[filled], filled)
    return places


def same_text(text: str) -> str:
    """What two texts have in common that differ only in capitals and blanks; empty for a blank text."""
    return " ".join(text.split()).casefold()


def same_label(label: str) -> str:
    """What two labels have in common that differ only in capitals, blanks or Unicode form."""
    return " ".join(unicodedata.normalize("NFKC", label).split()).casefold()


def folded(
    values: pa.Array, fold: Callable[[str], str], check: Callable[[], object] = lambda: None
) -> tuple[Indices, pa.Array]:
    """Numbers of values that are the same once folded, with `same_text` or `same_label`.

    Returns:
        For each value its number, -1 where it is missing or nothing is left of it; int64. And the folded values,
        `large_string`, in the order in which they first come.
    """
    import pyarrow as pa

    codes, distinct = coded(values)
    # No dictionary of Python's: when one of a million words grows, no other thread has its turn.
    pieces = [pa.array([], pa.large_string())]
    for start in range(0, len(distinct), PORTION):
        check()
        part = [fold(value) or None for value in distinct.slice(start, PORTION).to_pylist()]
        pieces.append(pa.array(part, pa.large_string()))
    numbers, kinds = coded(pa.concat_arrays(pieces))
    return np.append(numbers, -1)[codes], kinds  # the last one is for -1


def blank_rows(frame: Frame, column: str) -> Indices:
    """The rows where that column is missing or holds nothing but blanks; none without such a column."""
    if column not in frame.columns:
        return np.empty(0, dtype=np.int64)
    import pyarrow.compute as pc

    trimmed = pc.utf8_length(pc.utf8_trim_whitespace(column_strings(frame, column)))
    return np.flatnonzero(pc.fill_null(trimmed, 0).to_numpy(zero_copy_only=False) == 0)


def in_both(
    frame: Frame, others: Frame, check: Callable[[], object] = lambda: None
) -> tuple[Indices, Indices]:
    """The rows of each frame whose text stands in the other one as well, by `same_text`; blank ones do not count."""
    import pyarrow.compute as pc

    codes, texts = folded(column_strings(frame, frame.text), same_text, check)
    other_codes, other_texts = folded(column_strings(others, others.text), same_text, check)

    def rows(codes: Indices, texts: pa.Array, elsewhere: pa.Array) -> Indices:
        known = pc.is_in(texts, value_set=elsewhere).to_numpy(zero_copy_only=False)
        return np.flatnonzero(np.append(known, False)[codes])  # the last one is for -1

    return rows(codes, texts, other_texts), rows(other_codes, other_texts, texts)
