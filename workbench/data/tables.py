"""Opens a file as a table of text: CSV, TSV, JSON Lines, Parquet or plain text."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.data.delimited import Header, sniff_delimiter, split_table
from workbench.data.encodings import decode, split_lines
from workbench.data.json_lines import json_columns
from workbench.data.raw import PARQUET_MAGIC, read_bytes, require_file
from workbench.data.suggest import counted, did_you_mean, listed
from workbench.run.problem import WorkbenchError, bad_input

if TYPE_CHECKING:
    import pyarrow as pa  # 0.3 s: imported where a file is opened, so that the window need not wait for it

_JSON_LINES = (".jsonl", ".ndjson", ".json")
_DELIMITED = (".csv", ".tsv", ".tab")
#: Values that become Python objects in one go.
PORTION = 2000


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that could not be read: where it stands (a line or record number, from 1), and why, in plain words.
    `content` is its beginning."""

    row: int
    why: str
    content: str = ""


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
    """

    path: Path
    columns: tuple[str, ...]
    data: pa.Table
    notes: tuple[str, ...]
    fingerprint: str
    set_aside: tuple[SetAside, ...] = ()

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
    """Open a file as a table.

    Args:
        path: A CSV, TSV, JSON Lines, Parquet or plain text file. Parquet is known by its content, the others
            by their name, and a file of another name by what it looks like.
        header: For CSV and TSV, whether the first row names the columns; "auto" guesses.
        encoding: How the characters are stored; None or "" for a byte-order mark, else UTF-8.
        field: The recipe field that named the file, to which a problem belongs.

    Raises:
        WorkbenchError: When the file cannot be read as a table, naming the file, line or field.
    """
    path = Path(path)
    require_file(path, field=field)
    if _begins(path, field) == PARQUET_MAGIC or path.suffix.lower() in (".parquet", ".pq"):
        return _read_parquet(path, field)
    data = read_bytes(path, field=field)
    text = decode(data, path, encoding, field=field)
    if text.isspace() or not text:
        raise bad_input(
            f"The file {path.name} holds no rows.",
            "It holds nothing but blank lines.",
            "Choose a file that holds text.",
            field=field,
        )
    fingerprint = hashlib.sha256(data).hexdigest()
    del data
    suffix = path.suffix.lower()
    if suffix in _JSON_LINES or (suffix not in (*_DELIMITED, ".txt") and text.lstrip().startswith("{")):
        columns, notes = json_columns(text, path, field=field)
        return _table(path, columns, notes, fingerprint)
    if suffix in _DELIMITED or sniff_delimiter(text, path) == "\t":
        grid = split_table(text, path, header, field=field)
        values: dict[str, list[str | None]] = {
            name: [row[i] for row in grid.rows] for i, name in enumerate(grid.columns)
        }
        return _table(path, values, grid.notes, fingerprint)
    return _table(path, {"text": _lines(text)}, ("Each line was taken as one row.",), fingerprint)


def no_such_column(table: Table, name: str, *, field: str = "data.text") -> WorkbenchError:
    """The problem of a column that a file does not have, with the ones that it has."""
    suggestion = did_you_mean(name, table.columns)
    return bad_input(
        f"There is no column “{name}” in {table.path.name}.",
        f"The file has {counted(len(table.columns), 'column')}: {listed(table.columns, 12)}.",
        f"{suggestion} Choose one of these columns.".strip(),
        field=field,
    )


def _begins(path: Path, field: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(len(PARQUET_MAGIC))
    except OSError:
        return read_bytes(path, field=field)[: len(PARQUET_MAGIC)]  # which says what is wrong


def _lines(text: str) -> list[str | None]:
    return [line for line in split_lines(text) if line.strip()]


def _table(path: Path, values: dict[str, list[str | None]], notes: Any, fingerprint: str) -> Table:
    import pyarrow as pa

    notes = list(notes)
    arrays = []
    for name, column in values.items():
        try:
            arrays.append(pa.array(column, pa.large_string()))
        except UnicodeEncodeError:
            # JSON can name half of a UTF-16 pair ("\ud83d"), which is no character.
            repaired = [v and v.encode("utf-8", "replace").decode("utf-8") for v in column]
            changed = sum(a != b for a, b in zip(column, repaired, strict=True))
            notes.append(f"Broken characters in {counted(changed, 'row')} of “{name}” were replaced by “?”.")
            arrays.append(pa.array(repaired, pa.large_string()))
    data = pa.Table.from_arrays(arrays, names=list(values))
    return Table(path, tuple(values), data, tuple(notes), fingerprint)


def _read_parquet(path: Path, field: str) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from workbench.data.class_labels import with_class_names

    try:
        with path.open("rb") as file:
            fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
        # One file, not a data set: a folder name such as "label=1" above it is no column.
        data = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise bad_input(
            f"The Parquet file {path.name} cannot be read.",
            "Its end, where the table of contents lies, is missing or damaged; the file may be cut short.",
            "Copy or download it again.",
            field=field,
        ) from error
    if data.num_rows == 0 or data.num_columns == 0:
        raise bad_input(
            f"The file {path.name} holds no rows.",
            "The Parquet table is empty.",
            "Choose a file with rows.",
            field=field,
        )
    data, notes = with_class_names(data)
    table = Table(path, tuple(map(str, data.column_names)), data, tuple(notes), fingerprint)
    if path.suffix.lower() not in (".parquet", ".pq"):
        return replace(table, notes=(*notes, "The content is Parquet, whatever the name says."))
    return table


def _texts(values: pa.ChunkedArray) -> list[str | None]:
    """Values as text, in portions: no other thread has its turn while Arrow makes a list."""
    return [as_text(v) for i in range(0, len(values), PORTION) for v in values.slice(i, PORTION).to_pylist()]


def as_text(value: object) -> str | None:
    """A value as the text that a person would read; None for a missing one."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
