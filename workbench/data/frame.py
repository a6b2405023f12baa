"""Rows on their way from a file to training: a table, the roles of its columns, and where each row comes from."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from workbench.data.column_texts import texts_of
from workbench.data.tables import PORTION, Table, as_text

if TYPE_CHECKING:
    import pyarrow as pa  # imported where rows are in work, so that the window need not wait for it

#: Values that become an Arrow array in one go.
_WRITTEN = 20_000

Indices = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Check = Callable[[], object]


def _nobody() -> None:
    """Nobody wants to stop the work."""


class LazyKeys:
    """Keys that are made when somebody first asks for them: 2 s for a million rows, which most never need."""

    def __init__(self, make: Callable[[Check], Keys]) -> None:
        self._make = make
        self._made: Keys | None = None
        self._one_at_a_time = threading.Lock()

    def made(self, check: Check = _nobody) -> Keys:
        """The keys; whoever asks while they are being made waits. `check` is called every few thousand rows."""
        with self._one_at_a_time:
            if self._made is None:
                self._made = self._make(check)
            return self._made

    def take(self, rows: Indices) -> LazyKeys:
        """The keys of these rows, no sooner than they are asked for."""
        return LazyKeys(lambda check: self.made(check)[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Rows with their origin; immutable: whatever changes them makes a new frame.

    Attributes:
        data: All columns. Text formats give strings throughout.
        text: The column that is read; empty where there is none.
        label: The column that is predicted; empty where there is none.
        origin: Each row's number in the untouched file, from 0; int64, shape (rows,). A row that a step made has the
            number of the row that it was made from.
        key_source: The keys, or what makes them.
    """

    data: pa.Table
    text: str
    label: str
    origin: Indices
    key_source: Keys | LazyKeys

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.data.num_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(map(str, self.data.column_names))

    @property
    def keys(self) -> Keys:
        """The fingerprint of each row's content in the untouched file; uint64, shape (rows,).

        Equal rows are told apart by the order in which they come, so that a key names one row, and a row that is added
        at the end changes no other row's key. Patch files name rows by them, and what is drawn by chance goes by them:
        they must never come out otherwise.
        """
        return self.key_source.made() if isinstance(self.key_source, LazyKeys) else self.key_source

    def make_keys(self, check: Check) -> None:
        """Make the keys now, so that nobody need wait for them later; `check` is called every few thousand rows."""
        if isinstance(self.key_source, LazyKeys):
            self.key_source.made(check)

    def column(self, name: str, start: int = 0, stop: int | None = None) -> list[str | None]:
        """A column's values as text, from `start` to before `stop`; None where a value is missing."""
        chosen = self.data.column(self.columns.index(name))
        chosen = chosen.slice(start, None if stop is None else stop - start)
        return [
            as_text(v) for i in range(0, len(chosen), PORTION) for v in chosen.slice(i, PORTION).to_pylist()
        ]

    def take(self, rows: Indices | Sequence[int]) -> Frame:
        """These rows, in this order; a row may come several times."""
        chosen = np.asarray(rows, dtype=np.int64)
        if len(chosen) == self.rows and np.array_equal(chosen, np.arange(self.rows)):
            return self
        source = self.key_source
        keys = source.take(chosen) if isinstance(source, LazyKeys) else source[chosen]
        return replace(self, data=self.data.take(chosen), origin=self.origin[chosen], key_source=keys)

    def with_column(self, name: str, values: Sequence[str | None]) -> Frame:
        """The same rows with a column of strings replaced, or added at the end."""
        import pyarrow as pa

        # In portions: no other thread has its turn while Arrow reads a list.
        parts = [
            pa.array(values[i : i + _WRITTEN], pa.large_string()) for i in range(0, len(values), _WRITTEN)
        ]
        column = pa.chunked_array(parts, pa.large_string())
        if name in self.columns:
            return replace(self, data=self.data.set_column(self.columns.index(name), name, column))
        return replace(self, data=self.data.append_column(name, column))


def frame_of(table: Table, text: str, label: str) -> Frame:
    """A table's rows, untouched."""
    keys = LazyKeys(lambda check: row_keys(table, check))
    return Frame(table.data, text, label, np.arange(table.rows, dtype=np.int64), keys)


def row_keys(table: Table, check: Check = _nobody) -> Keys:
    """The fingerprints of a table's rows; see `Frame.keys`. They do not depend on the columns' order."""
    digests = []
    for start in range(0, table.rows, PORTION):
        check()
        contents = _contents(table, start)
        data, ends = contents.buffers()[2].to_pybytes(), np.frombuffer(contents.buffers()[1], np.int64)
        ends = ends[contents.offset : contents.offset + len(contents) + 1]
        # Without the mark before the first cell.
        found = [blake2b(data[a + 1 : b], digest_size=8).digest() for a, b in pairwise(ends.tolist())]
        digests.append(b"".join(found))
    return _told_apart(np.frombuffer(b"".join(digests), "<u8").astype(np.uint64))


def times_before(keys: Keys) -> Keys:
    """How many earlier rows have the same key."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    fresh = np.ones(len(keys), dtype=bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(fresh)
    places = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    times = np.empty(len(keys), dtype=np.uint64)
    times[order] = places
    return times


def _contents(table: Table, start: int) -> pa.LargeStringArray:
    """What the rows of a portion hold: a mark, the name and the value of each cell that is filled."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def text(words: str) -> pa.LargeStringScalar:
        return pa.scalar(words, pa.large_string())

    cells = []
    for name in sorted(table.columns):
        values = table.data.column(table.columns.index(name)).slice(start, PORTION)
        _, texts = next(texts_of(values, _nobody))
        filled = pc.binary_join_element_wise(text(f"\x1e{name}\x1f"), texts, text(""))
        cells.append(pc.fill_null(filled, ""))
    return pc.binary_join_element_wise(*cells, text(""))


def _told_apart(contents: Keys) -> Keys:
    """Keys of their own for rows that have the same content as an earlier one."""
    before = times_before(contents)
    again = np.flatnonzero(before)
    pairs = np.stack([contents[again], before[again]], axis=1).astype("<u8").tobytes()
    digests = [blake2b(pairs[i : i + 16], digest_size=8).digest() for i in range(0, len(pairs), 16)]
    keys = contents.copy()
    keys[again] = np.frombuffer(b"".join(digests), "<u8")
    return keys
