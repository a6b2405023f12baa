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
) -> tuple[Indices, list[str]]:
    """Numbers of values that are the same once folded, with `same_text` or `same_label`.

    Returns:
        For each value its number, -1 where it is missing or nothing is left of it; int64. And the folded values.
    """
    codes, distinct = coded(values)
    numbers: dict[str, int] = {}
    lookup = np.full(len(distinct) + 1, -1, dtype=np.int64)  # the last one is for -1
    for start in range(0, len(distinct), PORTION):
        check()
        for offset, value in enumerate(distinct.slice(start, PORTION).to_pylist()):
            key = fold(value)
            if key:
                lookup[start + offset] = numbers.setdefault(key, len(numbers))
    return lookup[codes], list(numbers)
