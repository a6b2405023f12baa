"""Cells that a person has changed by hand, laid over the rows of the file, so that these are searched and sorted as
they are seen; what it costs follows from the number of edits, not of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.data.edits import Patch
from workbench.data.frame import Frame

if TYPE_CHECKING:
    import pyarrow as pa

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """Values that are shown in place of those of the file.

    Attributes:
        cells: By column, the values by their rows; None is a missing value.
    """

    cells: Mapping[str, Mapping[int, str | None]]

    @property
    def rows(self) -> Indices:
        """The rows of which anything was changed, ascending; int64."""
        return np.array(sorted({row for cells in self.cells.values() for row in cells}), dtype=np.int64)

    def changed_rows(self, data: pa.Table) -> ChangedRows:
        """The rows of which anything was changed, as they are now."""
        import pyarrow as pa

        rows = self.rows
        few = data.take(rows)
        for name, cells in self.cells.items():
            place = few.column_names.index(name)
            old = [None if value is None else str(value) for value in few.column(place).to_pylist()]
            new = [cells.get(int(row), value) for row, value in zip(rows, old, strict=True)]
            few = few.set_column(place, name, pa.array(new, pa.large_string()))
        return ChangedRows(few)

    def over(self, keys: Any, column: str, key: Any) -> Any:
        """Sort keys of a column with those of changed cells in their places; `key` makes them of texts."""
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = self.cells.get(column)
        if not cells:
            return keys
        mask = np.zeros(len(keys), dtype=bool)
        mask[list(cells)] = True
        texts = pa.array([cells[row] for row in sorted(cells)], pa.large_string())
        return pc.replace_with_mask(keys, pa.array(mask), pc.cast(key(texts), keys.type))


@dataclass(frozen=True, slots=True, eq=False)
class ChangedRows:
    """A few rows by themselves."""

    data: pa.Table

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(self.data.column_names)

    @property
    def rows(self) -> int:
        """How many there are."""
        return int(self.data.num_rows)


def overlay_of(frame: Frame, patch: Patch, label: str) -> Overlay | None:
    """What a patch changes in these rows, which are those of the untouched file; None for nothing.

    Args:
        frame: The rows.
        patch: The edits; rows that are dropped and notes change no cell.
        label: The column of labels, in which those given by hand stand.
    """
    wanted = {key for key, column in patch.edits if column in frame.columns}
    wanted |= patch.labels.keys() if label in frame.columns else set()
    if not wanted:
        return None
    keys = frame.keys
    found = np.flatnonzero(np.isin(keys, np.array(sorted(wanted), dtype=np.uint64)))
    row_of = dict(zip(keys[found].tolist(), found.tolist(), strict=True))
    cells: dict[str, dict[int, str | None]] = {}
    for (key, column), edit in patch.edits.items():
        if key in row_of and column in frame.columns:
            cells.setdefault(column, {})[row_of[key]] = edit.new
    for key, name in patch.labels.items() if label in frame.columns else ():
        if key in row_of:
            cells.setdefault(label, {})[row_of[key]] = name
    return Overlay(cells) if cells else None
