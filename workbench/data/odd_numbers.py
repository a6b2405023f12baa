"""Notices the few values that are no numbers in a column of numbers, which delimited text cannot tell apart."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from workbench.data.suggest import counted

if TYPE_CHECKING:
    import pyarrow as pa

#: So many rows tell whether a column holds numbers; fewer tell nothing.
_LEARNED, _FEWEST = 1000, 100
#: Of a column of numbers, at most one value in so many is none.
_RARE = 100
_SHOWN = 5
_NUMBER_OR_BLANK = r"^\s*(?:[-+]?\d+(?:[.,]\d+)?)?\s*$"
_DIGIT = r"\d"


class OddNumbers:
    """Looks at a table's rows, piece by piece."""

    def __init__(self) -> None:
        self._watched: list[str] | None = None
        self._odd: Counter[str] = Counter()
        self._first: dict[str, list[str]] = {}
        self._rows = 0

    def see(self, piece: pa.Table) -> None:
        """Look at the next rows, whose columns are strings."""
        import pyarrow.compute as pc

        if self._watched is None:
            head = piece.slice(0, _LEARNED)
            names = piece.column_names if head.num_rows >= _FEWEST else []
            self._watched = [name for name in names if _holds_numbers(head.column(name))]
        for name in self._watched:
            column = piece.column(name)
            fits = pc.match_substring_regex(column, _NUMBER_OR_BLANK)
            if pc.all(fits).as_py():
                continue
            places = pc.indices_nonzero(pc.invert(fits))
            self._odd[name] += len(places)
            shown = self._first.setdefault(name, [])
            for place in places.slice(0, _SHOWN - len(shown)).to_pylist():
                shown.append(f"row {self._rows + place + 1}: “{column[place].as_py()[:40]}”")
        self._rows += piece.num_rows

    def notes(self) -> list[str]:
        """What was noticed."""
        said = []
        for name, count in self._odd.items():
            if count * _RARE <= self._rows:
                more = " and more" if count > len(self._first[name]) else ""
                places = ", ".join(self._first[name]) + more
                said.append(
                    f"“{name}” is a number but for {counted(count, 'row')} ({places}): taken as text."
                )
        return said


def _holds_numbers(column: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    fits = pc.sum(pc.match_substring_regex(column, _NUMBER_OR_BLANK)).as_py() or 0
    some = pc.sum(pc.match_substring_regex(column, _DIGIT)).as_py() or 0
    return bool(fits * _RARE >= len(column) * (_RARE - 1) and some * 2 > len(column))
