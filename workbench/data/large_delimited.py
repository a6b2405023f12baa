"""Delimited text of any size, block by block: Arrow parses the blocks whose quoting is plain, Python the others.

A block is cut where a row ends for certain. One in which every quotation mark opens or closes a field, or is doubled,
means the same to every reader, so the fast one may have it, which lets other threads run. A block that it refuses (for
a row with another number of fields, or a broken character) is read again with the care of small files, and no other.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from workbench.data.aside import Aside, uneven
from workbench.data.blocks import LONGEST_ROW, Blocks, line_ends
from workbench.data.cache import Keeper, kept
from workbench.data.delimited import (
    RAGGED,
    UNNAMED,
    UNQUOTED,
    Grid,
    Parsed,
    find_delimiter,
    keep_regular,
    literal_records,
    never_closed,
    no_rows,
    quoted_records,
    split_table,
    unwrap,
    unwrapped_note,
)
from workbench.data.encodings import characters
from workbench.data.format import Opening
from workbench.data.odd_numbers import OddNumbers
from workbench.data.tables import Table, text_array
from workbench.data.text_files import blank

if TYPE_CHECKING:
    import pyarrow as pa

#: Characters by which the delimiter, the quoting and the columns of a large file are known.
_SAMPLE = 256 * 1024
#: Rows that these have to hold; where rows are longer, more is read.
_FEWEST = 10


class _OpenQuoteError(Exception):
    """A quotation mark that is never closed; the argument is its line."""


class _RaggedError(Exception):
    """Rows do not fit where another way of reading is left; the argument is how many do."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """How a file is to be read, and when that is to be given up for another way.

    Attributes:
        literal: Quotation marks are plain characters.
        compare: Rows that do not fit, in a file with quotation marks, are a reason to try quoting.
        must_fit: Any row that does not fit is one.
        at_least: So many rows must fit.
    """

    literal: bool
    compare: bool = False
    must_fit: bool = False
    at_least: int = 0


@dataclass(slots=True)
class _Pass:
    """One reading of the file: how it is read, and what came of it."""

    grid: Grid
    literal: bool
    aside: Aside = field(default_factory=Aside)
    numbers: OddNumbers = field(default_factory=OddNumbers)
    quotes: bool = False
    unwrapped: int = 0
    line: int = 1


def read_large(path: Path, opening: Opening) -> Table:
    """The table in delimited text of any size, kept in the cache where there is one.

    Raises:
        WorkbenchError: As `workbench.data.delimited.split_table`.
    """
    if (table := kept(path, opening)) is not None:
        return table
    grid, _ = beginning(path, opening, _SAMPLE)
    tab = grid.delimiter == "\t"
    try:
        # A quotation mark that the beginning does not close may be closed further down.
        literal = grid.literal and UNQUOTED not in grid.notes
        return _read(path, opening, grid, _Wish(literal, compare=tab and opening.quoting == "auto"))
    except _RaggedError as ragged:  # perhaps because fields are quoted after all
        try:
            return _read(path, opening, grid, _Wish(literal=False, at_least=ragged.args[0] + 1))
        except (_OpenQuoteError, _RaggedError):
            return _read(path, opening, grid, _Wish(literal=True))
    except _OpenQuoteError as error:
        if opening.quoting == "yes":
            raise never_closed(path, error.args[0], opening.field) from None
        try:
            return _read(path, opening, grid, _Wish(literal=True, must_fit=not tab))
        except _RaggedError:
            raise never_closed(path, error.args[0], opening.field) from None


def beginning(path: Path, opening: Opening, size: int) -> tuple[Grid, bool]:
    """The rows that lie wholly within a file's first `size` bytes, and whether that is all of it.

    Raises:
        WorkbenchError: As `workbench.data.delimited.split_table`.
    """
    blocks = Blocks(path, opening, size)
    try:
        data = blocks.next()
        rest = blocks.next(1)
    finally:
        blocks.close()
    found = characters(data, path, "", field=opening.field)
    text, whole, asked = found.text, not rest, opening
    if not text.strip():
        raise blank(path, opening.field)
    delimiter = find_delimiter(text, path, opening)
    opening = replace(opening, delimiter=delimiter)
    if not whole:
        parsed, cut = _records(text, delimiter) if len(delimiter) == 1 else (Parsed([], []), 0)
        if len(parsed.records) < _FEWEST and size < LONGEST_ROW:
            return beginning(path, asked, 4 * size)  # its rows are long
        text = text[: cut if 2 * cut > len(text) else text.rfind("\n") + 1 or len(text)]
    grid = split_table(text, path, opening, damaged=found.damaged)
    return replace(grid, notes=(*blocks.notes, *grid.notes)), whole


def _read(path: Path, opening: Opening, grid: Grid, wish: _Wish) -> Table:
    blocks = Blocks(path, opening)
    state = _Pass(grid, wish.literal)
    try:
        with Keeper(path, opening) as keeper:
            _feed(blocks, state, keeper)
            ragged = state.aside.kinds[RAGGED]
            may_be_quoted = wish.compare and wish.literal and ragged and state.quotes
            if may_be_quoted or (wish.must_fit and ragged) or keeper.rows < wish.at_least:
                raise _RaggedError(keeper.rows)
            if not keeper.rows and not state.aside.total:
                raise no_rows(path, opening.field)
            if state.aside.too_many(keeper.rows):
                raise uneven(path, state.aside, keeper.rows, len(grid.columns), opening.field)
            notes = [*blocks.notes, *([UNQUOTED] if wish.must_fit else []), *unwrapped_note(state.unwrapped)]
            notes += [UNNAMED] if opening.header == "auto" and not grid.named else []
            notes += [*state.aside.notes(), *state.numbers.notes()]
            return keeper.finish(grid.columns, notes, blocks.fingerprint, state.aside.rows)
    finally:
        blocks.close()


def _feed(blocks: Blocks, state: _Pass, keeper: Keeper) -> None:
    delimiter, rest, header = state.grid.delimiter, b"", state.grid.named
    while not blocks.done:
        data = rest + blocks.next(len(rest))
        last = blocks.done
        state.quotes = state.quotes or b'"' in data
        cut, plain = _cut(data, delimiter, state.literal, last)
        rows = None
        if plain and not header and cut:
            rows = _fast(data[:cut], state)
        if rows is None and (cut or not plain):
            rows, cut = _careful(data, cut, plain, last, header, state)
            header = header and cut == 0
        if rows is not None and rows.num_rows:
            state.numbers.see(rows)
            keeper.write(rows)
        done, rest = data[:cut], data[cut:]
        state.line += line_ends(done)
        if len(rest) > LONGEST_ROW:
            raise _OpenQuoteError(state.line)


def _cut(data: bytes, delimiter: str, literal: bool, last: bool) -> tuple[int, bool]:
    """Where the last row ends, and whether the quoting up to there is plain."""
    if literal or b'"' not in data:
        if last:
            return len(data), True
        return (data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, max(0, len(data) - 1)) + 1), True
    shown = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(shown == ord('"'))
    ends = np.flatnonzero(shown == ord("\n"))
    if not len(ends):
        ends = np.flatnonzero(shown[:-1] == ord("\r"))
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    cut = len(data) if last else int(outside[-1]) + 1 if len(outside) else 0
    quotes = quotes[quotes < cut]
    if not cut:
        # Either a long field, or quoting that only a closer look can follow.
        return 0, len(data) < LONGEST_ROW and _is_plain(shown, quotes, delimiter)
    return cut, len(quotes) % 2 == 0 and _is_plain(shown, quotes, delimiter)


def _is_plain(shown: npt.NDArray[np.uint8], quotes: npt.NDArray[np.int64], delimiter: str) -> bool:
    """Whether each mark opens a field at its very beginning, closes it at its very end, or is doubled."""
    edges = np.frombuffer(f'\n\r"{delimiter}'.encode(), np.uint8)
    before = np.where(quotes[0::2] == 0, ord("\n"), shown[np.maximum(quotes[0::2] - 1, 0)])
    after = np.where(
        quotes[1::2] + 1 == len(shown), ord("\n"), shown[np.minimum(quotes[1::2] + 1, len(shown) - 1)]
    )
    return bool(np.isin(before, edges).all() and np.isin(after, edges).all())


def _fast(data: bytes, state: _Pass) -> pa.Table | None:
    """The rows as Arrow reads them; None where it refuses one, or might read it in another way."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    delimiter = state.grid.delimiter
    if b"\0" in data or len(delimiter.encode()) != 1:
        return None
    if state.literal and delimiter == "\t" and b'""' in data:
        return None  # quotes may have to be taken off
    names = list(state.grid.columns)
    if not data.strip(b"\r\n"):
        return pa.schema([(name, pa.large_string()) for name in names]).empty_table()
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(data),
            arrow_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            arrow_csv.ParseOptions(
                delimiter=delimiter,
                quote_char=False if state.literal else '"',
                newlines_in_values=not state.literal,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None


def _careful(
    data: bytes, cut: int, plain: bool, last: bool, header: bool, state: _Pass
) -> tuple[pa.Table, int]:
    """The rows as small files are read, and where they end."""
    import pyarrow as pa

    grid = state.grid
    if plain or last:
        text = data[:cut].decode("utf-8", "surrogateescape")
        parsed = (
            literal_records(text, grid.delimiter) if state.literal else quoted_records(text, grid.delimiter)
        )
        if parsed.open_quote:
            raise _OpenQuoteError(parsed.open_quote + state.line - 1)
    else:
        text = data.decode("utf-8", "surrogateescape")
        parsed, used = _records(text, grid.delimiter)
        cut = len(text[:used].encode("utf-8", "surrogateescape"))
    if state.literal and grid.delimiter == "\t":
        state.unwrapped += unwrap(parsed)
    if header and parsed.records:
        del parsed.records[0], parsed.lines[0]
    parsed.lines[:] = [line + state.line - 1 for line in parsed.lines]
    rows = keep_regular(parsed, len(grid.columns), grid.delimiter, state.aside, damaged=True)
    columns = zip(*rows, strict=True) if rows else [()] * len(grid.columns)
    arrays = [text_array(column)[0] for column in columns]
    return pa.Table.from_arrays(arrays, names=list(grid.columns)), cut


def _records(text: str, delimiter: str) -> tuple[Parsed, int]:
    """The rows that end within the text, and how many of its characters they take."""
    csv.field_size_limit(2**31 - 1)
    consumed = used = 0
    begins = 1

    def lines() -> Iterator[str]:
        nonlocal consumed
        for line in io.StringIO(text, newline=""):
            consumed += len(line)
            yield line

    parsed = Parsed([], [])
    reader = csv.reader(lines(), delimiter=delimiter)
    for record in reader:
        if consumed == len(text):
            break  # it may go on in the next block
        if record:
            parsed.records.append(record)
            parsed.lines.append(begins)
        used, begins = consumed, reader.line_num + 1
    return parsed, used
