"""The rows of an evaluation as a Qt table: any part of them, in the order of any column; nothing is copied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QPixmap

from workbench.gui.icons import pixmap
from workbench.gui.probabilities import percent
from workbench.gui.table_model import grouped, one_line
from workbench.gui.theme import current
from workbench.run.evaluated import Evaluated

Index = QModelIndex | QPersistentModelIndex
Ints = NDArray[np.int64]
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key, its heading, what it means, and whether it holds numbers."""

    key: str
    title: str
    help: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class ByHand:
    """What was done to a row by hand since: its label now (empty for the same), and whether it is left out."""

    label: str = ""
    dropped: bool = False


NOTHING = ByHand()


def columns_of(found: Evaluated) -> list[Column]:
    """The columns that an evaluation fills."""
    labelled = found.rows.true is not None
    columns = [Column("row", "Row", "The row's number in its file.", True), Column("text", "Text", "")]
    if labelled:
        columns.append(Column("true", "True", "The right class, as the rows say it."))
    columns.append(Column("predicted", "Predicted", "The most probable class."))
    columns.append(Column("probability", "Sure", "The probability of the predicted class.", True))
    if labelled:
        columns.append(
            Column("loss", "Loss", "How surprised the model is by the right class, in nats.", True)
        )
    if found.against is not None:
        columns.append(Column("other", "Other", f"What {found.against.model} predicts."))
        columns.append(
            Column("apart", "Apart", "How far the two models' probabilities lie apart, from 0 to 1.", True)
        )
    return columns


