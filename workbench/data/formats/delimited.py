"""Delimited text: CSV, TSV and their relatives."""

from __future__ import annotations

import hashlib
from pathlib import Path

from workbench.data.delimited import sniff_delimiter, split_table
from workbench.data.encodings import decode_head
from workbench.data.format import Format, Opening
from workbench.data.tables import Table, text_table
from workbench.data.text_files import read_decoded


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
        data, found = read_decoded(path, opening)
        grid = split_table(found.text, path, opening, damaged=found.damaged)
        values: dict[str, list[str | None]] = {
            name: [row[i] for row in grid.rows] for i, name in enumerate(grid.columns)
        }
        notes = (*found.notes, *grid.notes)
        return text_table(path, values, notes, hashlib.sha256(data).hexdigest(), grid.set_aside)
