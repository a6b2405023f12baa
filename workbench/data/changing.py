"""What steps have in common: choosing rows, changing texts and labels cell by cell, and drawing by chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from workbench.data.frame import Frame, Indices, times_before
from workbench.data.step import Context, Done, column_named
from workbench.data.suggest import listed
from workbench.data.tables import PORTION

Mask = npt.NDArray[np.bool_]

#: Odd constants of the SplitMix64 generator (Steele, Lea and Flood 2014).
_STEP, _FIRST, _SECOND = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)


def named_columns(frame: Frame, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that a step names, each once; the text column where it names none."""
    return tuple(dict.fromkeys(column_named(frame, name) for name in columns or ("",)))


def told_columns(columns: Sequence[str], none: str = "the text") -> str:
    """The columns as a part of a sentence."""
    return listed([f"“{name}”" if name else "the text" for name in columns], 4) or none


def keep_rows(frame: Frame, keep: Mask, *notes: str) -> Done:
    """Only the rows where `keep` is true, shape (rows,)."""
    removed = frame.rows - int(keep.sum())
    return Done(frame.take(np.flatnonzero(keep)) if removed else frame, removed=removed, notes=notes)


def change_cells(
    frame: Frame,
    columns: Sequence[str],
    change: Callable[[str | None], str | None],
    context: Context,
    *notes: str,
) -> Done:
    """Every cell of these columns changed; counted are the rows in which something became different."""
    touched = np.zeros(frame.rows, dtype=bool)
    for name in columns:
        values: list[str | None] = []
        rows = np.zeros(frame.rows, dtype=bool)
        for start in range(0, frame.rows, PORTION):
            context.check()
            before = frame.column(name, start, start + PORTION)
            after = [change(value) for value in before]
            values += after
            different = [old != new for old, new in zip(before, after, strict=True)]
            rows[start : start + len(before)] = different
        if rows.any():
            frame = frame.with_column(name, values)
        touched |= rows
    return Done(frame, changed=int(touched.sum()), notes=notes)


def change_texts(
    frame: Frame, columns: Sequence[str], change: Callable[[str], str], context: Context
) -> Done:
    """`change_cells` for the named columns, with missing values left missing."""
    return change_cells(
        frame, named_columns(frame, columns), lambda value: None if value is None else change(value), context
    )


def labels_of(frame: Frame) -> list[str]:
    """Each row's label without blanks around it, as training reads it; empty where it has none."""
    return [(value or "").strip() for value in frame.column(frame.label)]


def classes_of(frame: Frame) -> tuple[Indices, list[str]]:
    """For each row the number of its label, -1 where it has none; and the labels in the order in which they come."""
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(label, len(numbers)) if label else -1 for label in labels_of(frame)]
    return np.array(codes, dtype=np.int64), list(numbers)


def chance(frame: Frame, context: Context, purpose: str) -> npt.NDArray[np.uint64]:
    """A number for each row, drawn from the seed and the row's key alone, uint64, shape (rows,).

    Rows that are added elsewhere do not change it. Rows that were made from the same one, such as the parts of a
    long text, have different numbers. `purpose` makes the draws of different steps independent.
    """
    salt = np.uint64(int.from_bytes(purpose.encode()[:8].ljust(8, b"\0"), "little"))
    seed = _mixed(np.array([context.seed], dtype=np.int64).view(np.uint64) ^ salt)
    return _mixed(_mixed(frame.keys ^ seed) + _STEP * times_before(frame.keys))


def lowest(scores: npt.NDArray[np.uint64], rows: int) -> Indices:
    """The places of the `rows` lowest scores, ascending."""
    return np.sort(np.argsort(scores, kind="stable")[:rows])


def renamed_column(frame: Frame, names: dict[str, str]) -> Frame:
    """The frame with columns called otherwise; the roles follow."""
    columns = [names.get(name, name) for name in frame.columns]
    return replace(
        frame,
        data=frame.data.rename_columns(columns),
        text=names.get(frame.text, frame.text),
        label=names.get(frame.label, frame.label),
    )


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finalizer."""
    values = (values ^ (values >> np.uint64(30))) * _FIRST
    values = (values ^ (values >> np.uint64(27))) * _SECOND
    return values ^ (values >> np.uint64(31))
