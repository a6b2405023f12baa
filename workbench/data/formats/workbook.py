"""Workbooks of Excel and LibreOffice: one sheet, with its cells as a person sees them."""

from __future__ import annotations

import datetime
import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.data.delimited import unique_names
from workbench.data.format import Format, Opening
from workbench.data.header import looks_like_header
from workbench.data.suggest import counted, did_you_mean, listed
from workbench.data.tables import SetAside, Table, text_table
from workbench.data.unpacking import ALLOW_MORE
from workbench.run.problem import Problem, WorkbenchError, bad_input

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_ODS = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
_PARTS = frozenset(("xl/workbook.xml", "xl/workbook.bin"))
_PORTION = 2000
_HARMLESS = 1024**2  # bytes that may unpack at any ratio
_LOOKED_AT = 1000
_SHOWN = 80


class Workbook(Format):
    """One workbook."""

    title = "Excel workbook"
    suffixes = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
    order = 30

    def claims(self, path: Path, head: bytes) -> bool:
        if path.suffix.lower() in self.suffixes:
            return head.startswith((_ZIP, _OLE))
        return head.startswith(_ZIP) and (_ODS in head[:200] or _is_workbook(path))

    def read(self, path: Path, opening: Opening) -> Table:
        fingerprint = _fingerprint(path)
        _refuse_expansion(path, opening)
        book = _open(path, opening.field)
        try:
            sheet, notes = _choose(book, path, opening)
            opening.progress(0.5)  # taking the sheet apart was the longer half
            rows = _rows(sheet, opening)
        finally:
            book.close()
        grid = _grid(rows, path, opening)
        return text_table(path, grid.columns, [*notes, *grid.notes], fingerprint, grid.aside)


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return not _PARTS.isdisjoint(archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def _fingerprint(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_expansion(path: Path, opening: Opening) -> None:
    """Refuse a workbook whose parts unpack to far more than any table of its size."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return  # no archive (an old workbook), or a damaged one, which is told of where it is opened
    packed = max(1, path.stat().st_size)
    if size > opening.most_bytes or (size > _HARMLESS and size > opening.most_times * packed):
        raise bad_input(
            f"The workbook {path.name} was not unpacked.",
            f"Its {counted(packed, 'byte')} would unpack to {counted(size, 'byte')}, "
            f"{size // packed} times as much.",
            f"If you trust the file, open it in a spreadsheet program and save the sheet as CSV, or {ALLOW_MORE}.",
            field=opening.field,
        )


def _open(path: Path, field: str) -> CalamineWorkbook:
    import python_calamine

    try:
        return python_calamine.load_workbook(path)
    except python_calamine.PasswordError as error:
        raise bad_input(
            f"The workbook {path.name} is locked with a password.",
            "Its cells are encrypted.",
            "Open it in a spreadsheet program and save it without a password.",
            field=field,
        ) from error
    except BaseException as error:
        if _is_readers(error):
            raise _damaged(path, error, field) from error
        raise


def _is_readers(error: BaseException) -> bool:
    """Whether the file is to blame for an error; the reader is written in Rust, whose panics are no Exception."""
    from python_calamine import CalamineError

    return isinstance(error, CalamineError | OSError | ValueError) or type(error).__name__ == "PanicException"


def _damaged(path: Path, error: BaseException, field: str, sheet: str = "") -> WorkbenchError:
    where = f"Its sheet “{sheet}” is" if sheet else "Its table of contents is"
    return WorkbenchError(
        Problem(
            f"The workbook {path.name} cannot be read.",
            f"{where} missing or damaged; the file may be cut short.",
            "Copy or download it again, or save the sheet as CSV in a spreadsheet program.",
            f"{type(error).__name__}: {error}",
            field,
        )
    )


def _choose(book: CalamineWorkbook, path: Path, opening: Opening) -> tuple[CalamineSheet, list[str]]:
    """The sheet that is named, else the first one with rows; and which others there are."""
    names = list(book.sheet_names)
    if opening.records and opening.records not in names:
        raise bad_input(
            f"There is no sheet “{opening.records}” in {path.name}.",
            f"Its sheets are {listed(names, 12)}.",
            f"{did_you_mean(opening.records, names)} Name one of these, or leave it empty.".strip(),
            field=opening.field,
        )
    for name in [opening.records] if opening.records else names:
        opening.check()
        try:
            sheet = book.get_sheet_by_name(name)
        except BaseException as error:
            if _is_readers(error):
                raise _damaged(path, error, opening.field, name) from error
            raise
        if sheet.height:
            others = [other for other in names if other != name]
            more = f"; the others are {listed(others)}" if others else ""
            return sheet, [f"The sheet “{name}” was read{more}."] if others else []
    blank = [opening.records] if opening.records else names
    cause = f"No cell is filled in the sheets that were looked at: {listed(blank)}."
    raise _no_rows(path, opening.field, cause)


def _rows(sheet: CalamineSheet, opening: Opening) -> list[tuple[int, list[str | None]]]:
    """The rows that are not blank, with their numbers in the sheet, from 1."""
    rows = []
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if number % _PORTION == 0:
            opening.check()
            opening.progress(0.5 + 0.5 * number / sheet.total_height)
        row = [shown(cell) for cell in cells]
        if any(row):
            rows.append((number, row))
    return rows


def shown(cell: object) -> str | None:
    """A cell as a spreadsheet shows it: no ".0" behind a whole number, no time behind a date; None for a blank."""
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        # A cell has 15 significant digits; what lies beyond them is the binary form's remainder.
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return None if cell is None else str(cell)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Columns of equal length, what is to be said of them, and rows that are none."""

    columns: dict[str, list[str | None]]
    notes: list[str]
    aside: list[SetAside]


def _grid(rows: list[tuple[int, list[str | None]]], path: Path, opening: Opening) -> _Grid:
    """The table in a sheet's rows: without titles above it, named by its header."""
    if not rows:
        raise _no_rows(path, opening.field, "Its cells are all blank.")
    aside, rows = _titles(rows)
    used = [i for i in range(len(rows[0][1])) if any(row[i] for _, row in rows)]
    rows = [(number, [row[i] for i in used]) for number, row in rows]
    first, rest = rows[0][1], rows[1:]
    below = [[cell or "" for cell in row] for _, row in rest[:_LOOKED_AT]]
    header = opening.header == "yes" or (
        opening.header == "auto" and looks_like_header([cell or "" for cell in first], below)
    )
    notes = []
    if header:
        names, rows = unique_names([cell or "" for cell in first]), rest
    else:
        names = tuple(f"column {i}" for i in range(1, len(first) + 1))
        if opening.header == "auto":
            notes.append("The first row was taken as data, so the columns are named by number.")
    if not rows:
        raise _no_rows(path, opening.field, "It holds the names of the columns and nothing below them.")
    if blank := rows[-1][0] - rows[0][0] + 1 - len(rows):
        notes.append(f"{counted(blank, 'blank row')} {'was' if blank == 1 else 'were'} passed over.")
    if aside:
        numbers = listed([item.row for item in aside])
        notes.append(f"What stands alone above the table was set aside (row {numbers} of the sheet).")
    return _Grid({name: [row[i] for _, row in rows] for i, name in enumerate(names)}, notes, aside)


def _titles(rows: Sequence[tuple[int, list[Any]]]) -> tuple[list[SetAside], list[tuple[int, list[Any]]]]:
    """The rows of a single cell above a table of several columns, and the rest."""
    filled = [sum(cell is not None for cell in row) for _, row in rows[:_LOOKED_AT]]
    start = next((i for i, count in enumerate(filled) if count > 1), 0)
    if start > 5 or sum(count > 1 for count in filled) * 2 < len(filled):
        start = 0
    aside = [
        SetAside(number, "It stands alone above the table.", " ".join(c for c in row if c)[:_SHOWN])
        for number, row in rows[:start]
    ]
    return aside, list(rows[start:])


def _no_rows(path: Path, field: str, cause: str) -> WorkbenchError:
    return bad_input(
        f"The workbook {path.name} holds no rows.", cause, "Choose a file with rows.", field=field
    )
