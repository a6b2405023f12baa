"""Opens a large file and tells on the way what its first rows are and how much of it is read."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.data.format import Opening
from workbench.data.guess import guess_columns
from workbench.data.tables import Table, open_table, peek
from workbench.run.problem import WorkbenchError
from workbench.session.lanes import Desk

#: Files from this many bytes on take long enough for their first rows to be shown meanwhile.
FIRST_ROWS_FROM = 8 * 1024**2
#: Formats whose first rows are had without reading the rest.
_PEEKED = frozenset({".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".txt"})
_STEP = 0.01  # of the file, between two reports


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A file that is being read.

    Attributes:
        source: What was asked for: a shipped name or a file.
        share: How much of it is read, from 0 to 1.
        first: Its first rows.
        text: The column among them that looks like the text; empty for none.
    """

    source: str
    share: float
    first: Table
    text: str


def open_and_tell(source: str, path: Path, opening: Opening, desk: Desk) -> Table:
    """The whole table of a file; of a large one, a `Reading` is reported at once and then as it is read.

    Raises:
        WorkbenchError: As `open_table`.
    """
    if not (path.is_file() and path.suffix.lower() in _PEEKED and path.stat().st_size >= FIRST_ROWS_FROM):
        return open_table(path, opening)
    first = None
    with suppress(WorkbenchError):  # reading all of it says what is wrong
        first = peek(path, opening)
    if first is None:
        return open_table(path, opening)
    told = Reading(source, 0.0, first, guess_columns(first).text)
    desk.report(told)

    def tell(share: float) -> None:
        nonlocal told
        if share >= told.share + _STEP:
            told = replace(told, share=share)
            desk.report(told)

    return open_table(path, replace(opening, progress=tell))
