"""Rows of found things as a Qt table that can be sorted by any column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from workbench.gui.widgets import explain_widget

Index = QModelIndex | QPersistentModelIndex
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, by what it is sorted (the text where that is None), and perhaps a colour or a mark before
    it."""

    text: str
    key: float | None = None
    colour: QColor | QPixmap | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row, and what it stands for."""

    cells: tuple[Cell, ...]
    value: Any


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading and what it means; `wide` takes the room that is left, numbers stand at the right."""

    text: str
    help: str = ""
    wide: bool = False
    number: bool = False


class RowsModel(QAbstractTableModel):
    """The rows in the order of a column."""

    def __init__(self, headings: Sequence[Heading]) -> None:
        super().__init__()
        self._headings = tuple(headings)
        self._rows: list[Row] = []
        self._sorted: tuple[int, Qt.SortOrder] | None = None

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows, in the order that is on."""
        self.beginResetModel()
        self._rows = list(rows)
        if self._sorted:
            self._order(*self._sorted)
        self.endResetModel()

    def row(self, index: int) -> Row:
        """One row."""
        return self._rows[index]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """How many rows."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """How many columns."""
        return 0 if parent.isValid() else len(self._headings)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, alignment and colour of a cell."""
        cell = self._rows[index.row()].cells[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return cell.text
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(index.column())
        if role == Qt.ItemDataRole.DecorationRole:
            return cell.colour
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The headings."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        heading = self._headings[section]
        return {
            Qt.ItemDataRole.DisplayRole: heading.text,
            Qt.ItemDataRole.TextAlignmentRole: self._side(section),
            Qt.ItemDataRole.ToolTipRole: f"<qt>{heading.help}</qt>" if heading.help else None,
        }.get(Qt.ItemDataRole(role))

    def _side(self, column: int) -> Qt.AlignmentFlag:
        return _RIGHT if self._headings[column].number else _LEFT

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order the rows by a column."""
        self.layoutAboutToBeChanged.emit()
        self._sorted = column, order
        self._order(column, order)
        self.layoutChanged.emit()

    def _order(self, column: int, order: Qt.SortOrder) -> None:
        falling = order == Qt.SortOrder.DescendingOrder

        def key(row: Row) -> tuple[bool, float, str]:
            cell = row.cells[column]
            number = cell.key if cell.key is not None else 0.0
            missing = math.isnan(number)
            return (missing != falling, 0.0 if missing else number, cell.text.casefold())

        if 0 <= column < len(self._headings):
            self._rows.sort(key=key, reverse=falling)


class RowsTable(QTableView):
    """A table of rows; `opened` tells what the clicked row, or the one on which Enter was pressed, stands for."""

    opened = Signal(object)

    def __init__(self, headings: Sequence[Heading], name: str, help: str) -> None:
        super().__init__()
        self.rows = RowsModel(headings)
        self.rows.setParent(self)
        self.setModel(self.rows)
        self.setSortingEnabled(True)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        for column, heading in enumerate(headings):
            mode = QHeaderView.ResizeMode.Stretch if heading.wide else QHeaderView.ResizeMode.ResizeToContents
            header.setSectionResizeMode(column, mode)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        explain_widget(self, help, name)
        self.clicked.connect(lambda index: self._open(index.row()))

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        self.rows.show_rows(rows)

    def narrow(self, widths: Sequence[int]) -> None:
        """Give the columns after the first one these widths, which a person can change; the first takes the rest."""
        header = self.horizontalHeader()
        header.setMinimumSectionSize(40)
        for column, width in enumerate(widths, start=1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            self.setColumnWidth(column, width)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens the row."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def _open(self, row: int) -> None:
        self.opened.emit(self.rows.row(row).value)
