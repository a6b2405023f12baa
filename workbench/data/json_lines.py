"""Reads JSON Lines (one object a line), or one JSON list of objects, as columns of text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbench.data.encodings import split_lines
from workbench.data.suggest import counted, listed
from workbench.run.problem import WorkbenchError, bad_input

Columns = dict[str, list[str | None]]


def json_columns(text: str, path: Path, *, field: str = "data.train") -> tuple[Columns, list[str]]:
    """The objects' values by key, in the order in which keys first appear, and notes.

    A text stays as it is; null and absent keys are None; other values are written as JSON.

    Raises:
        WorkbenchError: When a line is not a JSON object, naming the line, or there is none at all.
    """
    objects = (
        _from_list(text, path, field) if text.lstrip().startswith("[") else _from_lines(text, path, field)
    )
    names = list(dict.fromkeys(key for _, found in objects for key in found))
    if not names:
        raise bad_input(
            f"The file {path.name} holds no rows.",
            "It holds no JSON object with a value in it.",
            "Write one object a line, such as " + '{"text": "…", "label": "…"}.',
            field=field,
        )
    columns: Columns = {name: [_as_text(found.get(name)) for _, found in objects] for name in names}
    notes = []
    for name in names:
        absent = [number for number, found in objects if name not in found]
        if absent:
            where = f"{'line' if len(absent) == 1 else 'lines'} {listed(absent)}"
            notes.append(f"{counted(len(absent), 'row')} without “{name}” ({where}): taken as missing.")
    return columns, notes


def _from_lines(text: str, path: Path, field: str) -> list[tuple[int, dict[str, Any]]]:
    found = []
    for number, line in enumerate(split_lines(text), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            why = (
                f"{error.msg} at character {error.colno}"
                if isinstance(error, json.JSONDecodeError)
                else "too deep"
            )
            raise _bad(path, f"Line {number} is not JSON: {why}.", field) from error
        if not isinstance(value, dict):
            raise _bad(path, f"Line {number} is {_kind(value)}, not an object in braces.", field)
        found.append((number, value))
    return found


def _from_list(text: str, path: Path, field: str) -> list[tuple[int, dict[str, Any]]]:
    try:
        values = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        why = error.msg if isinstance(error, json.JSONDecodeError) else "too deep"
        raise _bad(path, f"The JSON breaks in line {line}: {why}.", field) from error
    for number, value in enumerate(values, 1):
        if not isinstance(value, dict):
            raise _bad(path, f"Item {number} of the list is {_kind(value)}, not an object in braces.", field)
    return list(enumerate(values, 1))


def _bad(path: Path, cause: str, field: str) -> WorkbenchError:
    return bad_input(
        f"{path.name} is not JSON Lines.",
        cause,
        'Write one object a line, such as {"text": "…", "label": "…"}.',
        field=field,
    )


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return "a text"
    return "null" if value is None else "a number or a truth value"


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
