"""A column's values as Arrow text, portion by portion, written as the table shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from workbench.data.tables import PORTION, as_text

if TYPE_CHECKING:
    import pyarrow as pa  # imported where rows are in work, so that the window need not wait for it

_BLOCK = 32_768  # rows that Arrow looks at between two checks: some milliseconds


def texts_of(values: pa.ChunkedArray, check: Callable[[], object]) -> Iterator[tuple[int, Any]]:
    """A column's values as text, portion by portion, each with the row at which it starts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    # Arrow writes whole numbers as Python does; other values are made text the way the table shows them.
    quick = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)
    portion = _BLOCK if quick or pa.types.is_floating(kind) else PORTION
    for start in range(0, len(values), portion):
        check()
        part = values.slice(start, portion)
        if quick:
            texts = pc.cast(part, pa.large_string()).combine_chunks()
        elif pa.types.is_floating(kind):
            texts = _fraction_texts(part)
        else:
            texts = pa.array([as_text(value) for value in part.to_pylist()], pa.large_string())
        yield start, texts


def _fraction_texts(values: pa.ChunkedArray) -> Any:
    """Fractions as Python writes them; Arrow does it the same way from 0.0001 to ten thousand million, but for ".0"."""
    import pyarrow as pa
    import pyarrow.compute as pc

    exact = pc.cast(values, pa.float64()).combine_chunks()
    exact = pc.if_else(pc.is_nan(exact), pa.scalar(None, pa.float64()), exact)
    size = pc.abs(exact)
    plain = pc.or_(pc.equal(size, 0), pc.and_(pc.greater_equal(size, 1e-4), pc.less(size, 1e10)))
    if not pc.all(plain, min_count=0).as_py():
        return pa.array([as_text(value) for value in exact.to_pylist()], pa.large_string())
    texts = pc.cast(exact, pa.large_string())
    whole = pc.invert(pc.match_substring(texts, "."))
    nothing, end = pa.scalar("", pa.large_string()), pa.scalar(".0", pa.large_string())
    return pc.binary_join_element_wise(texts, pc.if_else(whole, end, nothing), nothing)


def letters_of(kind: pa.DataType) -> str | None:
    """The letters that values of this kind are written with, None for any: no word need be sought among numbers."""
    import pyarrow as pa

    if pa.types.is_integer(kind):
        return "0123456789-"
    if pa.types.is_floating(kind):
        return "0123456789-+.einf"
    return None
