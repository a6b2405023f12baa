"""Parquet: a table with typed columns, known by its first bytes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from workbench.data.arrow_tables import plain_columns
from workbench.data.format import Format, Opening
from workbench.data.raw import PARQUET_MAGIC
from workbench.data.tables import Table
from workbench.run.problem import bad_input


class Parquet(Format):
    """One Parquet file."""

    title = "Parquet"
    suffixes = (".parquet", ".pq")
    order = 20

    def claims(self, path: Path, head: bytes) -> bool:
        return head.startswith(PARQUET_MAGIC) or (bool(head) and path.suffix.lower() in self.suffixes)

    def read(self, path: Path, opening: Opening) -> Table:
        import pyarrow as pa
        import pyarrow.parquet as pq

        field = opening.field
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
        data, notes = plain_columns(data)
        table = Table(path, tuple(map(str, data.column_names)), data, tuple(notes), fingerprint)
        if path.suffix.lower() not in self.suffixes:
            return replace(table, notes=(*notes, "The content is Parquet, whatever the name says."))
        return table
