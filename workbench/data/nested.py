"""Lays records with fields inside fields out as flat ones, whose fields are named by their path: “user.name”."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

#: Objects inside objects are laid out this deep; what lies deeper stays JSON text.
DEEPEST = 6
#: An object with more different keys than this is a dictionary rather than a record, and stays JSON text.
MOST_FIELDS = 64
_NEARLY_ALL = 0.9
_Path = tuple[str, ...]
_KINDS = {
    str: "a text",
    bool: "a truth value",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Which fields of a file's records are objects to be laid out; learned from its first records.

    Attributes:
        fields: The fields that hold objects in nearly all records.
        whole: The paths of objects that are dictionaries rather than records, and stay JSON text.
    """

    fields: frozenset[str]
    whole: frozenset[_Path]


def kind_of(value: object) -> str:
    """What a JSON value is, in words: "a text", "a list", "null"."""
    return _KINDS.get(type(value), "null")


def as_json(value: object) -> str | None:
    """A value as a cell: a text as it is, None for null and for a number that is none, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, float) and math.isnan(value):
        return None
    return json.dumps(value, ensure_ascii=False, default=str)


def layout_of(records: Sequence[Mapping[str, Any]]) -> Layout:
    """What a portion of records tells of the rest, for a file that is read in portions."""
    whole = _dictionaries(records)
    objects: Counter[str] = Counter()
    filled: Counter[str] = Counter()
    for record in records:
        for name, value in record.items():
            if value is not None:
                filled[name] += 1
                objects[name] += isinstance(value, dict)
    found = (name for name, count in objects.items() if count and count >= _NEARLY_ALL * filled[name])
    return Layout(frozenset(name for name in found if (name,) not in whole), frozenset(whole))


def spread(record: Mapping[str, Any], layout: Layout) -> dict[str, Any]:
    """The record with its objects laid out: {"user": {"name": "a"}} becomes {"user.name": "a"}.

    Lists stay as they are, and an object that is null gives no fields. A field that is itself written with a dot goes
    before one that would be called the same.
    """
    laid: dict[str, Any] = {}
    for name, value in record.items():
        if name not in layout.fields:
            laid[name] = value
        elif isinstance(value, dict):
            for path, leaf in _leaves(value, (name,), layout.whole):
                key = ".".join(path)
                if key not in record:
                    laid[key] = leaf
        elif value is not None:
            laid[name] = value
    return laid


def _leaves(record: Mapping[str, Any], above: _Path, whole: Set[_Path]) -> list[tuple[_Path, Any]]:
    """The fields that hold a value, with their paths."""
    found: list[tuple[_Path, Any]] = []
    for key, value in record.items():
        path = (*above, str(key))
        if isinstance(value, dict) and value and path not in whole and len(path) < DEEPEST:
            found += _leaves(value, path, whole)
        else:
            found.append((path, value))
    return found


def _dictionaries(records: Sequence[Mapping[str, Any]]) -> set[_Path]:
    """The fields whose objects have too many different keys to be records."""
    keys: dict[_Path, set[str]] = {}
    whole: set[_Path] = set()

    def visit(value: Mapping[str, Any], path: _Path) -> None:
        if path:
            known = keys.setdefault(path, set())
            known.update(value)
            if len(known) > MOST_FIELDS:
                whole.add(path)
                return
        for key, inner in value.items():
            below = (*path, str(key))
            if isinstance(inner, dict) and below not in whole and len(below) < DEEPEST:
                visit(inner, below)

    for record in records:
        visit(record, ())
    return whole
