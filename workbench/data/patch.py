"""Puts edits by hand to rows, and keeps them in a file of JSON Lines, which the recipe names; data is never written."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench.data.edits import Edit, Patch
from workbench.data.frame import Frame, Indices
from workbench.data.tables import as_text
from workbench.run.files import write_whole
from workbench.run.problem import WorkbenchError, bad_input

VERSION = 1
FIELD = "data.patch"
#: The column for labels that are given by hand to rows that have no label column.
LABEL_COLUMN = "label"


@dataclass(frozen=True, slots=True)
class Misfit:
    """A part of a patch that no longer fits the rows: what it is, and why; it stays in the patch."""

    key: int
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what} was left out: {self.why}."


def apply(frame: Frame, patch: Patch, label: str = "") -> tuple[Frame, tuple[Misfit, ...]]:
    """The rows with the edits made, the dropped rows left out, and the labels given.

    Args:
        frame: Rows that no step has touched.
        patch: The edits. Notes change nothing.
        label: The column for labels that are given by hand; empty for the frame's, or `LABEL_COLUMN` where it has
            none. It is made where it is not there, and becomes the label.

    Returns:
        The new rows, and what no longer fits, in the patch's order.
    """
    place = _Places(frame)
    misfits: list[Misfit] = []
    done = _edited(frame, patch, place, misfits)
    done = _labelled(done, patch, label or frame.label or LABEL_COLUMN, place, misfits)
    for key, note in patch.notes.items():
        place.find(key, f"The note “{_short(note)}”", misfits)
    gone = [place.find(key, "A row that was dropped by hand", misfits) for key in sorted(patch.dropped)]
    here = [row for row in gone if row is not None]
    if here:
        done = done.take(np.delete(np.arange(frame.rows, dtype=np.int64), here))
    return done, tuple(misfits)


def apply_file(frame: Frame, path: str | Path, label: str = "") -> tuple[Frame, tuple[Misfit, ...]]:
    """The rows with the edits of a file made, and what no longer fits; see `patch.apply`.

    Raises:
        WorkbenchError: When the file cannot be read as a patch, naming the line.
    """
    return apply(frame, read(Path(path).expanduser()), label)


def write(path: Path, patch: Patch, data: str = "") -> None:
    """Write a patch in the place of what is there.

    Args:
        path: The file.
        patch: The edits.
        data: The source of the rows, noted down for `run.kept_edits`; empty to leave it open.

    Raises:
        WorkbenchError: When it cannot be written; what was there is kept.
    """
    try:
        write_whole(
            path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in _lines(patch, data))
        )
    except OSError as error:
        raise bad_input(
            f"The edits by hand cannot be written to {path}.",
            f"The system says: {error.strerror or error}.",
            "Free some space or choose another folder; the edits are still open here.",
            field=FIELD,
        ) from error


def read(path: Path) -> Patch:
    """The patch in a file. A torn last line, as a crash leaves it, is passed over.

    Raises:
        WorkbenchError: When the file is missing, is no patch, is of a newer version, or has a damaged line.
    """
    try:
        *whole, torn = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        raise bad_input(
            f"The edits by hand {path} do not exist.",
            "The recipe names this file as its edits.",
            "Put the file back, or leave the field empty to go without edits.",
            field=FIELD,
        ) from None
    except OSError as error:
        raise bad_input(
            f"The edits by hand {path} cannot be read.",
            f"The system says: {error.strerror or error}.",
            "Check the file and its permissions.",
            field=FIELD,
        ) from error
    records = [_record(path, number, line) for number, line in enumerate(whole, 1) if line.strip()]
    with contextlib.suppress(WorkbenchError):  # cut off: whoever wrote this line did not get to its end
        records.append(_record(path, len(whole) + 1, torn))
    if not records or records[0].get("workbench") != "patch":
        raise _no_patch(path, 'its first line is not {"workbench": "patch", "version": 1}')
    if records[0].get("version") != VERSION:
        raise bad_input(
            f"The edits by hand {path} have version {records[0].get('version')!r}.",
            f"This program reads version {VERSION}.",
            "Update the program.",
            field=FIELD,
        )
    return _patch(path, records[1:])


def _lines(patch: Patch, data: str) -> Iterator[dict[str, Any]]:
    yield {"workbench": "patch", "version": VERSION} | ({"data": data} if data else {})
    for edit in patch.edits.values():
        yield {"row": f"{edit.key:016x}", "column": edit.column, "old": edit.old, "new": edit.new}
    for key, label in patch.labels.items():
        yield {"row": f"{key:016x}", "label": label}
    for key in sorted(patch.dropped):
        yield {"row": f"{key:016x}", "drop": True}
    for key, note in patch.notes.items():
        yield {"row": f"{key:016x}", "note": note}


def _record(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise _no_patch(path, f"line {number} is no JSON ({error})") from None
    if not isinstance(value, dict):
        raise _no_patch(path, f"line {number} is no JSON object")
    return value


def _patch(path: Path, records: list[dict[str, Any]]) -> Patch:
    edits: dict[tuple[int, str], Edit] = {}
    dropped: set[int] = set()
    notes: dict[int, str] = {}
    labels: dict[int, str] = {}
    for record in records:
        try:
            key = int(record["row"], 16)
            if not 0 <= key < 2**64:
                raise ValueError("a key has 16 digits")
            if "column" in record:
                edit = Edit(key, _text(record, "column"), _cell(record, "old"), _cell(record, "new"))
                edits[key, edit.column] = edit
            elif "label" in record:
                labels[key] = _text(record, "label")
            elif "note" in record:
                notes[key] = _text(record, "note")
            elif record["drop"] is True:
                dropped.add(key)
        except (KeyError, TypeError, ValueError) as error:
            line = json.dumps(record, ensure_ascii=False)[:120]
            raise _no_patch(path, f"this entry is not understood: {line} ({error})") from None
    return Patch(edits, frozenset(dropped), notes, labels)


def _text(record: dict[str, Any], name: str) -> str:
    value = record[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _cell(record: dict[str, Any], name: str) -> str | None:
    return None if record[name] is None else _text(record, name)


def _no_patch(path: Path, why: str) -> WorkbenchError:
    return bad_input(
        f"The file {path} is no file of edits by hand.",
        f"{why[0].upper()}{why[1:]}.",
        "Choose the right file, correct that line, or leave the field empty.",
        field=FIELD,
    )


class _Places:
    """Finds rows by their keys."""

    def __init__(self, frame: Frame) -> None:
        self._order = np.argsort(frame.keys, kind="stable")
        self._sorted = frame.keys[self._order]

    def find(self, key: int, what: str, misfits: list[Misfit]) -> int | None:
        """The row of that key; where it is gone, None and one misfit more."""
        at = int(np.searchsorted(self._sorted, np.uint64(key)))
        if at < len(self._sorted) and int(self._sorted[at]) == key:
            return int(self._order[at])
        misfits.append(Misfit(key, what, "the data no longer has its row, or the row reads differently"))
        return None


def _edited(frame: Frame, patch: Patch, place: _Places, misfits: list[Misfit]) -> Frame:
    by_column: dict[str, dict[int, Edit]] = {}
    for edit in patch.edits.values():
        what = f"The edit of “{edit.column}” to “{_short(edit.new)}”"
        row = place.find(edit.key, what, misfits)
        if row is None:
            continue
        if edit.column not in frame.columns:
            misfits.append(Misfit(edit.key, what, "there is no such column"))
            continue
        now = as_text(frame.data.column(frame.columns.index(edit.column))[row].as_py())
        if now != edit.old:
            why = f"the cell holds “{_short(now)}” and not “{_short(edit.old)}”"
            misfits.append(Misfit(edit.key, what, why))
            continue
        by_column.setdefault(edit.column, {})[row] = edit
    for column, edits in by_column.items():
        frame = _replaced(frame, column, {row: edit.new for row, edit in edits.items()})
    return frame


def _labelled(frame: Frame, patch: Patch, label: str, place: _Places, misfits: list[Misfit]) -> Frame:
    found = {
        place.find(key, f"The label “{_short(label)}”", misfits): label for key, label in patch.labels.items()
    }
    given: dict[int, str | None] = {row: name for row, name in found.items() if row is not None}
    if not given:
        return frame
    if label not in frame.columns:
        frame = frame.with_column(label, [None] * frame.rows)
    return replace(_replaced(frame, label, given), label=label)


def _replaced(frame: Frame, name: str, values: Mapping[int, str | None]) -> Frame:
    """The rows with some cells of a column replaced; a column that is not of text becomes one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    index = frame.columns.index(name)
    column = frame.data.column(index)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        texts = frame.column(name)
        for row, value in values.items():
            texts[row] = value
        return frame.with_column(name, texts)
    rows: Indices = np.array(sorted(values), dtype=np.int64)
    mask = np.zeros(frame.rows, dtype=bool)
    mask[rows] = True
    filling = pa.array([values[int(row)] for row in rows], column.type)
    changed = pc.replace_with_mask(column, pa.array(mask), filling)
    return replace(frame, data=frame.data.set_column(index, name, changed))


def _short(value: str | None) -> str:
    text = value or ""
    return text if len(text) <= 40 else f"{text[:39]}…"
