"""JSON Lines: one object in braces a line."""

from __future__ import annotations

import hashlib
from pathlib import Path

from workbench.data.encodings import decode_head, split_lines
from workbench.data.format import Format, Opening
from workbench.data.json_lines import JsonRows, json_text
from workbench.data.tables import Table, text_table
from workbench.data.text_files import read_decoded


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
        data, found = read_decoded(path, opening)
        rows = JsonRows(path, opening.field, found.damaged)
        records = rows.feed(split_lines(found.text), 1)
        rows.require_rows()
        values = {name: [json_text(record.get(name)) for record in records] for name in rows.names}
        notes = (*found.notes, *rows.notes())
        return text_table(path, values, notes, hashlib.sha256(data).hexdigest(), rows.aside.rows)
