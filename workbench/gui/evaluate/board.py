"""What the parts of the Evaluate page share: the evaluation that is shown, and the filters that choose its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from workbench.run.evaluated import Evaluated
from workbench.run.row_scores import RowScores
from workbench.session.scoring.measuring import RowsRequest

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """Some rows of the evaluation.

    Attributes:
        source: Where it was set; one filter of each source is on at a time.
        words: Which rows these are, as its chip says it.
        rows: Their places among the evaluation's rows, ascending.
        mark: By which the picture that set it knows what to frame.
    """

    source: str
    words: str
    rows: Ints
    mark: object = None


def alike(one: RowScores, other: RowScores) -> bool:
    """Whether two evaluations say the same of the same rows, whatever they are set against."""
    return one is other or (
        one.texts == other.texts
        and one.names == other.names
        and np.array_equal(one.probabilities, other.probabilities)
        and np.array_equal(one.losses, other.losses, equal_nan=True)
    )


class Board(QObject):
    """The evaluation and its filters; rows are shown where all filters choose them."""

    evaluated_changed = Signal()
    filters_changed = Signal()
    against_wanted = Signal(str)  # a run that is to be set against the one that is shown

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.evaluated: Evaluated | None = None
        #: What the evaluated model is called in requests.
        self.model = ""
        #: What was asked of it; None while nothing is shown.
        self.request: RowsRequest | None = None
        #: Of labels, numbers or marks the task and their names; empty for classes.
        self.answers: tuple[str, ...] = ()
        self._filters: dict[str, Filter] = {}

    @property
    def filters(self) -> tuple[Filter, ...]:
        """The filters that are on, in the order in which they were set."""
        return tuple(self._filters.values())

    def show(self, evaluated: Evaluated | None, model: str = "", request: RowsRequest | None = None) -> None:
        """Show another evaluation, or none; of the same rows the filters stay where they mean the same."""
        before, self.evaluated, self.model, self.request = self.evaluated, evaluated, model, request
        same = before is not None and evaluated is not None and alike(before.rows, evaluated.rows)
        if not same:
            self._filters = {}
        self.evaluated_changed.emit()
        if not same:
            self.filters_changed.emit()

    def mark(self, source: str) -> object:
        """What the filter of a source frames; None where there is none."""
        found = self._filters.get(source)
        return found.mark if found else None

    def toggle(self, chosen: Filter) -> None:
        """Set a filter in place of its source's last one, or take it away where it is on."""
        on = self._filters.get(chosen.source)
        if on is not None and on.mark == chosen.mark and on.words == chosen.words:
            del self._filters[chosen.source]
        else:
            self._filters.pop(chosen.source, None)
            self._filters[chosen.source] = chosen
        self.filters_changed.emit()

    def clear(self, source: str = "") -> None:
        """Take one source's filter away, or all."""
        if source:
            self._filters.pop(source, None)
        else:
            self._filters.clear()
        self.filters_changed.emit()

    def rows(self) -> Ints:
        """The rows that all filters choose, ascending."""
        if self.evaluated is None:
            return np.empty(0, dtype=np.int64)
        kept = np.ones(len(self.evaluated.rows), dtype=np.bool_)
        for one in self._filters.values():
            chosen = np.zeros_like(kept)
            chosen[one.rows] = True
            kept &= chosen
        return np.flatnonzero(kept).astype(np.int64, copy=False)
