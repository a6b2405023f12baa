"""Plain text: a row is a line, a block between blank lines, or the whole file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from workbench.data.encodings import split_lines
from workbench.data.format import Format, Opening
from workbench.data.tables import Table, text_table
from workbench.data.text_files import read_characters


class PlainText(Format):
    """One file of text; it claims whatever no other format knows."""

    title = "plain text"
    suffixes = (".txt", ".text", ".md")
    order = 1000

    def claims(self, path: Path, head: bytes) -> bool:
        return bool(head)

    def read(self, path: Path, opening: Opening) -> Table:
        data, text = read_characters(path, opening)
        rows: list[str | None] = [line for line in split_lines(text) if line.strip()]
        notes = ("Each line was taken as one row.",)
        return text_table(path, {"text": rows}, notes, hashlib.sha256(data).hexdigest())
