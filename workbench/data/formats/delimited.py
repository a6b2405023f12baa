"""Delimited text: CSV, TSV and their relatives."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from workbench.data.blocks import LONGEST_ROW
from workbench.data.delimited import Grid, sniff_delimiter, split_table
from workbench.data.encodings import decode_head
from workbench.data.format import Format, Opening, in_blocks
from workbench.data.large_delimited import beginning, read_large
from workbench.data.odd_numbers import OddNumbers
from workbench.data.raw import require_file
from workbench.data.tables import Table, text_table
from workbench.data.text_files import read_decoded

#: Bytes that are read for the first rows, where their rows do.
_FIRST = 64 * 1024


class Delimited(Format):
    """One file of rows whose fields are cut by a delimiter."""

    title = "CSV or TSV"
    suffixes = (".csv", ".tsv", ".tab", ".psv")
    order = 300

    def claims(self, path: Path, head: bytes) -> bool:
        if not head:
            return False
        return path.suffix.lower() in self.suffixes or sniff_delimiter(decode_head(head), path) == "\t"

    def read(self, path: Path, opening: Opening) -> Table:
        require_file(path, field=opening.field)
        if (large := in_blocks(path, opening)) is not None:
            return read_large(path, large)
        data, found = read_decoded(path, opening)
        grid = split_table(found.text, path, opening, damaged=found.damaged)
        grid = replace(grid, notes=(*found.notes, *grid.notes))
        table = _table(path, grid, grid.rows, hashlib.sha256(data).hexdigest())
        numbers = OddNumbers()
        numbers.see(table.data)
        return replace(table, notes=(*table.notes, *numbers.notes()))

    def peek(self, path: Path, opening: Opening, rows: int) -> Table:
        size = _FIRST
        grid, whole = beginning(path, opening, size)
        while not whole and len(grid.rows) < rows and size < LONGEST_ROW:
            size *= 4
            grid, whole = beginning(path, opening, size)
        return _table(path, grid, grid.rows[:rows], "")


def _table(path: Path, grid: Grid, rows: list[list[str]], fingerprint: str) -> Table:
    values: dict[str, list[str | None]] = {
        name: [row[i] for row in rows] for i, name in enumerate(grid.columns)
    }
    return text_table(path, values, grid.notes, fingerprint, grid.set_aside)
