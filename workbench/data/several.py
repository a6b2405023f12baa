"""Several tables as one: the rows of files with the same columns, one after the other."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data.aside import SetAside
from workbench.data.format import Opening
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table, text_array
from workbench.run.problem import WorkbenchError, bad_input

if TYPE_CHECKING:
    import pyarrow as pa

SOURCE = "source_file"
_SIDES = re.compile(
    r"(?:^|[^a-z])(train|training|dev|valid|validation|val|eval|test|heldout|held-out)(?:[^a-z]|$)"
)
_NUMBERED = re.compile(r"column \d+")


def together(path: Path, tables: Sequence[tuple[str, Table]], opening: Opening) -> Table:
    """One table of all rows. The column `source_file` says which file a row is from, where that is asked for, or the
    names speak of training and held-out rows.

    Args:
        path: What was opened: the folder or the archive.
        tables: Each file's name and table.
        opening: Whether the column is asked for.

    Raises:
        WorkbenchError: When the columns are not the same, naming the file and the columns.
    """
    if len(tables) == 1 and opening.source_file != "yes":
        return tables[0][1]
    first = tables[0][1]
    parts, notes, aside = [], [], []
    sided = len({found[1] for name, _ in tables if (found := _SIDES.search(Path(name).stem.lower()))}) > 1
    for name, given in tables:
        table = _with_names(given, first)
        if set(table.columns) != set(first.columns):
            raise _other_columns(path, tables, opening)
        data = table.data.rename_columns(list(table.columns)).select(list(first.columns))
        if sided or opening.source_file == "yes":
            data = data.append_column(_free(SOURCE, first.columns), _repeated(name, table.rows))
        parts.append(data)
        notes += [f"{name}: {note}" for note in given.notes]
        aside += [SetAside(one.row, f"{name}: {one.why}", one.content) for one in given.set_aside]
    notes.insert(
        0,
        f"{counted(len(tables), 'file')} were read one after the other: {listed([n for n, _ in tables], 3)}.",
    )
    if sided:
        notes.insert(1, f"Their names speak of rows to learn from and others: “{SOURCE}” tells them apart.")
    data = _concatenated(parts)
    marks = "".join(f"{name}\0{table.fingerprint}\n" for name, table in tables)
    fingerprint = hashlib.sha256(marks.encode("utf-8", "surrogateescape")).hexdigest()
    sizes = tuple((name, table.rows) for name, table in tables)
    return Table(path, tuple(data.column_names), data, tuple(notes), fingerprint, tuple(aside), sizes)


def _repeated(name: str, rows: int) -> pa.ChunkedArray:
    import pyarrow as pa

    portion = 65_536
    whole, _ = text_array([name] * min(rows, portion))
    chunks = [whole] * (rows // portion) if rows >= portion else []
    return pa.chunked_array([*chunks, whole.slice(0, rows % portion)], pa.large_string())


def _with_names(table: Table, first: Table) -> Table:
    """A part without a header has the names of the first one, where it has as many columns."""
    numbered = all(_NUMBERED.fullmatch(name) for name in table.columns)
    if numbered and table.columns != first.columns and len(table.columns) == len(first.columns):
        return replace(table, columns=first.columns, data=table.data.rename_columns(list(first.columns)))
    return table


def _concatenated(parts: Sequence[pa.Table]) -> pa.Table:
    import pyarrow as pa

    if all(part.schema.equals(parts[0].schema) for part in parts):
        return pa.concat_tables(parts)
    # A column that is a number in one file and text in another is text in all.
    same = {
        name for name in parts[0].column_names if len({part.schema.field(name).type for part in parts}) == 1
    }
    cast = []
    for part in parts:
        columns = [
            part.column(name) if name in same else part.column(name).cast(pa.large_string())
            for name in part.column_names
        ]
        cast.append(pa.Table.from_arrays(columns, names=part.column_names))
    return pa.concat_tables(cast)


def _free(name: str, columns: Sequence[str]) -> str:
    while name in columns:
        name += "_"
    return name


def _other_columns(path: Path, tables: Sequence[tuple[str, Table]], opening: Opening) -> WorkbenchError:
    """The problem of files that do not fit together: what most of them have, and the first that has not."""
    columns = {name: _with_names(table, tables[0][1]).columns for name, table in tables}
    common = Counter(frozenset(found) for found in columns.values()).most_common(1)[0][0]
    usual = next(name for name, found in columns.items() if set(found) == common)
    odd = [name for name, found in columns.items() if set(found) != common]
    missing = [column for column in columns[usual] if column not in columns[odd[0]]]
    more = [column for column in columns[odd[0]] if column not in common]
    lacks = f" It lacks {listed(missing, 6)}." if missing else ""
    has = f" It has {listed(more, 6)} besides." if more else ""
    others = (
        f" {counted(len(odd) - 1, 'other file does', 'other files do')} not fit either." if odd[1:] else ""
    )
    return bad_input(
        f"The files in {path.name} do not have the same columns.",
        f"“{usual}” has {listed(columns[usual], 8)}, and “{odd[0]}” has {listed(columns[odd[0]], 8)}."
        f"{lacks}{has}{others}",
        f"Leave “{odd[0]}” out, or give the files the same columns.",
        field=opening.field,
    )
