"""Which row is labelled next: all of them in an order by chance or by doubt, some skipped, with a way back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]

#: Rows that are put into an order; nobody labels more of them in one sitting.
MOST = 20_000


class LabelQueue:
    """Rows in the order in which they are shown; knows what was labelled and skipped, and nothing of their content.

    Args:
        rows: The rows to label; int64.
        seed: The same seed gives the same order by chance.
        doubts: For each of `rows` how doubtful it is, to begin with the most doubtful one; None for an order by
            chance.
    """

    def __init__(self, rows: Indices, seed: int = 0, doubts: npt.NDArray[np.float64] | None = None) -> None:
        self.total = len(rows)
        most = min(MOST, len(rows))
        if doubts is None:
            chosen = np.random.default_rng(seed).choice(len(rows), most, replace=False)
        else:
            chosen = _largest(doubts, most)
        self._rows = rows[chosen]
        self.given: dict[int, str] = {}
        self.skipped: set[int] = set()
        self._at = -1
        self._trail: list[int] = []

    @property
    def rows(self) -> Indices:
        """The rows in their order."""
        return self._rows

    @property
    def current(self) -> int | None:
        """The row that is to be labelled now; None at the end."""
        return int(self._rows[self._at]) if 0 <= self._at < len(self._rows) else None

    @property
    def can_go_back(self) -> bool:
        """Whether a row was shown before this one."""
        return bool(self._trail)

    def advance(self) -> int | None:
        """To the next row that is neither labelled nor skipped, from the beginning again after the last."""
        count = len(self._rows)
        if 0 <= self._at < count:
            self._trail.append(self._at)
        start = self._at + 1 if self._at < count else 0
        for place in (*range(start, count), *range(min(start, count))):
            row = int(self._rows[place])
            if row not in self.given and row not in self.skipped:
                self._at = place
                return row
        self._at = count
        return None

    def back(self) -> int | None:
        """To the row that was shown before; the same row where there was none."""
        if self._trail:
            self._at = self._trail.pop()
        return self.current

    def go_to(self, row: int) -> None:
        """To a row of the queue."""
        places = np.flatnonzero(self._rows == row)
        if len(places) and int(places[0]) != self._at:
            if 0 <= self._at < len(self._rows):
                self._trail.append(self._at)
            self._at = int(places[0])

    def give(self, row: int, label: str) -> None:
        """The row has a label now."""
        self.given[row] = label
        self.skipped.discard(row)

    def take_back(self, row: int) -> None:
        """The row is open again."""
        self.given.pop(row, None)
        self.skipped.discard(row)

    def skip(self) -> None:
        """Leave the row for later."""
        if self.current is not None and self.current not in self.given:
            self.skipped.add(self.current)


def _largest(values: npt.NDArray[np.float64], most: int) -> Indices:
    """The places of the largest values, the largest first; equal ones in their order."""
    places = np.arange(len(values), dtype=np.int64)
    if most < len(values):
        places = np.sort(np.argpartition(-values, most)[:most])
    return places[np.argsort(-values[places], kind="stable")]
