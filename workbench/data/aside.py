"""Rows that cannot be read: what is kept of each, the sentence about all of them, and when they are too many."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from workbench.data.suggest import counted
from workbench.run.problem import WorkbenchError, bad_input

#: So many rows are listed one by one; how many there are beyond them is still counted and said.
MOST_LISTED = 10_000
_SHOWN = 200
_FIRST = 8


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that could not be read: where it stands (a line or record number, from 1), and why, in plain words.
    `content` is its beginning."""

    row: int
    why: str
    content: str = ""


@dataclass(slots=True)
class Aside:
    """The rows that are set aside while a file is read, by the kind of thing that is wrong with them."""

    rows: list[SetAside] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[int]] = field(default_factory=dict)

    def add(self, row: int, kind: str, why: str, content: str) -> None:
        """Set a row aside; `kind` completes "3 rows ...", as in "with a different number of fields"."""
        self.kinds[kind] += 1
        lines = self.first.setdefault(kind, [])
        if len(lines) < _FIRST:
            lines.append(row)
        if len(self.rows) < MOST_LISTED:
            shown = content[:_SHOWN].encode("utf-8", "replace").decode("utf-8")
            self.rows.append(SetAside(row, why, shown))

    @property
    def total(self) -> int:
        """How many rows are set aside."""
        return self.kinds.total()

    def notes(self, where: str = "line") -> list[str]:
        """One sentence for each kind, with the first places."""
        said = []
        for kind, count in self.kinds.items():
            shown = ", ".join(map(str, self.first[kind]))
            places = f"{shown} and {count - _FIRST} more" if count > _FIRST else shown
            said.append(
                f"{counted(count, 'row')} {kind} {'was' if count == 1 else 'were'} set aside "
                f"({where if count == 1 else where + 's'} {places} of the file)."
            )
        return said

    def too_many(self, read: int) -> bool:
        """Whether more than a third of the file cannot be read, so that it is hardly what it was taken for."""
        return self.total * 3 > self.total + read


def uneven(path: Path, aside: Aside, read: int, width: int, field: str) -> WorkbenchError:
    """The problem of a table whose rows mostly do not fit."""
    first = aside.rows[0]
    return bad_input(
        f"{path.name} is not an even table.",
        f"{aside.total} of {counted(aside.total + read, 'row')} do not have {counted(width, 'field')}: "
        f"line {first.row} {first.why.removeprefix('it ')}.",
        "Put fields that hold the delimiter in quotation marks, or save the file again as CSV.",
        field=field,
    )
