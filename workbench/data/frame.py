"""Rows on their way from a file to training: a table, the roles of its columns, and where each row comes from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.data.tables import PORTION, Table, as_text

if TYPE_CHECKING:
    import pyarrow as pa  # imported where rows are in work, so that the window need not wait for it

#: Values that become an Arrow array in one go.
_WRITTEN = 20_000

Indices = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Rows with their origin; immutable: whatever changes them makes a new frame.

    Attributes:
        data: All columns. Text formats give strings throughout.
        text: The column that is read; empty where there is none.
        label: The column that is predicted; empty where there is none.
        origin: Each row's number in the untouched file, from 0; int64, shape (rows,). A row that a step made has the
            number of the row that it was made from.
        keys: The fingerprint of that row's content in the untouched file; uint64, shape (rows,). Equal rows are told
            apart by the order in which they come, so that a key names one row, and a row that is added at the end
            changes no other row's key.
    """

    data: pa.Table
    text: str
    label: str
    origin: Indices
    keys: Keys

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.data.num_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(map(str, self.data.column_names))

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
        return replace(self, data=self.data.take(chosen), origin=self.origin[chosen], keys=self.keys[chosen])

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
    return Frame(table.data, text, label, np.arange(table.rows, dtype=np.int64), row_keys(table))


def row_keys(table: Table) -> Keys:
    """The fingerprints of a table's rows; see `Frame.keys`. They do not depend on the columns' order."""
    names = sorted(table.columns)
    keys = np.empty(table.rows, dtype=np.uint64)
    seen: Counter[bytes] = Counter()
    for start in range(0, table.rows, PORTION):
        columns = [table.column(name, start, start + PORTION) for name in names]
        for offset, values in enumerate(zip(*columns, strict=True)):
            keys[start + offset] = _key(names, values, seen)
    return keys


def _key(names: Sequence[str], values: Sequence[Any], seen: Counter[bytes]) -> int:
    filled = "\x1e".join(
        f"{name}\x1f{value}" for name, value in zip(names, values, strict=True) if value is not None
    )
    content = hashlib.blake2b(filled.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    before = seen[content]
    seen[content] += 1
    if before:
        content = hashlib.blake2b(content + before.to_bytes(8, "little"), digest_size=8).digest()
    return int.from_bytes(content, "little")
