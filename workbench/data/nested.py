"""Lays records with fields inside fields out as flat columns, named by their path: “user.name”."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.data.suggest import counted, listed

#: Objects inside objects are laid out this deep; what lies deeper stays JSON text.
DEEPEST = 6
#: An object with more different keys than this is a dictionary rather than a record, and stays JSON text.
MOST_FIELDS = 64
_PORTION = 1000
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
class Flat:
    """Records as columns.

    Attributes:
        columns: Values by the field's path, in the order in which fields first appear. A text stays as it is, null
            and absent fields are None, numbers, truth values and lists are written as JSON.
        absent: For each column that some records lack, their positions, from 0.
        odd: For each column whose values are not all of one kind: the usual kind, and the positions and kinds of
            the others.
    """

    columns: dict[str, list[str | None]]
    absent: dict[str, list[int]]
    odd: dict[str, tuple[str, list[tuple[int, str]]]]


def kind_of(value: object) -> str:
    """What a JSON value is, in words: "a text", "a list", "null"."""
    return _KINDS.get(type(value), "null")


def as_json(value: object) -> str | None:
    """A JSON value as a cell: a text as it is, None for null, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, float) and math.isnan(value):
        return None
    return json.dumps(value, ensure_ascii=False, default=str)


def flatten(records: Sequence[Mapping[str, Any]], check: Callable[[], object] = lambda: None) -> Flat:
    """Lay records out as columns.

    Objects inside a record become one column for each of their fields; lists are kept as JSON text. A field that is
    an object in some records and a plain value in others gets a column of its own for the plain values.

    Args:
        records: The records, as JSON gives them.
        check: Called after each portion of records; may raise to end the work.
    """
    whole = _dictionaries(records, check)
    values: dict[_Path, list[str | None]] = {}
    filled: dict[_Path, int] = {}
    absent: dict[_Path, list[int]] = {}
    kinds: dict[_Path, dict[str, list[int]]] = {}
    for position, record in enumerate(records):
        if position % _PORTION == 0:
            check()
        for path, value in _leaves(record, (), whole):
            column = values.setdefault(path, [])
            missing = range(len(column), position)
            if missing:
                absent.setdefault(path, []).extend(missing)
                column.extend([None] * len(missing))
            column.append(as_json(value))
            if value is not None:
                _count(kinds.setdefault(path, {}), kind_of(value), position)
                filled[path] = filled.get(path, 0) + 1
    for path, column in values.items():
        missing = range(len(column), len(records))
        if missing:
            absent.setdefault(path, []).extend(missing)
            column.extend([None] * len(missing))
    names = _names(list(values))
    odd = {names[path]: found for path in values if (found := _odd(kinds.get(path, {}), filled.get(path, 0)))}
    return Flat(
        {names[path]: column for path, column in values.items()},
        {names[path]: positions for path, positions in absent.items()},
        odd,
    )


def flat_notes(flat: Flat, numbers: Sequence[int], unit: str) -> list[str]:
    """What a person should know of the columns: which records lack a field or hold another kind of value.

    Args:
        flat: The columns.
        numbers: The number by which a person finds each record: its line, or its place in the list.
        unit: What these numbers count: "line" or "record".
    """
    notes = []
    for name, positions in flat.absent.items():
        if any(other != name and other.startswith(f"{name}.") for other in flat.columns):
            continue  # the field is an object there
        where = _places([numbers[i] for i in positions], unit)
        notes.append(f"{counted(len(positions), 'row')} without “{name}” ({where}): taken as missing.")
    for name, (usual, others) in flat.odd.items():
        shown = [f"{unit} {numbers[i]} ({kind})" for i, kind in others]
        notes.append(f"“{name}” is {usual} in most rows, but not in {listed(shown, 5)}.")
    return notes


def _places(numbers: Sequence[int], unit: str) -> str:
    return f"{unit if len(numbers) == 1 else unit + 's'} {listed(numbers)}"


def _leaves(
    record: Mapping[str, Any], above: _Path, whole: frozenset[_Path] | set[_Path]
) -> list[tuple[_Path, Any]]:
    """The fields that hold a value, with their paths."""
    found: list[tuple[_Path, Any]] = []
    for key, value in record.items():
        path = (*above, str(key))
        if isinstance(value, dict) and value and path not in whole and len(path) < DEEPEST:
            found += _leaves(value, path, whole)
        else:
            found.append((path, value))
    return found


def _dictionaries(records: Sequence[Mapping[str, Any]], check: Callable[[], object]) -> set[_Path]:
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

    for position, record in enumerate(records):
        if position % _PORTION == 0:
            check()
        visit(record, ())
    return whole


def _count(kinds: dict[str, list[int]], kind: str, position: int) -> None:
    # A list of a million positions of the usual kind would cost more than the text; the first few are enough.
    positions = kinds.setdefault(kind, [0])
    positions[0] += 1
    if len(positions) <= 100:
        positions.append(position)


def _odd(kinds: dict[str, list[int]], filled: int) -> tuple[str, list[tuple[int, str]]] | None:
    """The usual kind of a column's values and where the others stand; None where all are of one kind."""
    if len(kinds) < 2:
        return None
    usual = max(kinds, key=lambda kind: kinds[kind][0])
    others = filled - kinds[usual][0]
    if others * 5 > filled:  # no kind is usual: the field simply takes several
        return None
    return usual, sorted((i, kind) for kind, found in kinds.items() if kind != usual for i in found[1:])


def _names(paths: Sequence[_Path]) -> dict[_Path, str]:
    """Each path's column name; a key that is itself written with dots is told apart from a path."""
    names: dict[_Path, str] = {}
    used: set[str] = set()
    for path in paths:
        name = ".".join(path) or "column"
        again, candidate = 2, name
        while candidate in used:
            candidate, again = f"{name} ({again})", again + 1
        used.add(candidate)
        names[path] = candidate
    return names
