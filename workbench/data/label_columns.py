"""The columns that hold what is to be predicted, where there may be several, and rows that cannot be learned from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from workbench.data.frame import Frame
from workbench.data.guess import choose_text
from workbench.data.row_sides import RowSides
from workbench.data.suggest import counted
from workbench.data.tables import Table, no_such_column
from workbench.run.problem import bad_input
from workbench.run.recipe import DataSection

_TOLD = 3  # rows that are told one by one


class Wrong(NamedTuple):
    """A row that cannot be used: its number in the untouched file, from 0, and why, as a sentence."""

    row: int
    why: str


def named_columns(value: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that the recipe's label field names: one by its name, or several with commas between them."""
    if not value or value in columns:
        return (value,) if value else ()
    return tuple(name.strip() for name in value.split(",") if name.strip())


def joined_names(columns: Sequence[str]) -> str:
    """Several columns as the recipe's label field names them."""
    return ", ".join(columns)


def chosen_columns(table: Table, data: DataSection, guessed: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The column that is read and those that are predicted, named or guessed. A named one that comes with a step is
    an empty text, or no column.

    Args:
        table: The untouched file.
        data: The recipe's columns.
        guessed: What is predicted where the recipe does not say.

    Raises:
        WorkbenchError: When a named one is not there, or is both, or no text column can be guessed.
    """
    named = named_columns(data.label, table.columns)
    for name, field in ((data.text, "data.text"), *((name, "data.label") for name in named)):
        if name and name not in table.columns and not data.steps:
            raise no_such_column(table, name, field=field)
    labels = named or tuple(guessed)
    if data.text and data.text in labels:
        raise bad_input(
            "The text and the label are the same column.",
            f"Both are set to “{data.text}”.",
            "Choose another column for one of them.",
            field="data.label",
        )
    text = data.text or choose_text(table, labels)
    there = tuple(name for name in labels if name in table.columns)
    return text if text in table.columns else "", there


def roles_now(
    frame: Frame, table: Table, data: DataSection, text: str, labels: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """The columns after all steps, which may have renamed or made them.

    Raises:
        WorkbenchError: When one is not there any more.
    """
    text = frame.text or data.text or text
    found = (frame.label,) if len(labels) == 1 and frame.label else tuple(labels)
    if not found:
        found = named_columns(data.label, frame.columns)
    for name, field in ((text, "data.text"), *((name, "data.label") for name in found)):
        if name not in frame.columns:
            raise no_such_column(table, name, field=field)
    return text, found


def resolved_columns(data: DataSection, text: str, labels: Sequence[str]) -> dict[str, str]:
    """The recipe's fields of the columns, with what was named or guessed."""
    return {"data.text": data.text or text, "data.label": data.label or joined_names(labels)}


def sides_by_name(found: RowSides) -> tuple[tuple[str, Frame], ...]:
    """The rows of each side with the name of its recipe field."""
    return ("train", found.train), ("validation", found.validation), ("test", found.test)


def set_aside_notes(wrong: Sequence[Wrong], data: DataSection, side: str) -> list[str]:
    """What there is to say of rows that were set aside: how many, and the first of them one by one."""
    if not wrong:
        return []
    given = getattr(data, side)
    file = f"{Path(given).name}: " if side != "train" and isinstance(given, str) else ""
    was = "was" if len(wrong) == 1 else "were"
    told = " ".join(f"Row {one.row + 1}: {one.why}" for one in wrong[:_TOLD])
    more = " …" if len(wrong) > _TOLD else ""
    return [f"{file}{counted(len(wrong), 'row')} {was} set aside. {told}{more}"]


def require_rows(rows: int, side: str, wrong: Sequence[Wrong], remedy: str) -> None:
    """Refuse a side to learn from, or to be held out, that has no row.

    Raises:
        WorkbenchError: With why the first of those that were set aside cannot be used.
    """
    if rows or side == "test":
        return
    where = "to learn from" if side == "train" else "to be held out"
    why = f"Row {wrong[0].row + 1}: {wrong[0].why}" if wrong else "No rows stand on that side."
    raise bad_input(f"No rows are left {where}.", why, remedy, field=f"data.{side}")
