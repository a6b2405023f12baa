"""Rows as a Qt model, in any order: nothing is copied, and only the rows in sight are turned into text."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from workbench.data.frame import Frame
from workbench.data.tables import as_text
from workbench.gui.data.edits import Edits, Place
from workbench.gui.theme import current

if TYPE_CHECKING:
    from workbench.data.row_order import Indices, Rows

Index = QModelIndex | QPersistentModelIndex

#: The whole text of a cell, None where the value is missing.
FULL_TEXT = int(Qt.ItemDataRole.UserRole) + 1
#: Whether the cell was changed by hand, and whether its row has a note.
CHANGED = FULL_TEXT + 1
NOTED = FULL_TEXT + 2
#: Whether the row is one in which something was found.
HIT = FULL_TEXT + 3

MISSING = "–"
_SHOWN = (
    240  # characters of a cell that a view gets; laying out a long document for one line costs 10 ms and more
)
_TOLD = 900  # characters of a cell in its tooltip
_KEPT = 400  # rows that stay turned into text: about ten screens


class TableModel(QAbstractTableModel):
    """Rows and columns of a `Table` or a `Frame` for a view, with what was done to them by hand.

    Rows of the view are counted from 0 in the order that is shown; `source_row` is the row's number in the table.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table: Rows | None = None
        self._order: Indices | None = None
        self._hits: Indices | None = None
        self._edits: Edits | None = None
        self._label = ""
        self._editable = True
        self._roles: dict[str, str] = {}
        self._rows: OrderedDict[int, tuple[str | None, ...]] = OrderedDict()

    @property
    def table(self) -> Rows | None:
        """What is shown."""
        return self._table

    @property
    def label(self) -> str:
        """The column that holds labels; empty for none."""
        return self._label

    @property
    def edits(self) -> Edits | None:
        """What was done by hand, where rows can be told apart by keys."""
        return self._edits if isinstance(self._table, Frame) else None

    @property
    def editable(self) -> bool:
        """Whether rows can be changed by hand: they need keys, and to be those of the untouched file."""
        return self._editable and self.edits is not None

    def show_table(self, table: Rows | None) -> None:
        """Show another table in the order of its file; the same one again changes nothing."""
        if table is self._table:
            return
        self.beginResetModel()
        self._table = table
        self._order = self._hits = None
        self._rows.clear()
        self.endResetModel()

    def show_order(self, order: Indices | None, hits: Indices | None = None) -> None:
        """Show these rows in this order, None for all; `hits` are the places in it that are marked, ascending."""
        self.beginResetModel()
        self._order, self._hits = order, hits
        self.endResetModel()

    def show_edits(self, edits: Edits, label: str, *, editable: bool = True) -> None:
        """Show what was done by hand; `label` is the column that holds labels, empty for none."""
        self._label, self._editable = label, editable
        if edits is not self._edits:
            self._edits = edits
            edits.changed.connect(self._redraw)
        self._redraw()

    def mark_columns(self, roles: dict[str, str]) -> None:
        """Say beside their names what columns are used for, as `{"review": "text"}`."""
        if roles != self._roles:
            self._roles = dict(roles)
            if self.columnCount():
                self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)

    # ---- places

    def source_row(self, row: int) -> int:
        """The number in the table of the row that a view shows at `row`."""
        return row if self._order is None else int(self._order[row])

    def view_row(self, source: int) -> int:
        """Where the table's row is shown; -1 where it is not."""
        if self._order is None:
            return source if source < self.rowCount() else -1
        found = np.flatnonzero(self._order == source)  # 10 ms for ten million
        return int(found[0]) if len(found) else -1

    def number(self, row: int) -> int:
        """The number in the untouched file of a row that is shown, counted from 1."""
        source, table = self.source_row(row), self._table
        return (int(table.origin[source]) if isinstance(table, Frame) else source) + 1

    def place(self, row: int) -> Place:
        """The key and the number of a row that is shown; the key is 0 where rows have none."""
        table = self._table
        key = int(table.keys[self.source_row(row)]) if isinstance(table, Frame) else 0
        return Place(key, self.number(row))

    def found_text(self, row: int, column: int) -> str | None:
        """What the table has in a cell, whatever was done by hand."""
        return self._row(self.source_row(row))[column]

    def full_text(self, row: int, column: int) -> str | None:
        """A cell's whole text as it is now, or None where the value is missing."""
        found, edits = self.found_text(row, column), self._made
        if edits is None or self._table is None or not self._editable:
            return found  # after the steps, rows have the edits in them, and may have been changed further
        name = self._table.columns[column]
        return edits.value(self.place(row).key, name, found, label=name == self._label)

    def is_hit(self, row: int) -> bool:
        """Whether the row at this place is marked as one in which something was found."""
        if self._hits is None:
            return False
        at = int(np.searchsorted(self._hits, row))
        return at < len(self._hits) and int(self._hits[at]) == row

    # ---- Qt's questions

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """All rows; the view asks only for those in sight."""
        if self._table is None or parent.isValid():
            return 0
        return self._table.rows if self._order is None else len(self._order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The table's columns."""
        return len(self._table.columns) if self._table and not parent.isValid() else 0

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Cells can be edited where rows have keys and are not dropped."""
        flags = super().flags(index)
        if index.isValid() and self.editable and not self.is_dropped(index.row()):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One line of a cell for showing, its whole text for reading, a muted dash for a missing value."""
        if not index.isValid() or role not in _ANSWERED:
            return None
        row, column = index.row(), index.column()
        if role == HIT:
            return self.is_hit(row)
        if role == NOTED:
            return bool(self.note(row))
        if role == Qt.ItemDataRole.FontRole:
            return _struck() if self.is_dropped(row) else None
        value = self.full_text(row, column)
        if role in (FULL_TEXT, Qt.ItemDataRole.EditRole):
            return value
        changed = self.edits is not None and value != self.found_text(row, column)
        if role == CHANGED:
            return changed
        missing = value is None or not value.strip()
        if role == Qt.ItemDataRole.ForegroundRole:
            return current().colour("muted") if missing or self.is_dropped(row) else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(row, column, value or "", changed)
        spoken = role == Qt.ItemDataRole.AccessibleTextRole
        shown = one_line(value) if value is not None and not missing else MISSING
        return self._spoken(row, self.tr("missing") if missing else shown, changed) if spoken else shown

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Change a cell by hand; a blank value is a missing one."""
        if role != Qt.ItemDataRole.EditRole or not index.isValid() or not self.editable:
            return False
        edits, table = self._edits, self._table
        assert edits is not None and table is not None
        row, column = index.row(), index.column()
        name, found, place = table.columns[column], self.found_text(row, column), self.place(row)
        new = str(value) if value is not None and str(value).strip() else None
        if new == self.full_text(row, column) or (
            new is None and not (self.full_text(row, column) or "").strip()
        ):
            return False
        put = edits.set_label if name == self._label else edits.set_cell
        put(place, name, found, new)
        return True

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """A column's name and use, or a row's number in the untouched file, counted from 1."""
        if self._table is None:
            return None
        if orientation == Qt.Orientation.Vertical:
            if role != Qt.ItemDataRole.DisplayRole or section >= self.rowCount():
                return None
            return grouped(self.number(section))
        name = self._table.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            use = self._roles.get(name)
            return f"{one_line(name)}  ·  {use}" if use and use != name.lower() else one_line(name)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _rich(name) + self.tr("<br>A click sorts by this column.")
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def _row(self, source: int) -> tuple[str | None, ...]:
        assert self._table is not None
        found = self._rows.get(source)
        if found is None:
            data = self._table.data
            found = self._rows[source] = tuple(as_text(column[source].as_py()) for column in data.columns)
            if len(self._rows) > _KEPT:
                self._rows.popitem(last=False)
        return found

    @property
    def _made(self) -> Edits | None:
        """The edits where there are any: without, no row need have a key, and keys take their time."""
        edits = self.edits
        return edits if edits is not None and edits.patch else None

    def is_dropped(self, row: int) -> bool:
        """Whether the row was dropped by hand."""
        edits = self._made
        return edits is not None and edits.dropped(self.place(row).key)

    def note(self, row: int) -> str:
        """The note on a row; empty for none."""
        edits = self._made
        return edits.note(self.place(row).key) if edits is not None else ""

    def _tooltip(self, row: int, column: int, value: str, changed: bool) -> str | None:
        lines = []
        if self.is_dropped(row):
            lines.append(self.tr("<b>Dropped by hand.</b> It is left out of training."))
        if changed:
            before = self.found_text(row, column)
            old = _rich(before[:200]) if before else self.tr("nothing")
            lines.append(self.tr("<b>Changed by hand.</b> Before: {0}").format(old))
        if note := self.note(row):
            lines.append(self.tr("<b>Note:</b> {0}").format(_rich(note)))
        if not lines and len(value) < 40 and "\n" not in value:
            return None
        if value and (len(value) >= 40 or "\n" in value):
            lines.append(_rich(value))
        return "<qt>" + "<br>".join(lines) + "</qt>"  # rich text, because only rich tooltips wrap

    def _spoken(self, row: int, shown: str, changed: bool) -> str:
        more = [self.tr("changed by hand")] if changed else []
        more += [self.tr("dropped")] if self.is_dropped(row) else []
        more += [self.tr("has a note")] if self.note(row) else []
        return ", ".join([shown, *more])

    def _redraw(self, key: int | None = None) -> None:
        if rows := self.rowCount():  # the view draws again only what is in sight
            self.dataChanged.emit(self.index(0, 0), self.index(rows - 1, self.columnCount() - 1))


_ANSWERED = frozenset(
    {
        int(Qt.ItemDataRole.DisplayRole),
        int(Qt.ItemDataRole.EditRole),
        int(Qt.ItemDataRole.FontRole),
        int(Qt.ItemDataRole.ForegroundRole),
        int(Qt.ItemDataRole.ToolTipRole),
        int(Qt.ItemDataRole.AccessibleTextRole),
        FULL_TEXT,
        CHANGED,
        NOTED,
        HIT,
    }
)


def one_line(text: str) -> str:
    """The beginning of a text on a single line."""
    line = " ".join(text[: 2 * _SHOWN].split())
    cut = len(line) > _SHOWN or len(text) > 2 * _SHOWN
    return line[:_SHOWN].rstrip() + "…" if cut else line


def grouped(number: int) -> str:
    """The number with narrow gaps between thousands."""
    return f"{number:,}".replace(",", "\u202f")


def _struck() -> QFont:
    font = QFont()
    font.setStrikeOut(True)
    return font


def _rich(text: str) -> str:
    """The beginning of a text for a rich tooltip."""
    shown = text[:_TOLD] + ("…" if len(text) > _TOLD else "")
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
