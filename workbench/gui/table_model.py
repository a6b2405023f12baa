"""An Arrow table as a Qt model: nothing is copied, and only the rows in sight are turned into text."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from workbench.gui.theme import current

if TYPE_CHECKING:
    from workbench.data.tables import Table

Index = QModelIndex | QPersistentModelIndex

#: The whole text of a cell, None where the value is missing.
FULL_TEXT = int(Qt.ItemDataRole.UserRole) + 1

MISSING = "–"
_SHOWN = (
    240  # characters of a cell that a view gets; laying out a long document for one line costs 10 ms and more
)
_TOLD = 900  # characters of a cell in its tooltip
_KEPT = 400  # rows that stay turned into text: about ten screens


class TableModel(QAbstractTableModel):
    """Rows and columns of a `Table` for a view."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table: Table | None = None
        self._roles: dict[str, str] = {}
        self._rows: OrderedDict[int, tuple[str | None, ...]] = OrderedDict()

    @property
    def table(self) -> Table | None:
        """What is shown."""
        return self._table

    def show_table(self, table: Table | None) -> None:
        """Show another table; the same one again changes nothing."""
        if table is self._table:
            return
        self.beginResetModel()
        self._table = table
        self._rows.clear()
        self.endResetModel()

    def mark_columns(self, roles: dict[str, str]) -> None:
        """Say beside their names what columns are used for, as `{"review": "text"}`."""
        if roles != self._roles:
            self._roles = dict(roles)
            if self.columnCount():
                self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """All rows; the view asks only for those in sight."""
        return self._table.rows if self._table and not parent.isValid() else 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The table's columns."""
        return len(self._table.columns) if self._table and not parent.isValid() else 0

    def full_text(self, row: int, column: int) -> str | None:
        """A cell's whole text, or None where the value is missing."""
        return self._row(row)[column]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One line of a cell for showing, its whole text for reading, a muted dash for a missing value."""
        if not index.isValid() or role not in _ANSWERED:
            return None
        value = self._row(index.row())[index.column()]
        if role == FULL_TEXT:
            return value
        missing = value is None or not value.strip()
        if role == Qt.ItemDataRole.ForegroundRole:
            return current().colour("muted") if missing else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(value or "")
        if missing or value is None:
            spoken = role == Qt.ItemDataRole.AccessibleTextRole
            return self.tr("missing") if spoken else MISSING
        return one_line(value)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """A column's name and use, or a row's number, counted from 1."""
        if self._table is None:
            return None
        if orientation == Qt.Orientation.Vertical:
            return f"{section + 1:,}".replace(",", "\u202f") if role == Qt.ItemDataRole.DisplayRole else None
        name = self._table.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            use = self._roles.get(name)
            return f"{one_line(name)}  ·  {use}" if use and use != name.lower() else one_line(name)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(name, always=True)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def _row(self, row: int) -> tuple[str | None, ...]:
        assert self._table is not None
        found = self._rows.get(row)
        if found is None:
            found = self._rows[row] = self._table.row(row)
            if len(self._rows) > _KEPT:
                self._rows.popitem(last=False)
        return found


_ANSWERED = frozenset(
    {
        int(Qt.ItemDataRole.DisplayRole),
        int(Qt.ItemDataRole.ForegroundRole),
        int(Qt.ItemDataRole.ToolTipRole),
        int(Qt.ItemDataRole.AccessibleTextRole),
        FULL_TEXT,
    }
)


def one_line(text: str) -> str:
    """The beginning of a text on a single line."""
    line = " ".join(text[: 2 * _SHOWN].split())
    cut = len(line) > _SHOWN or len(text) > 2 * _SHOWN
    return line[:_SHOWN].rstrip() + "…" if cut else line


def _tooltip(text: str, *, always: bool = False) -> str | None:
    if not always and len(text) < 40 and "\n" not in text:
        return None
    shown = text[:_TOLD] + ("…" if len(text) > _TOLD else "")
    escaped = shown.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
    return f"<qt>{escaped}</qt>"  # rich text, because only rich tooltips wrap
