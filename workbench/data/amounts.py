"""Reads a number, or several, for each text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workbench.data.frame import Frame
from workbench.data.label_columns import (
    Wrong,
    chosen_columns,
    require_rows,
    resolved_columns,
    roles_now,
    set_aside_notes,
    sides_by_name,
)
from workbench.data.number_cells import (
    MOST_WRONG,
    Reader,
    likely_amount_columns,
    reader_of,
    with_decimal_comma,
    with_thousands,
)
from workbench.data.row_sides import row_sides
from workbench.data.step import Context
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table
from workbench.data.training_rows import Resolve, opened
from workbench.run.problem import bad_input
from workbench.run.recipe import DataSection


class AmountSide(NamedTuple):
    """Texts, for each its numbers in the order of the columns, and its row in the untouched file, from 0."""

    texts: tuple[str, ...]
    amounts: tuple[tuple[float, ...], ...]
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AmountSides:
    """The rows of each side; `test` may be empty.

    Attributes:
        names: The columns of the numbers.
        notes: Everything that a person should know, in sentences.
        fingerprints: SHA-256 of each file that was read.
        resolved: The recipe's fields of the columns, with what was named or guessed.
    """

    train: AmountSide
    validation: AmountSide
    test: AmountSide
    names: tuple[str, ...]
    notes: tuple[str, ...]
    fingerprints: tuple[str, ...]
    resolved: Mapping[str, str]


def amount_sides(data: DataSection, context: Context, resolve: Resolve) -> AmountSides:
    """Read, mend and divide texts with numbers.

    Args:
        data: What the recipe says of its data; `label` is one column, or several with commas between them.
        context: The seed, and what steps are told.
        resolve: Finds a file.

    Raises:
        WorkbenchError: With what is wrong with the files, the columns, the steps or the split; or when a column holds
            no numbers or one alone, or no row to learn from, or none that is held out, can be used.
    """
    table = opened(data, data.train, "data.train", context, resolve)
    text, columns = amount_columns(table, data)
    found = row_sides(data, context, resolve, table, text, columns[0] if len(columns) == 1 else "")
    text_now, columns_now = roles_now(found.train, found.table, data, text, columns)
    readers, notes = readers_of(found.table, columns_now)
    notes = [
        f"Reading the text from “{text_now}”, and learning the number in "
        f"{listed([f'“{name}”' for name in columns_now])}.",
        *notes,
        *found.notes,
    ]
    sides: list[AmountSide] = []
    for side, frame in sides_by_name(found):
        rows, wrong = _side(frame, text_now, columns_now, readers)
        require_rows(len(rows.texts), side, wrong, "Each row needs a text and a number, such as 3.5.")
        sides.append(rows)
        notes += set_aside_notes(wrong, data, side)
    for place, name in enumerate(columns_now):
        if len({amounts[place] for amounts in sides[0].amounts}) < 2:
            raise bad_input(
                "There is only one number.",
                f"Every row to learn from has {sides[0].amounts[0][place]:g} in “{name}” of {table.path.name}.",
                "Choose another label column, or add rows with other numbers.",
                field="data.label",
            )
    notes += amounts_told(sides[0], columns_now)
    return AmountSides(
        sides[0], sides[1], sides[2], tuple(columns_now), tuple(notes), found.fingerprints,
        resolved_columns(data, text or text_now, columns or columns_now),
    )  # fmt: skip


def amount_columns(table: Table, data: DataSection) -> tuple[str, tuple[str, ...]]:
    """The column that is read and those of the numbers, named or guessed; see `chosen_columns`.

    Raises:
        WorkbenchError: When a named one is not there, or none can be guessed.
    """
    guessed = () if data.label else likely_amount_columns(table, data.text, strict=False)
    found = chosen_columns(table, data, guessed)
    if not (found[1] or data.label):
        raise bad_input(
            f"No column of numbers was found in {table.path.name}.",
            f"None of its columns ({listed(table.columns)}) holds numbers.",
            "Choose the label column. For several columns, write their names with commas between them.",
            field="data.label",
        )
    return found


def looked_at_amounts(
    frame: Frame, table: Table, text: str, columns: Sequence[str]
) -> tuple[list[Wrong], list[str]]:
    """Rows that cannot be used, and what there is to say of the others.

    Raises:
        WorkbenchError: When a column holds no numbers.
    """
    readers, notes = readers_of(table, columns)
    side, wrong = _side(frame, text, columns, readers)
    return wrong, [*notes, *amounts_told(side, columns)]


def amounts_told(side: AmountSide, columns: Sequence[str]) -> list[str]:
    """How large the numbers of each column are, in words."""
    told = []
    for place, name in enumerate(columns):
        values = sorted(amounts[place] for amounts in side.amounts)
        if values:
            middle = values[len(values) // 2]
            told.append(
                f"“{name}” goes from {values[0]:g} to {values[-1]:g}; half of the rows are below {middle:g}."
            )
    return told


def readers_of(table: Table, columns: Sequence[str]) -> tuple[tuple[Reader, ...], list[str]]:
    """How the numbers of each column are read, and what there is to say of it.

    Raises:
        WorkbenchError: When a column holds words rather than numbers.
    """
    readers, notes = [], []
    for name in columns:
        cells = [(i, v.strip()) for i, v in enumerate(table.column(name)) if v and v.strip()]
        values = [value for _, value in cells]
        read = reader_of(values)
        wrong = [(i, value) for i, value in cells if read(value) is None]
        if not cells or len(wrong) > MOST_WRONG * len(cells):
            raise bad_input(
                f"“{name}” holds no numbers.",
                f"In {table.path.name} {counted(len(wrong), 'row')} of {len(cells)} have no number there; the first is "
                f"row {wrong[0][0] + 1}: “{wrong[0][1][:40]}”."
                if wrong
                else f"In {table.path.name} the column is empty.",
                "Choose a column of numbers, or the task text classification for words.",
                field="data.label",
            )
        if read is with_decimal_comma:
            notes.append(f"The comma in the numbers of “{name}” is read as the decimal point.")
        elif read is with_thousands:
            notes.append(f"The commas in the numbers of “{name}” are read as marks of thousands.")
        readers.append(read)
    return tuple(readers), notes


def _side(
    frame: Frame, text: str, columns: Sequence[str], readers: Sequence[Reader]
) -> tuple[AmountSide, list[Wrong]]:
    """The rows that can be used, and those that cannot."""
    texts: list[str] = []
    amounts: list[tuple[float, ...]] = []
    kept: list[int] = []
    wrong: list[Wrong] = []
    cells_by_row = zip(*map(frame.column, columns), strict=True)
    for row, words, cells in zip(frame.origin.tolist(), frame.column(text), cells_by_row, strict=True):
        if not (words or "").strip():
            wrong.append(Wrong(row, f"“{text}” is empty."))
            continue
        read = [read((cell or "").strip()) for read, cell in zip(readers, cells, strict=True)]
        missing = next((i for i, value in enumerate(read) if value is None), -1)
        if missing >= 0:
            cell = (cells[missing] or "").strip()
            said = f"says “{cell[:40]}”, which is no number." if cell else "is empty."
            wrong.append(Wrong(row, f"“{columns[missing]}” {said}"))
            continue
        kept.append(row)
        texts.append(words or "")
        amounts.append(tuple(value for value in read if value is not None))
    return AmountSide(tuple(texts), tuple(amounts), tuple(kept)), wrong
