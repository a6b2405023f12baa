"""Plain text: a row is a line, a block between blank lines, or the whole file."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from workbench.data.format import Format, Opening, in_blocks
from workbench.data.large_text import EACH_LINE, TextRows, first_lines, read_large_text
from workbench.data.raw import require_file
from workbench.data.tables import Table, text_table
from workbench.data.text_files import read_decoded

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_SAID = {
    "line": EACH_LINE,
    "block": "Each block between blank lines was taken as one row.",
    "file": "The whole file was taken as one row.",
}


class PlainText(Format):
    """One file of text; it claims whatever no other format knows."""

    title = "plain text"
    suffixes = (".txt", ".text", ".md")
    order = 1000

    def claims(self, path: Path, head: bytes) -> bool:
        return bool(head)

    def read(self, path: Path, opening: Opening) -> Table:
        require_file(path, field=opening.field)
        if opening.lines == "line" and (large := in_blocks(path, opening)) is not None:
            return read_large_text(path, large)
        data, found = read_decoded(path, opening)
        text = found.text.replace("\r\n", "\n").replace("\r", "\n")
        lines = TextRows(path, opening, found.damaged)
        rows = lines.take(_rows(text, opening))
        lines.require_few()
        notes = (*found.notes, _SAID[opening.lines], *lines.aside.notes())
        return text_table(path, {"text": rows}, notes, hashlib.sha256(data).hexdigest(), lines.aside.rows)

    def peek(self, path: Path, opening: Opening, rows: int) -> Table:
        if opening.lines != "line":
            return super().peek(path, opening, rows)
        lines, found, notes = first_lines(path, opening, rows)
        lines.require_few()
        return text_table(path, {"text": found}, (*notes, _SAID["line"], *lines.aside.notes()), "")


def _rows(text: str, opening: Opening) -> list[tuple[int, str]]:
    """The rows that are not blank, each with the number of its first line."""
    if opening.lines == "file":
        return [(1, text)]
    if opening.lines == "line":
        return [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    found, begins, line = [], 0, 1
    for gap in [*_BLANK_LINES.finditer(text), None]:
        block = text[begins : gap.start() if gap else len(text)]
        if block.strip():
            found.append((line, block.strip("\n")))
        if gap:
            line += block.count("\n") + gap[0].count("\n")
            begins = gap.end()
    return found
