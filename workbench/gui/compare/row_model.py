"""Rows of an agreement as a table: the text, what is right, and what each of the two runs says."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush

from workbench.gui.table_model import one_line
from workbench.gui.theme import current
from workbench.run.comparison import Agreement

Index = QModelIndex | QPersistentModelIndex
_SHOWN = 240


class RowModel(QAbstractTableModel):
    """Some rows of an agreement."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Agreement | None = None
        self.rows: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.titles = ("", "")

    def show_rows(self, found: Agreement | None, rows: NDArray[np.int64], titles: tuple[str, str]) -> None:
        """Show these rows of an agreement; the titles are those of the two runs."""
        self.beginResetModel()
        self.found, self.rows, self.titles = found, rows, titles
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """How many rows are shown."""
        return 0 if parent.isValid() or self.found is None else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Text, right, first, second."""
        return 0 if parent.isValid() else 4

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The titles of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("Text"), self.tr("Right"), *self.titles)[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell; a wrong answer is red."""
        if self.found is None or index.row() >= len(self.rows):
            return None
        place, column = int(self.rows[index.row()]), index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            text = self.found.texts[place]
            if column == 0:
                return one_line(text)[:_SHOWN] if role == Qt.ItemDataRole.DisplayRole else text[:900]
            return self.found.true[place] if column == 1 else self.found.said[place][column - 2]
        if role == Qt.ItemDataRole.ForegroundRole and column > 1:
            right = self.found.right(place)[column - 2]
            return QBrush(current().colour("good" if right else "bad"))
        return None
