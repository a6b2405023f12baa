"""The table of evaluated rows: its columns, its keys, and what is chosen in it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableView,
)

from workbench.gui.evaluate.rows_model import RowsModel
from workbench.gui.widgets import (
    explain_widget,
)

Index = QModelIndex | QPersistentModelIndex


class RowsTable(QTableView):
    """The table; a click on a heading sorts, Enter opens, a number key gives a class."""

    open_wanted = Signal()
    class_wanted = Signal(int)
    drop_wanted = Signal()
    menu_wanted = Signal(object)  # where, as a global point

    def __init__(self, model: RowsModel) -> None:
        super().__init__()
        self.rows = model
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        numbers, names = self.verticalHeader(), self.horizontalHeader()
        numbers.hide()
        numbers.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        numbers.setDefaultSectionSize(26)
        names.setHighlightSections(False)
        names.setSectionsClickable(True)
        names.setSortIndicatorShown(True)
        names.setMinimumSectionSize(44)
        names.sectionClicked.connect(self._sort)
        self.setMinimumHeight(90)
        self.doubleClicked.connect(lambda _: self.open_wanted.emit())
        explain_widget(
            self, self.tr("Enter opens a row on the Attention page."), self.tr("Rows of the evaluation")
        )

    def fit(self) -> None:
        """Give columns the room that they need; the text gets what is left."""
        names, metrics = self.horizontalHeader(), self.fontMetrics()
        most = 112 if any(one.key == "other" for one in self.rows.columns) else 140
        for number, one in enumerate(self.rows.columns):
            if one.key == "text":
                names.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)
                continue
            names.setSectionResizeMode(number, QHeaderView.ResizeMode.Interactive)
            sampled = range(min(40, self.rows.rowCount()))
            texts = [f"{one.title}   ", *(self.rows.text(one.key, self.rows.place(i)) for i in sampled)]
            mark = 22 if one.key in ("predicted", "other") else 0
            self.setColumnWidth(number, min(most, max(map(metrics.horizontalAdvance, texts)) + 24 + mark))
        self._show_sorted()

    def make_room(self, key: str, most: int = 190) -> None:
        """Widen a column whose texts have become longer; one that a person has made wider stays so."""
        number = next((i for i, one in enumerate(self.rows.columns) if one.key == key), -1)
        texts = [self.rows.text(key, self.rows.place(i)) for i in range(min(40, self.rows.rowCount()))]
        if number >= 0 and texts:
            wanted = min(most, max(map(self.fontMetrics().horizontalAdvance, texts)) + 24)
            self.setColumnWidth(number, max(wanted, self.columnWidth(number)))

    def _show_sorted(self) -> None:
        key, falling = self.rows.sorted_by
        number = next((i for i, one in enumerate(self.rows.columns) if one.key == key), -1)
        order = Qt.SortOrder.DescendingOrder if falling else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(number, order)

    def _sort(self, section: int) -> None:
        one = self.rows.columns[section]
        key, falling = self.rows.sorted_by
        # What one looks for first: large losses and distances, small row numbers and letters.
        first = one.key in ("loss", "apart", "probability")
        self.rows.order_by(one.key, not falling if key == one.key else first)
        self._show_sorted()
        self.scrollToTop()

    def chosen(self) -> list[int]:
        """The chosen rows' places in the evaluation, as they are shown."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.rows.place(row) for row in rows]

    def current(self) -> int:
        """The place of the row that has the keyboard; -1 for none."""
        index = self.currentIndex()
        return self.rows.place(index.row()) if index.isValid() and index.row() < self.rows.rowCount() else -1

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens the row, a number key gives its class, Delete leaves it out."""
        digit = event.key() - int(Qt.Key.Key_1)
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current() >= 0:
            self.open_wanted.emit()
        elif plain and 0 <= digit < 9:
            self.class_wanted.emit(digit)
        elif event.key() == Qt.Key.Key_Delete:
            self.drop_wanted.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with the row."""
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if keyboard else self.indexAt(event.pos())
        if index.isValid():
            if not self.selectionModel().isRowSelected(index.row()):
                self.setCurrentIndex(index)
            at = self.visualRect(index).center() if keyboard else event.pos()
            self.menu_wanted.emit(self.viewport().mapToGlobal(at))
