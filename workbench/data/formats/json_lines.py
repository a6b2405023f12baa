"""JSON Lines: one object in braces a line."""

from __future__ import annotations

import hashlib
from pathlib import Path

from workbench.data.encodings import decode_head, split_lines
from workbench.data.format import Format, Opening, in_blocks
from workbench.data.json_lines import JsonRows, Record
from workbench.data.large_json import first_records, read_large_json
from workbench.data.nested import as_json
from workbench.data.raw import require_file
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
        require_file(path, field=opening.field)
        if (large := in_blocks(path, opening)) is not None:
            return read_large_json(path, large)
        data, found = read_decoded(path, opening)
        rows = JsonRows(path, opening.field, found.damaged)
        records = rows.feed(split_lines(found.text), 1)
        return _table(path, rows, records, found.notes, hashlib.sha256(data).hexdigest())

    def peek(self, path: Path, opening: Opening, rows: int) -> Table:
        read, records, notes = first_records(path, opening, rows)
        return _table(path, read, records, notes, "")


def _table(
    path: Path, rows: JsonRows, records: list[Record], notes: tuple[str, ...], fingerprint: str
) -> Table:
    rows.require_rows()
    values = {name: [as_json(record.get(name)) for record in records] for name in rows.names}
    return text_table(path, values, (*notes, *rows.notes()), fingerprint, rows.aside.rows)
