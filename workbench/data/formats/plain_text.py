"""Plain text: a row is a line, a block between blank lines, or the whole file."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from workbench.data.aside import Aside
from workbench.data.encodings import broken
from workbench.data.format import Format, Opening
from workbench.data.tables import Table, text_table
from workbench.data.text_files import read_decoded
from workbench.run.problem import bad_input

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_SAID = {
    "line": "Each line was taken as one row.",
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
        data, found = read_decoded(path, opening)
        text = found.text.replace("\r\n", "\n").replace("\r", "\n")
        aside = Aside()
        rows: list[str | None] = []
        for line, row in _rows(text, opening):
            if found.damaged and (why := broken(row)):
                aside.add(line, "with broken characters", why, row)
            else:
                rows.append(row)
        if aside.too_many(len(rows)):
            raise bad_input(
                f"{path.name} is not a text file.",
                f"In line {aside.rows[0].row}, {aside.rows[0].why}, and so in a third of the rows or more.",
                "Choose a text file, or another encoding.",
                field=opening.field,
            )
        notes = (*found.notes, _SAID[opening.lines], *aside.notes())
        return text_table(path, {"text": rows}, notes, hashlib.sha256(data).hexdigest(), aside.rows)


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
