"""A column as Arrow strings, and as the numbers of its distinct values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from workbench.data.frame import Frame

if TYPE_CHECKING:
    import pyarrow as pa

Indices = npt.NDArray[np.int64]


def column_strings(frame: Frame, name: str) -> pa.Array:
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
