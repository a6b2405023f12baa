"""What can stand against dividing rows, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.data.frame import Frame
from workbench.data.suggest import counted, did_you_mean, listed
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe import DataSection


def no_column(frame: Frame, data: DataSection) -> WorkbenchError:
    """The problem of a split column that is not named or not there."""
    columns = f"The columns are: {listed(frame.columns, 12)}."
    if not data.split_column:
        return bad_input(
            f"data.split_column (Split column): {data.split} needs a column.",
            columns,
            "Name the column.",
            field="data.split_column",
        )
    return bad_input(
        f"There is no column “{data.split_column}” to divide the rows by.",
        columns,
        f"{did_you_mean(data.split_column, frame.columns)} Choose one of these columns.".strip(),
        field="data.split_column",
    )


def _cells(frame: Frame, cells: Sequence[tuple[int, str | None]]) -> str:
    return listed([f"row {int(frame.origin[row]) + 1}: “{(value or '')[:40]}”" for row, value in cells], 5)


def unreadable(frame: Frame, data: DataSection, cells: Sequence[tuple[int, str | None]]) -> WorkbenchError:
    """The problem of cells (row, value) that are no dates."""
    rows = counted(len(cells), "row")
    return bad_input(
        f"“{data.split_column}” cannot be read as dates in {rows}.",
        f"They are: {_cells(frame, cells)}.",
        "Write them all in one way, such as 2026-11-22 or 2026-11-22 14:30, or leave these rows out with a step.",
        field="data.split_column",
    )


def unknown_side(frame: Frame, data: DataSection, cells: Sequence[tuple[int, str | None]]) -> WorkbenchError:
    """The problem of cells (row, value) that name no side."""
    return bad_input(
        f"“{data.split_column}” names no side in {counted(len(cells), 'row')}.",
        f"They are: {_cells(frame, cells)}.",
        "Write train, validation or test in every row, or leave these rows out with a step.",
        field="data.split_column",
    )


def empty_side(name: str, share: float, rows: int, why: str) -> WorkbenchError:
    """The problem of a side that a share leaves without a row."""
    return bad_input(
        f"data.{name}: {share:.0%} of {rows} rows is not a single row.",
        why,
        "Take a larger share, or a file of its own.",
        field=f"data.{name}",
    )


def nothing_to_learn_from(why: str) -> WorkbenchError:
    """The problem of no rows to learn from."""
    return bad_input(
        "No rows are left to learn from.",
        why,
        "Make the held-out and test shares smaller, or divide the rows in another way.",
        field="data.split",
    )


def cannot_fold(data: DataSection, pieces: int | None = None) -> WorkbenchError:
    """The problem of rows that cannot be divided into folds; `pieces` is how many parts they can be divided into."""
    if isinstance(data.validation, str):
        why, what = (
            f"The held-out rows are those of {data.validation}.",
            "Set data.validation to 0.1, or data.folds to 0.",
        )
    elif data.split in ("by-time", "by-column"):
        why = f"{data.split} says which rows are held out; with folds each row is held out once."
        what = "Choose stratified, by-hash or grouped."
    elif data.fold > data.folds or data.folds < 2:
        why, what = (
            f"Fold {data.fold} of {data.folds} was asked for.",
            "Divide into 2 or more, and hold out one of them.",
        )
    else:
        found = "1 part" if pieces == 1 else f"{pieces} parts"
        why = f"There are {found} that stay whole, and a fold would be left without a row."
        what = "Choose fewer folds, or another seed or split column."
    return bad_input(
        f"data.folds (Folds): the rows cannot be divided into {data.folds} folds.",
        why,
        what,
        field="data.folds",
    )
