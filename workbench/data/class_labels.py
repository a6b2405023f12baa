"""Gives columns of class numbers the class names that the Hugging Face data format keeps beside them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def with_class_names(data: pa.Table) -> tuple[pa.Table, list[str]]:
    """The table with numbers of `ClassLabel` columns replaced by their names, and a note for each.

    The names lie in the schema's metadata as {"info": {"features": {column: {"names": [...]}}}}, or below "feature"
    where each row has a list of numbers, such as one for each word. A column whose numbers do not fit its names is
    left as it is; -1, which means "no label" there, becomes missing.
    """
    import pyarrow as pa

    notes: list[str] = []
    for column, names in _class_names(data).items():
        index = data.column_names.index(column)
        numbers = data.column(index)
        values = pa.array(names, pa.large_string())
        if pa.types.is_integer(numbers.type):
            named = _named(numbers, values)
        elif pa.types.is_list(numbers.type) and pa.types.is_integer(numbers.type.value_type):
            named = _named_lists(numbers, values)
        else:
            named = None
        if named is None:
            continue
        data = data.set_column(index, column, named)
        notes.append(f"The numbers in “{column}” were replaced by the class names that the file gives.")
    return data, notes


def _named(numbers: pa.ChunkedArray | pa.Array, names: pa.Array) -> pa.ChunkedArray | pa.Array | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    bounds = pc.min_max(numbers).as_py()
    if bounds["min"] is None or bounds["min"] < -1 or bounds["max"] >= len(names):
        return None
    known = pc.if_else(pc.greater_equal(numbers, 0), numbers, pa.scalar(None, numbers.type))
    return pc.take(names, known)


def _named_lists(lists: pa.ChunkedArray, names: pa.Array) -> pa.ChunkedArray | None:
    import pyarrow as pa

    chunks = []
    for chunk in lists.chunks:
        whole = pa.concat_arrays([chunk])  # a slice has an offset, with which no mask is allowed
        if not len(whole.values):
            values = pa.array([], names.type)
        elif (values := _named(whole.values, names)) is None:
            return None
        mask = whole.is_null() if whole.null_count else None
        chunks.append(pa.ListArray.from_arrays(whole.offsets, values, mask=mask))
    return pa.chunked_array(chunks, pa.list_(names.type))


def _class_names(data: pa.Table) -> dict[str, list[str]]:
    try:
        features: Any = json.loads((data.schema.metadata or {})[b"huggingface"])["info"]["features"]
        found = {
            column: feature.get("names") or (feature.get("feature") or {}).get("names")
            for column, feature in features.items()
            if column in data.column_names and isinstance(feature, dict)
        }
        return {column: [str(name) for name in names] for column, names in found.items() if names}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
