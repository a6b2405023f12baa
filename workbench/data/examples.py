"""Rows of a finding as a person reads them: a few examples in words."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.data.frame import Frame, Indices
from workbench.data.tables import as_text

MOST = 5
_SHOWN = 80


def quoted(text: str, most: int = _SHOWN) -> str:
    """A text on one line, in quotes, cut to a length, with invisible characters written as their numbers."""
    line = " ".join(text[: 4 * most].split())
    line = line[: most - 1] + "…" if len(line) > most else line
    return "“" + "".join(c if c.isprintable() else f"[{ord(c):04X}]" for c in line) + "”"


def row_number(frame: Frame, row: int) -> int:
    """A row's number in the untouched file, counted from 1."""
    return int(frame.origin[row]) + 1


def value_at(frame: Frame, row: int, column: str) -> str:
    """One value as text; empty where it is missing."""
    return as_text(frame.data.column(frame.columns.index(column))[int(row)].as_py()) or ""


def row_examples(frame: Frame, rows: Indices | Sequence[int], column: str) -> tuple[str, ...]:
    """The first rows with their number and what stands in the column: 'row 17: “late agian”'."""
    return tuple(
        f"row {row_number(frame, row)}: {quoted(value_at(frame, row, column))}" for row in rows[:MOST]
    )
