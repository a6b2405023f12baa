"""Gives Parquet columns of class numbers the class names that the Hugging Face data format keeps beside them."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def with_class_names(data: pa.Table) -> tuple[pa.Table, list[str]]:
    """The table with numbers of `ClassLabel` columns replaced by their names, and a note for each.

    The names lie in the schema's metadata as {"info": {"features": {column: {"names": [...]}}}}. A column
    whose numbers do not fit its names is left as it is; -1, which means "no label" there, becomes missing.
    """
    notes: list[str] = []
    for column, names in _class_names(data).items():
        index = data.column_names.index(column)
        numbers = data.column(index)
        if not pa.types.is_integer(numbers.type):
            continue
        bounds = pc.min_max(numbers).as_py()
        if bounds["min"] is None or bounds["min"] < -1 or bounds["max"] >= len(names):
            continue
        known = pc.if_else(pc.greater_equal(numbers, 0), numbers, pa.scalar(None, numbers.type))
        data = data.set_column(index, column, pc.take(pa.array(names, pa.large_string()), known))
        notes.append(f"The numbers in “{column}” were replaced by the class names that the file gives.")
    return data, notes


def _class_names(data: pa.Table) -> dict[str, list[str]]:
    try:
        features: Any = json.loads((data.schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {
            column: [str(name) for name in feature["names"]]
            for column, feature in features.items()
            if column in data.column_names and isinstance(feature, dict) and feature.get("names")
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
