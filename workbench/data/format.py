"""The contract of a file format: how a kind of file is known, and opened as a table."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from workbench.data.found import classes_of

if TYPE_CHECKING:
    from workbench.data.tables import Table

Header = Literal["auto", "yes", "no"]

#: Bytes of a file's beginning by which it may be known.
HEAD = 64 * 1024
#: Files from this many bytes on are kept as Arrow where there is a cache.
LARGE = 32 * 1024**2
#: Text from this many bytes on is read block by block, which is faster and takes less memory than all at once.
IN_BLOCKS = 2 * 1024**2
#: An archive may unpack to this many times its size (text shrinks to a third or a tenth) ...
MOST_TIMES = 50
#: ... and to this many bytes; whatever is below a mebibyte is harmless at any ratio.
MOST_BYTES = 10 * 1024**3


@dataclass(frozen=True, slots=True)
class Opening:
    """How a file is to be opened, as far as the person said.

    Attributes:
        header: For delimited text, whether the first row names the columns.
        encoding: How the characters are stored; empty: detected.
        delimiter: For delimited text; empty: sniffed.
        quoting: For delimited text, whether quotation marks hold fields together that the delimiter would cut.
        records: For JSON and archives, the path to the list of records or the member's name; empty: found.
        lines: For plain text, what one row is.
        field: The recipe field that named the file, to which a problem belongs.
        cache: The folder where a file may be kept as Arrow, so that it need not fit into memory; None: nowhere.
        check: Called now and then; raises when nobody waits for the answer any more.
        progress: Told how much of the file is read, from 0 to 1.
        large: From how many bytes on a file is kept as Arrow instead of in memory.
        most_times: How many times its size an archive may unpack to.
        most_bytes: How many bytes an archive may unpack to.
        source_file: For several files, whether a column says which one each row is from; "auto": where the files'
            columns differ.
        identity: What a kept copy belongs to where the file was unpacked from another; empty: the file itself.
    """

    header: Header = "auto"
    encoding: str = ""
    delimiter: str = ""
    quoting: Literal["auto", "yes", "no"] = "auto"
    records: str = ""
    lines: Literal["line", "block", "file"] = "line"
    field: str = "data.train"
    cache: Path | None = None
    check: Callable[[], object] = lambda: None
    progress: Callable[[float], object] = lambda _: None
    large: int = LARGE
    most_times: int = MOST_TIMES
    most_bytes: int = MOST_BYTES
    source_file: Literal["auto", "yes"] = "auto"
    identity: str = ""


def in_blocks(path: Path, opening: Opening) -> Opening | None:
    """How a file of text is opened block by block, kept only where it is large; None where it is small."""
    size = path.stat().st_size
    if size >= opening.large:
        return opening
    return replace(opening, cache=None) if size >= IN_BLOCKS else None


class Format(ABC):
    """One kind of file (or folder) that opens as a table."""

    #: The name that a person reads: "Excel workbook".
    title: ClassVar[str]
    #: Endings of its files, small letters with the dot; a folder format has none.
    suffixes: ClassVar[tuple[str, ...]] = ()
    #: Who is asked first; small numbers first.
    order: ClassVar[int] = 100

    @abstractmethod
    def claims(self, path: Path, head: bytes) -> bool:
        """Whether a file is of this kind, by its first bytes and its name; `head` is empty for a folder."""

    @abstractmethod
    def read(self, path: Path, opening: Opening) -> Table:
        """Open it.

        Raises:
            WorkbenchError: When it cannot be read, naming the file, row and field, and what to do.
        """

    def peek(self, path: Path, opening: Opening, rows: int) -> Table:
        """The first rows; by itself, those of the whole table. Large formats read no more than they need."""
        table = self.read(path, opening)
        return replace(table, data=table.data.slice(0, rows))


@functools.cache
def all_formats() -> tuple[Format, ...]:
    """Every format, in the order in which they are asked."""
    from workbench.data import formats

    found = [kind() for kind in classes_of(formats, Format)]  # type: ignore[type-abstract]
    return tuple(sorted(found, key=lambda kind: (kind.order, type(kind).__name__)))
