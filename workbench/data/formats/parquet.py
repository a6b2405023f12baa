"""Parquet: a table with typed columns, known by its first bytes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data.arrow_tables import fingerprint_of, plain_columns
from workbench.data.cache import Keeper, kept
from workbench.data.format import Format, Opening
from workbench.data.raw import PARQUET_MAGIC
from workbench.data.tables import Table
from workbench.run.problem import bad_input

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

#: Rows that are laid out in one go.
_PORTION = 16_384


class Parquet(Format):
    """One Parquet file."""

    title = "Parquet"
    suffixes = (".parquet", ".pq")
    order = 20

    def claims(self, path: Path, head: bytes) -> bool:
        return head.startswith(PARQUET_MAGIC) or (bool(head) and path.suffix.lower() in self.suffixes)

    def read(self, path: Path, opening: Opening) -> Table:
        with _opened(path, opening.field) as file:
            if opening.cache is not None and _size(file) >= opening.large:
                return self._plain(path, _laid_out(file, path, opening))
            data = file.read()
        return self._plain(path, Table(path, (), data, (), fingerprint_of([path], opening.check)))

    def peek(self, path: Path, opening: Opening, rows: int) -> Table:
        with _opened(path, opening.field) as file:
            first = next(file.iter_batches(batch_size=rows, use_threads=False))
            return self._plain(path, Table(path, (), _table(file, first), (), ""))

    def _plain(self, path: Path, table: Table) -> Table:
        data, notes = plain_columns(table.data)
        if path.suffix.lower() not in self.suffixes:
            notes.append("The content is Parquet, whatever the name says.")
        return replace(table, columns=tuple(map(str, data.column_names)), data=data, notes=tuple(notes))


@contextlib.contextmanager
def _opened(path: Path, field: str) -> Iterator[pq.ParquetFile]:
    """The file, with rows in it; what goes wrong while it is read is told in plain words."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # One file, not a data set: a folder name such as "label=1" above it is no column.
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows == 0 or file.metadata.num_columns == 0:
                raise bad_input(
                    f"The file {path.name} holds no rows.",
                    "The Parquet table is empty.",
                    "Choose a file with rows.",
                    field=field,
                )
            yield file
    except (pa.ArrowException, OSError) as error:
        raise bad_input(
            f"The Parquet file {path.name} cannot be read.",
            "A part of it, or its end, where the table of contents lies, is missing or damaged; the file may be cut "
            "short.",
            "Copy or download it again.",
            field=field,
        ) from error


def _size(file: pq.ParquetFile) -> int:
    """The bytes of the table in memory, about: packed, Parquet is several times smaller."""
    about = file.metadata
    return sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))


def _laid_out(file: pq.ParquetFile, path: Path, opening: Opening) -> Table:
    """The rows as they are, kept as Arrow."""
    raw = replace(opening, records=f"{opening.records} as it is")  # its columns are not plain yet
    if (table := kept(path, raw)) is not None:
        return table
    done, rows = 0, file.metadata.num_rows
    with Keeper(path, raw) as keeper:
        for batch in file.iter_batches(batch_size=_PORTION, use_threads=False):
            opening.check()
            keeper.write(_table(file, batch))
            done += batch.num_rows
            opening.progress(done / rows)
        return keeper.finish(file.schema_arrow.names, (), fingerprint_of([path], opening.check))


def _table(file: pq.ParquetFile, batch: pa.RecordBatch) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_batches([batch]).cast(file.schema_arrow)
