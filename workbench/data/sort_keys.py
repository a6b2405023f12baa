"""What values of a column are sorted by: numbers, or the beginnings of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.data.tables import as_text

if TYPE_CHECKING:
    import pyarrow as pa  # imported where rows are in work, so that the window need not wait for it

_SORTED_BY = (
    200  # characters of a text that decide its place; whole documents as keys would double the memory
)
_SAMPLED = 500  # values that decide whether a column of text holds numbers
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def text_key(values: Any) -> Any:
    """The beginnings of texts in small letters; null for a blank one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    begun = pc.utf8_slice_codeunits(values, 0, 2 * _SORTED_BY)
    trimmed = pc.utf8_lower(pc.utf8_trim_whitespace(begun))
    blank = pc.equal(pc.utf8_length(trimmed), 0)
    keys = pc.if_else(blank, pa.scalar(None, trimmed.type), pc.utf8_slice_codeunits(trimmed, 0, _SORTED_BY))
    return pc.cast(keys, pa.large_string())


def number_key(values: Any) -> Any:
    """Texts as numbers; null for one that is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(values)
    numbers = pc.if_else(
        pc.match_substring_regex(trimmed, _NUMBER), trimmed, pa.scalar(None, pa.large_string())
    )
    return pc.cast(pc.utf8_ltrim(numbers, "+"), pa.float64())


def is_number(kind: pa.DataType) -> bool:
    """Whether values of this type are numbers, or true and false."""
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def holds_numbers(values: pa.ChunkedArray) -> bool:
    """Whether all values of an evenly spaced sample that are not missing are numbers."""
    import pyarrow as pa

    chosen = values
    if len(values) > _SAMPLED:
        chosen = values.take(pa.array([i * len(values) // _SAMPLED for i in range(_SAMPLED)]))
    filled = [text for value in chosen.to_pylist() if (text := as_text(value)) and text.strip()]
    if not filled:
        return False
    return bool(number_key(pa.array(filled, pa.large_string())).null_count == 0)
