"""Plain text of any size, a row a line, block by block, kept as Arrow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from workbench.data.aside import Aside
from workbench.data.blocks import LONGEST_ROW, Blocks
from workbench.data.cache import Keeper, kept
from workbench.data.encodings import broken, split_lines
from workbench.data.format import Opening
from workbench.data.tables import Table, text_array
from workbench.data.text_files import blank
from workbench.run.problem import bad_input

EACH_LINE = "Each line was taken as one row."


@dataclass(slots=True)
class TextRows:
    """The rows of a text file, and those that were set aside."""

    path: Path
    opening: Opening
    damaged: bool
    aside: Aside = field(default_factory=Aside)
    rows: int = 0

    def take(self, numbered: Iterable[tuple[int, str]]) -> list[str | None]:
        """The rows that can be taken of these, each of which comes with the number of its line."""
        taken: list[str | None] = []
        for number, row in numbered:
            if self.damaged and (why := broken(row)):
                self.aside.add(number, "with broken characters", why, row)
            else:
                taken.append(row)
        self.rows += len(taken)
        return taken

    def require_few(self) -> None:
        """Refuse a file of which more than a third is broken.

        Raises:
            WorkbenchError: Naming the first such line.
        """
        if self.aside.too_many(self.rows):
            first = self.aside.rows[0]
            raise bad_input(
                f"{self.path.name} is not a text file.",
                f"In line {first.row} {first.why}, and so it is in more than a third of the rows.",
                "Choose a text file, or another encoding.",
                field=self.opening.field,
            )


def read_large_text(path: Path, opening: Opening) -> Table:
    """The table of a text file of any size, a row a line.

    Raises:
        WorkbenchError: When it is not text.
    """
    import pyarrow as pa

    if (table := kept(path, opening)) is not None:
        return table
    rows = TextRows(path, opening, damaged=True)
    blocks = Blocks(path, opening)
    try:
        with Keeper(path, opening) as keeper:
            for numbered in _numbered(blocks):
                if taken := rows.take(numbered):
                    keeper.write(pa.table({"text": text_array(taken)[0]}))
            rows.require_few()
            if not rows.rows:
                raise blank(path, opening.field)
            notes = [*blocks.notes, EACH_LINE, *rows.aside.notes()]
            return keeper.finish(["text"], notes, blocks.fingerprint, rows.aside.rows)
    finally:
        blocks.close()


def first_lines(
    path: Path, opening: Opening, most: int
) -> tuple[TextRows, list[str | None], tuple[str, ...]]:
    """The first rows of a text file, and what was assumed of its encoding; no more is read than they need."""
    rows = TextRows(path, opening, damaged=True)
    found: list[str | None] = []
    blocks = Blocks(path, opening)
    try:
        for numbered in _numbered(blocks):
            found += rows.take(numbered[: most - len(found)])
            if len(found) >= most:
                break
    finally:
        blocks.close()
    return rows, found, blocks.notes


def _numbered(blocks: Blocks) -> Iterable[list[tuple[int, str]]]:
    """The lines that are not blank, a block at a time, each with its number."""
    rest, line = b"", 1
    while not blocks.done:
        data = rest + blocks.next(len(rest))
        cut = data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, max(0, len(data) - 1)) + 1
        if blocks.done or len(data) > LONGEST_ROW:
            cut = len(data)
        lines = split_lines(data[:cut].decode("utf-8", "surrogateescape"))
        yield [(number, text) for number, text in enumerate(lines, line) if text.strip()]
        line, rest = line + len(lines) - 1, data[cut:]
