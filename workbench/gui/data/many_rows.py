"""What is done by hand to all chosen rows at once, each time as one step on the way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QCoreApplication

from workbench.data.suggest import counted
from workbench.data.tables import as_text
from workbench.run.problem import Problem

if TYPE_CHECKING:
    from PySide6.QtCore import QItemSelectionModel, QItemSelectionRange

    from workbench.gui.data.edits import Edits, Place
    from workbench.gui.table_model import TableModel

#: Edits by hand are kept row by row, in memory and in their file; for more rows there are steps.
MOST_AT_ONCE = 50_000


def count_chosen(selection: QItemSelectionModel) -> int:
    """How many rows are chosen; a range of millions is not walked through."""
    return sum(part.height() for part in _parts(selection))


def chosen_rows(selection: QItemSelectionModel) -> list[int]:
    """The chosen rows as they are shown, ascending, each once."""
    return sorted({row for part in _parts(selection) for row in range(part.top(), part.bottom() + 1)})


def _parts(selection: QItemSelectionModel) -> list[QItemSelectionRange]:
    return list(cast("Iterable[QItemSelectionRange]", selection.selection()))


def too_many(count: int) -> Problem:
    """Why so many rows are not changed by hand."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("ManyRows", text)

    return Problem(
        tr("{0} are chosen.").format(counted(count, "row")),
        tr("By hand, up to {0} are changed at once.").format(counted(MOST_AT_ONCE, "row")),
        tr("Choose fewer, or add a step, which goes through all rows."),
    )


class ManyRows:
    """Changes rows of a `TableModel`, given by the places at which they are shown."""

    def __init__(self, model: TableModel) -> None:
        self._model = model

    @property
    def _edits(self) -> Edits:
        assert self._model.edits is not None
        return self._model.edits

    def places(self, rows: Sequence[int]) -> list[Place]:
        """Their keys and numbers."""
        return [self._model.place(row) for row in rows]

    def set_label(self, rows: Sequence[int], label: str | None) -> None:
        """Give them all this label; None or a blank one takes theirs away."""
        model = self._model
        table = model.table
        assert table is not None
        column = table.data.column(table.columns.index(model.label))
        found = column.take([model.source_row(row) for row in rows]).to_pylist()
        new = label if label is not None and label.strip() else None
        given = [(place, as_text(value)) for place, value in zip(self.places(rows), found, strict=True)]
        left = [(place, value) for place, value in given if not self._edits.dropped(place.key)]
        self._edits.set_labels(left, model.label, new)

    def all_dropped(self, rows: Sequence[int]) -> bool:
        """Whether each of them is left out already."""
        return all(self._edits.dropped(place.key) for place in self.places(rows))

    def toggle_dropped(self, rows: Sequence[int]) -> None:
        """Leave them out; or take them in again, where all of them are left out."""
        self._edits.drop_all(self.places(rows), not self.all_dropped(rows))

    def note(self, rows: Sequence[int]) -> str:
        """The note that all of them have; empty where they have different ones, or none."""
        notes = {self._edits.note(place.key) for place in self.places(rows)}
        return notes.pop() if len(notes) == 1 else ""

    def set_note(self, rows: Sequence[int], note: str) -> None:
        """Note the same on all of them."""
        self._edits.set_notes(self.places(rows), note)
