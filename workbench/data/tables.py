"""Opens a file or a folder as a table, whatever its format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data.aside import SetAside as SetAside  # part of a table
from workbench.data.format import Format, Header, Opening, all_formats
from workbench.data.nested import as_json
from workbench.data.raw import head_of, refuse_known_binary, require_path
from workbench.data.suggest import counted, did_you_mean, listed
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.sources import matches, places

if TYPE_CHECKING:
    import pyarrow as pa  # 0.3 s: imported where a file is opened, so that the window need not wait for it

PLAIN = Opening()
#: Values that become Python objects in one go.
PORTION = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A file's rows and columns.

    Attributes:
        path: The file.
        columns: The columns' names, in order.
        data: All columns. Text formats give strings throughout; Parquet keeps its types.
        notes: What was set aside or assumed while reading, in plain words.
        fingerprint: SHA-256 of the file's bytes, in hexadecimal.
        set_aside: Rows that could not be read; they are listed, never dropped silently.
        parts: Each file's name and number of rows, where the table was put together from several.
    """

    path: Path
    columns: tuple[str, ...]
    data: pa.Table
    notes: tuple[str, ...]
    fingerprint: str
    set_aside: tuple[SetAside, ...] = ()
    parts: tuple[tuple[str, int], ...] = ()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.data.num_rows)

    def column(self, name: str, start: int = 0, stop: int | None = None) -> list[str | None]:
        """A column's values as text; None where a value is missing.

        Args:
            name: The column.
            start: The first row, counted from 0.
            stop: The row after the last one; None for the end.

        Raises:
            WorkbenchError: When there is no such column.
        """
        if name not in self.columns:
            raise no_such_column(self, name)
        chosen = self.data.column(self.columns.index(name))
        return _texts(chosen.slice(start, None if stop is None else stop - start))

    def sample(self, name: str, most: int) -> list[str | None]:
        """At most `most` of a column's values as text, evenly spaced, so that a sorted file does not mislead."""
        chosen = self.data.column(self.columns.index(name))
        if self.rows > most:
            chosen = chosen.take([i * self.rows // most for i in range(most)])
        return _texts(chosen)

    def row(self, index: int) -> tuple[str | None, ...]:
        """One row's values as text, for a preview; `index` counts from 0."""
        return tuple(as_text(column[index].as_py()) for column in self.data.columns)


def read_table(
    path: str | Path, *, header: Header = "auto", encoding: str | None = None, field: str = "data.train"
) -> Table:
    """Open a file as a table, in memory; see `open_table`.

    Args:
        path: A file or folder of any format that there is.
        header: For CSV and TSV, whether the first row names the columns; "auto" guesses.
        encoding: How the characters are stored; None or "" detects it.
        field: The recipe field that named the file, to which a problem belongs.

    Raises:
        WorkbenchError: When the file cannot be read as a table, naming the file, line or field.
    """
    return open_table(path, Opening(header=header, encoding=encoding or "", field=field))


def open_table(path: str | Path, opening: Opening = PLAIN) -> Table:
    """Open a file or a folder by the first format that claims it; several at once where the name is a pattern such as
    "reviews-*.csv", or several names, one a line.

    Raises:
        WorkbenchError: When it cannot be read as a table, naming the file, row or field, and what to do.
    """
    files = files_of(path)
    if len(files) > 1:
        from workbench.data.formats.several import open_several

        return open_several(files, opening)
    return format_of(files[0], opening.field).read(files[0], opening)


def peek(path: str | Path, opening: Opening = PLAIN, rows: int = 200) -> Table:
    """The first rows of a file of any size, without reading the rest; its `fingerprint` may be empty.

    Raises:
        WorkbenchError: As `open_table`.
    """
    (path, *_) = files_of(path)
    return format_of(path, opening.field).peek(path, opening, rows)


def files_of(path: str | Path) -> list[Path]:
    """The files (or folders) that are meant; a name that is there as it stands is no pattern."""
    found: list[Path] = []
    for place in map(Path, places(str(path))):
        found += matches(place) or [place]
    return found


def format_of(path: Path, field: str = "data.train") -> Format:
    """The format of a file or folder.

    Raises:
        WorkbenchError: When nothing is there, it is empty, or no format knows it.
    """
    require_path(path, field=field)
    head = head_of(path, field=field)
    for kind in all_formats():
        if kind.claims(path, head):
            return kind
    if head:
        refuse_known_binary(head, path, field=field)
    raise bad_input(
        f"{path.name or path} is not data that can be opened.",
        "It is a folder without data files." if not head else "None of the known formats fits its content.",
        f"Choose one of these: {listed([kind.title for kind in all_formats()], 20)}.",
        field=field,
    )


def text_table(
    path: Path,
    values: dict[str, list[str | None]],
    notes: Sequence[str],
    fingerprint: str,
    set_aside: Sequence[SetAside] = (),
) -> Table:
    """A table of strings, made from columns of equal length; halves of characters are replaced, with a note."""
    import pyarrow as pa

    said = list(notes)
    arrays = []
    for name, column in values.items():
        array, changed = text_array(column)
        arrays.append(array)
        if changed:
            said.append(f"Broken characters in {counted(changed, 'row')} of “{name}” were replaced by “?”.")
    names = [name.encode("utf-8", "replace").decode("utf-8") for name in values]
    data = pa.Table.from_arrays(arrays, names=names)
    return Table(path, tuple(names), data, tuple(said), fingerprint, tuple(set_aside))


def text_array(values: Sequence[str | None]) -> tuple[pa.LargeStringArray, int]:
    """Strings as Arrow keeps them, and in how many of them halves of characters were replaced.

    JSON can name half of a UTF-16 pair ("\\ud83d"), which is no character. Made from buffers, because `pa.array` would
    first import pandas, which takes longer than showing a file's first rows.
    """
    import numpy as np
    import pyarrow as pa

    changed = 0
    try:
        encoded = [b"" if value is None else value.encode() for value in values]
    except UnicodeEncodeError:
        encoded = [b"" if value is None else value.encode("utf-8", "replace") for value in values]
        pairs = zip(values, encoded, strict=True)
        changed = sum(value is not None and value != now.decode() for value, now in pairs)
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=offsets[1:])
    there = np.fromiter((value is not None for value in values), np.bool_, len(encoded))
    bitmap = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    array = pa.LargeStringArray.from_buffers(
        len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)), bitmap
    )
    return array, changed


def no_such_column(table: Table, name: str, *, field: str = "data.text") -> WorkbenchError:
    """The problem of a column that a file does not have, with the ones that it has."""
    suggestion = did_you_mean(name, table.columns)
    return bad_input(
        f"There is no column “{name}” in {table.path.name}.",
        f"The file has {counted(len(table.columns), 'column')}: {listed(table.columns, 12)}.",
        f"{suggestion} Choose one of these columns.".strip(),
        field=field,
    )


def _texts(values: pa.ChunkedArray) -> list[str | None]:
    """Values as text, in portions: no other thread has its turn while Arrow makes a list."""
    return [as_text(v) for i in range(0, len(values), PORTION) for v in values.slice(i, PORTION).to_pylist()]


def as_text(value: object) -> str | None:
    """A value as the text that a person would read; None for a missing one."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    # A list is the same text in every format, so that what reads turns or words from it need know one way only.
    return as_json(value) if isinstance(value, list | dict) else str(value)
