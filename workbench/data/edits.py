"""Edits by hand: changed cells, dropped rows, notes and labels, whose rows are known by their keys.

A patch never changes: each operation makes another one, so that undoing an edit is taking its inverse, or going back
to the patch before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Edit:
    """One changed cell; None stands for a missing value.

    Attributes:
        key: The row's key (`Frame.keys`).
        column: The cell's column.
        old: What stood there; where something else stands there now, the edit no longer fits.
        new: What stands there instead.
    """

    key: int
    column: str
    old: str | None
    new: str | None

    @property
    def inverse(self) -> Edit:
        """The edit that takes this one back."""
        return Edit(self.key, self.column, self.new, self.old)


@dataclass(frozen=True, slots=True)
class Patch:
    """Everything that was done to rows by hand.

    Attributes:
        edits: Changed cells, by the row's key and the column; at most one for each cell, with the value of the
            untouched file as its old one.
        dropped: The keys of rows that are left out.
        notes: What a person noted about a row, by its key; no row is changed by it.
        labels: Labels given by hand, by the row's key; they win over edits of the label column.
    """

    edits: Mapping[tuple[int, str], Edit] = field(default_factory=dict)
    dropped: frozenset[int] = frozenset()
    notes: Mapping[int, str] = field(default_factory=dict)
    labels: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.edits) + len(self.dropped) + len(self.notes) + len(self.labels)

    def with_edit(self, edit: Edit) -> Patch:
        """The patch with one more edit. A second edit of a cell joins the first; where the cell then has the value
        of the untouched file again, neither is left.

        Raises:
            ValueError: When the cell was edited before and `edit.old` is not what it holds since then.
        """
        place = edit.key, edit.column
        first = self.edits.get(place, edit)
        if first is not edit and first.new != edit.old:
            raise ValueError(f"the cell holds {first.new!r} by an earlier edit, not {edit.old!r}")
        joined = replace(first, new=edit.new)
        return replace(self, edits=_with(self.edits, place, None if joined.new == joined.old else joined))

    def without_edit(self, key: int, column: str) -> Patch:
        """The patch without an edit of that cell, which then holds the value of the untouched file."""
        return replace(self, edits=_with(self.edits, (key, column), None))

    def with_dropped(self, *keys: int) -> Patch:
        """The patch that leaves these rows out."""
        return replace(self, dropped=self.dropped | set(keys))

    def without_dropped(self, *keys: int) -> Patch:
        """The patch that has these rows in again."""
        return replace(self, dropped=self.dropped - set(keys))

    def with_note(self, key: int, note: str) -> Patch:
        """The patch with a note on a row in place of the one before; an empty one takes it away."""
        return replace(self, notes=_with(self.notes, key, note or None))

    def with_label(self, key: int, label: str) -> Patch:
        """The patch with a label for a row in place of the one before; an empty one takes it away."""
        return replace(self, labels=_with(self.labels, key, label or None))


def _with(before: Mapping[Any, Any], place: Any, value: Any) -> dict[Any, Any]:
    after = dict(before)
    after.pop(place, None)
    return after if value is None else after | {place: value}
