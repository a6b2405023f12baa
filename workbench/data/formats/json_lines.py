"""JSON Lines: one object in braces a line."""

from __future__ import annotations

import hashlib
from pathlib import Path

from workbench.data.encodings import decode_head
from workbench.data.format import Format, Opening
from workbench.data.json_lines import json_columns
from workbench.data.tables import Table, text_table
from workbench.data.text_files import read_characters


class JsonLines(Format):
    """One file of objects, one a line."""

    title = "JSON Lines"
    suffixes = (".jsonl", ".ndjson", ".json")
    order = 200

    def claims(self, path: Path, head: bytes) -> bool:
        suffix = path.suffix.lower()
        if suffix in (".csv", ".tsv", ".tab", ".txt"):
            return False
        return bool(head) and (suffix in self.suffixes or decode_head(head).lstrip().startswith("{"))

    def read(self, path: Path, opening: Opening) -> Table:
        data, text = read_characters(path, opening)
        columns, notes = json_columns(text, path, field=opening.field)
        return text_table(path, columns, notes, hashlib.sha256(data).hexdigest())