class RowsModel(QAbstractTableModel):
    """Some rows of an evaluation in the order of a column; `by_hand` tells what was changed since."""

    def __init__(self, by_hand: Callable[[int], ByHand], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.found: Evaluated | None = None
        self.columns: list[Column] = []
        self._by_hand = by_hand
        self._rows: Ints = np.empty(0, dtype=np.int64)
        self._sorted = ("loss", True)

    # ---- what is shown

    def show_evaluated(self, found: Evaluated | None, rows: Ints) -> None:
        """Show rows of another evaluation, with its columns."""
        self.beginResetModel()
        self.found = found
        self.columns = columns_of(found) if found else []
        if found is not None and self._sorted[0] not in {column.key for column in self.columns}:
            self._sorted = ("loss", True) if found.rows.true is not None else ("row", False)
        self._rows = self._ordered(rows)
        self.endResetModel()

    def show_rows(self, rows: Ints) -> None:
        """Show other rows of the same evaluation."""
        self.beginResetModel()
        self._rows = self._ordered(rows)
        self.endResetModel()

    def redraw(self) -> None:
        """What was done by hand is something else now."""
        if self._rows.size and self.columns:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(self.columns) - 1))

    def place(self, row: int) -> int:
        """Where the row that is shown at `row` stands among the evaluation's rows."""
        return int(self._rows[row])

    def shown_at(self, place: int) -> int:
        """Where a row of the evaluation is shown; -1 where it is not."""
        found = np.flatnonzero(self._rows == place)
        return int(found[0]) if len(found) else -1

    @property
    def sorted_by(self) -> tuple[str, bool]:
        """The key of the column that rows are sorted by, and whether the largest comes first."""
        return self._sorted

    def order_by(self, key: str, falling: bool) -> None:
        """Sort by a column."""
        self.layoutAboutToBeChanged.emit()
        self._sorted = key, falling
        self._rows = self._ordered(self._rows)
        self.layoutChanged.emit()

    def _ordered(self, rows: Ints) -> Ints:
        if self.found is None:
            return rows
        key, falling = self._sorted
        values = self._keys(key, np.sort(rows))
        order = np.argsort(values, kind="stable")
        if falling:  # of equal ones still the first comes first
            order = np.argsort(-values if values.dtype.kind in "if" else _places(values), kind="stable")
        found: Ints = np.sort(rows)[order]
        return found

    def _keys(self, key: str, rows: Ints) -> NDArray[Any]:
        found = self.found
        assert found is not None
        scores, against = found.rows, found.against
        names = np.array([name.casefold() for name in (*scores.names, "\uffff")])
        if key == "row":
            return scores.row_ids.rows[rows]
        if key == "true" and scores.true is not None:
            return names[scores.true[rows]]
        if key == "predicted":
            return names[scores.predicted[rows]]
        if key == "probability":
            return scores.sureness[rows]
        if key == "loss":
            return scores.losses[rows]
        if key == "other" and against is not None:
            return names[against.predicted[rows]]
        if key == "apart" and against is not None:
            return against.apart[rows]
        return np.array([scores.texts[i][:80].casefold() for i in rows], dtype=np.str_)

    # ---- Qt's questions

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """All rows that the filters choose; the view asks only for those in sight."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """As `columns_of`."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, side, colour and mark of a cell."""
        if not index.isValid() or self.found is None:
            return None
        column, place = self.columns[index.column()], self.place(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(column.key, place)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.number else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(column.key, place)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(column.key, place)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._mark(column.key, place)
        if role in (Qt.ItemDataRole.ForegroundRole, Qt.ItemDataRole.FontRole):
            return self._look(column.key, place, role)
        return None

    def text(self, key: str, place: int) -> str:
        """A cell's text."""
        found = self.found
        assert found is not None
        scores, against = found.rows, found.against
        if key == "row":
            return grouped(int(scores.row_ids.rows[place]) + 1)
        if key == "text":
            return one_line(scores.texts[place])
        if key == "true" and scores.true is not None:
            now = self._by_hand(place).label
            true: str = scores.names[scores.true[place]]
            return f"{true} → {now}" if now else true
        if key == "predicted":
            return str(scores.names[scores.predicted[place]])
        if key == "probability":
            return percent(float(scores.sureness[place]))
        if key == "loss":
            return f"{scores.losses[place]:.3f}"
        if key == "other" and against is not None:
            other = int(against.predicted[place])
            return scores.names[other] if other >= 0 else self.tr("another class")
        if key == "apart" and against is not None:
            return f"{against.apart[place]:.2f}"
        return ""

    def _wrong(self, key: str, place: int) -> bool | None:
        """Whether a predicted class is wrong; None for other cells and without labels."""
        found = self.found
        assert found is not None
        if found.rows.true is None or key not in ("predicted", "other"):
            return None
        said = (
            found.rows.predicted if key == "predicted" or found.against is None else found.against.predicted
        )
        return bool(said[place] != found.rows.true[place])

    def _mark(self, key: str, place: int) -> Any:
        wrong = self._wrong(key, place)
        if wrong is None:
            return None
        return mark_of(wrong)

    def _look(self, key: str, place: int, role: int) -> Any:
        hand = self._by_hand(place)
        if role == Qt.ItemDataRole.FontRole:
            if not hand.dropped:
                return None
            font = QFont()
            font.setStrikeOut(True)
            return font
        if hand.dropped or key == "row":
            return current().colour("muted")
        if key == "true" and hand.label:
            return current().colour("accent")
        return current().colour("bad") if self._wrong(key, place) else None

    def _spoken(self, key: str, place: int) -> str:
        wrong, text = self._wrong(key, place), self.text(key, place)
        if wrong is not None:
            text = f"{text}, {self.tr('wrong') if wrong else self.tr('right')}"
        return f"{text}, {self.tr('dropped')}" if self._by_hand(place).dropped else text

    def _tooltip(self, key: str, place: int) -> str | None:
        assert self.found is not None
        if key == "text":
            text = self.found.rows.texts[place]
            return (
                f"<qt>{text[:900].replace('&', '&amp;').replace('<', '&lt;')}</qt>"
                if len(text) > 40
                else None
            )
        if key == "true" and self._by_hand(place).label:
            return self.tr("Changed by hand since this was measured. Train again to see what it brings.")
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The headings."""
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.tr(column.title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.number else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"<qt>{' '.join(part for part in (column.help, 'A click sorts by it.') if part)}</qt>"
        return None


def mark_of(wrong: bool) -> QPixmap:
    """The mark before what is right or wrong, in the theme that is on."""
    return _drawn("close", current().bad) if wrong else _drawn("check", current().good)


@lru_cache(maxsize=8)
def _drawn(name: str, tone: str) -> QPixmap:
    return pixmap(name, tone, 12, 2.0)


def _places(values: NDArray[Any]) -> Ints:
    """Numbers that grow as texts fall."""
    _, place = np.unique(values, return_inverse=True)
    found: Ints = -place.astype(np.int64)
    return found


def table_of(model: RowsModel, places: Sequence[int]) -> list[list[str]]:
    """Rows as plain texts for a file, with a probability for each class; the first line is the heading."""
    found = model.found
    if found is None:
        return []
    scores = found.rows
    head = ["file", "row", "text", "true", "predicted", "probability", "loss"]
    if found.against is not None:
        head += ["other_predicted", "apart"]
    lines = [[*head, *(f"p({name})" for name in scores.names)]]
    for place in places:
        true = scores.names[scores.true[place]] if scores.true is not None else ""
        line = [
            scores.row_ids.file, str(int(scores.row_ids.rows[place]) + 1), scores.texts[place], true,
            scores.names[scores.predicted[place]], f"{scores.sureness[place]:.6f}",
            f"{scores.losses[place]:.6f}" if true else "",
        ]  # fmt: skip
        if found.against is not None:
            line += [model.text("other", place), f"{found.against.apart[place]:.6f}"]
        lines.append([*line, *(f"{value:.6f}" for value in scores.probabilities[place])])
    return lines
