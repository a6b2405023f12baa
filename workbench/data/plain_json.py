"""Reads the plainest JSON Lines with Arrow: every row has every field, and each is a text or a whole number.

What Arrow might read in another way than Python does is left to Python: it is ten times slower and lets no other thread
run, but it knows what to say of each line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa


def plain_rows(data: bytes, kinds: Mapping[str, type]) -> pa.Table | None:
    """The rows in whole lines of JSON, as strings; None where a line is anything but plain.

    Args:
        data: Lines, each with its end but perhaps the last.
        kinds: For every field in order, `str` or `int`.
    """
    import pyarrow as pa
    from pyarrow import json as arrow_json

    lines = _objects(data)
    if not lines or b"\0" in data:
        return None
    try:
        if not data.isascii():
            data.decode("utf-8")  # Arrow does not look
        schema = pa.schema(
            [(name, pa.string() if kind is str else pa.int64()) for name, kind in kinds.items()]
        )
        table = arrow_json.read_json(
            pa.BufferReader(data),
            arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
        if table.num_rows != lines or any(column.null_count for column in table.columns):
            return None
        return table.cast(pa.schema([(name, pa.large_string()) for name in kinds]))
    except (pa.ArrowException, UnicodeDecodeError):
        return None


def _objects(data: bytes) -> int:
    """How many lines there are, where each begins with a brace and ends with one; 0 otherwise.

    No text can hold a raw line break, so a break between two braces ends an object.
    """
    if b"\r" in data or not data.startswith(b"{"):
        return 0
    whole = data if data.endswith(b"\n") else data + b"\n"
    shown = np.frombuffer(whole, np.uint8)
    ends = np.flatnonzero(shown == ord("\n"))
    if (shown[ends - 1] != ord("}")).any() or (shown[ends[:-1] + 1] != ord("{")).any():
        return 0
    return len(ends)
