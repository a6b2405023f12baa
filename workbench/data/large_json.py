"""JSON Lines of any size, block by block, kept as Arrow."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data.blocks import LONGEST_ROW, Blocks, line_ends
from workbench.data.cache import Keeper, kept
from workbench.data.encodings import split_lines
from workbench.data.format import Opening
from workbench.data.json_lines import JsonRows, Record
from workbench.data.nested import as_json
from workbench.data.plain_json import plain_rows
from workbench.data.suggest import counted
from workbench.data.tables import Table, text_array
from workbench.run.problem import bad_input

if TYPE_CHECKING:
    import pyarrow as pa

#: More lines than rows are wanted, since some may be blank or broken.
_SPARE = 1000


def read_large_json(path: Path, opening: Opening) -> Table:
    """The table in a file of objects, one a line, of any size.

    Raises:
        WorkbenchError: When it is not JSON Lines, naming the line.
    """
    if (table := kept(path, opening)) is not None:
        return table
    blocks = Blocks(path, opening)
    rows = JsonRows(path, opening.field, damaged=True)
    repaired: Counter[str] = Counter()
    try:
        with Keeper(path, opening) as keeper:
            line, rest = 1, b""
            while not blocks.done:
                data = rest + blocks.next(len(rest))
                cut = len(data) if blocks.done else _last_end(data)
                done, rest = data[:cut], data[cut:]
                kinds = rows.plain()
                if kinds and (table := plain_rows(done, kinds)) is not None:
                    rows.rows += table.num_rows
                    keeper.write(table)
                elif records := rows.feed(_lines(done), line):
                    keeper.write(_table(records, rows.names, repaired))
                line += line_ends(done)
                if len(rest) > LONGEST_ROW:
                    raise bad_input(
                        f"Line {line} of {path.name} is too long.",
                        f"It has more than {LONGEST_ROW // 1024**2} MiB; perhaps the file is one JSON list.",
                        "Write one object a line.",
                        field=opening.field,
                    )
            rows.require_rows()
            said = [
                f"Broken characters in {counted(number, 'row')} of “{name}” were replaced by “?”."
                for name, number in repaired.items()
            ]
            notes = [*blocks.notes, *rows.notes(), *said]
            return keeper.finish(rows.names, notes, blocks.fingerprint, rows.aside.rows)
    finally:
        blocks.close()


def first_records(path: Path, opening: Opening, most: int) -> tuple[JsonRows, list[Record], tuple[str, ...]]:
    """The first records of a file, and what was assumed of its encoding; no more is read than they need."""
    blocks = Blocks(path, opening)
    rows = JsonRows(path, opening.field, damaged=True)
    records: list[Record] = []
    rest, line = b"", 1
    try:
        while not blocks.done and len(records) < most and len(rest) <= LONGEST_ROW:
            data = rest + blocks.next(len(rest))
            cut = len(data) if blocks.done else _last_end(data)
            lines = _lines(data[:cut])
            for start in range(0, len(lines), most + _SPARE):
                if len(records) < most:
                    records += rows.feed(lines[start : start + most + _SPARE], line + start)
            line, rest = line + len(lines) - 1, data[cut:]
    finally:
        blocks.close()
    return rows, records[:most], blocks.notes


def _last_end(data: bytes) -> int:
    return data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, max(0, len(data) - 1)) + 1


def _lines(data: bytes) -> list[str]:
    return split_lines(data.decode("utf-8", "surrogateescape"))


def _table(records: list[Record], names: list[str], repaired: Counter[str]) -> pa.Table:
    import pyarrow as pa

    arrays = []
    for name in names:
        array, changed = text_array([as_json(record.get(name)) for record in records])
        repaired.update({name: changed} if changed else {})
        arrays.append(array)
    return pa.Table.from_arrays(arrays, names=names)
