"""The table of rows: sorted by a click on a column, changed by hand a cell or many rows at a time, with a menu."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTableView,
)

from workbench.data.suggest import counted
from workbench.gui.data.many_rows import MOST_AT_ONCE, ManyRows, chosen_rows, count_chosen, too_many
from workbench.gui.data.row_cells import RowCells
from workbench.gui.icons import icon
from workbench.gui.table_model import TableModel, one_line
from workbench.gui.widgets import explain_widget

Index = QModelIndex | QPersistentModelIndex
_SAMPLED = 40  # rows that decide how wide a column is
_OFFERED = 30  # classes in the menu; more are a list that nobody reads
ROW_HEIGHT = 28


class RowTable(QTableView):
    """Rows of a `TableModel`; the text itself is read and changed elsewhere."""

    sort_wanted = Signal(str, bool)  # column ("" for the order of the file), descending
    text_edit_wanted = Signal(int)  # the row as it is shown
    note_wanted = Signal(object)  # the rows as they are shown
    refused = Signal(object)  # Problem: why something cannot be done to the chosen rows
    chosen_changed = Signal(int)  # how many rows are chosen

    def __init__(self, model: TableModel) -> None:
        super().__init__()
        self._rows = model
        self._text = ""
        self._classes: tuple[str, ...] = ()
        self._sorted: tuple[str, bool] = ("", False)
        self.setModel(model)
        self.selectionModel().selectionChanged.connect(
            lambda *_: self.chosen_changed.emit(self.chosen_count())
        )
        self.many = ManyRows(model)
        self._cells = RowCells(self)
        self.setItemDelegate(self._cells)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        numbers, names = self.verticalHeader(), self.horizontalHeader()
        # All rows are equally high: otherwise the view would ask ten million of them how high they are.
        numbers.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        numbers.setDefaultSectionSize(ROW_HEIGHT)
        numbers.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        names.setHighlightSections(False)
        numbers.setHighlightSections(False)
        names.setMinimumSectionSize(48)
        names.setSectionsClickable(True)
        names.setSortIndicatorShown(True)
        names.sectionClicked.connect(self._clicked)
        explain_widget(self, "", self.tr("Rows of the data set"))
        self.show_sorted("", False)

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels that are offered."""
        return self._classes

    def show_columns(self, text: str, classes: Sequence[str], *, fit: bool) -> None:
        """Say which column is read, and which labels there are; `fit` gives columns the room that they need."""
        self._text, self._classes = text, tuple(classes)
        self._cells.note_column = self.text_column()
        if fit:
            self._fit_columns()

    def show_sorted(self, column: str, descending: bool) -> None:
        """Show by which column rows are sorted, without the signal."""
        self._sorted = (column, descending)
        table = self._rows.table
        at = table.columns.index(column) if table and column in table.columns else -1
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(at, order)

    def text_column(self) -> int:
        """The place of the column that is read; the first one where none is."""
        table = self._rows.table
        return table.columns.index(self._text) if table and self._text in table.columns else 0

    def setCurrentIndex(self, index: Index) -> None:
        """Go to a cell whose row is then chosen alone, whatever key is held, such as Ctrl for Ctrl+Z."""
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)

    def go_to(self, row: int) -> None:
        """Choose the row that is shown at this place, and bring it into sight."""
        column = max(0, self.currentIndex().column()) if self.currentIndex().isValid() else self.text_column()
        self.setCurrentIndex(self._rows.index(row, column))

    def _clicked(self, section: int) -> None:
        """Ascending, then descending, then the order of the file."""
        table = self._rows.table
        if table is None:
            return
        name = table.columns[section]
        column, descending = self._sorted
        wanted = (name, False) if column != name else (("", False) if descending else (name, True))
        self.show_sorted(*wanted)  # Qt has turned its arrow by itself
        self.sort_wanted.emit(*wanted)

    def _fit_columns(self) -> None:
        """Short columns get the room they need, the text gets what is left."""
        table, names, metrics = self._rows.table, self.horizontalHeader(), self.fontMetrics()
        if table is None:
            return
        names.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        wide = self.text_column()
        for column in range(len(table.columns)):
            title = str(self._rows.headerData(column, Qt.Orientation.Horizontal)) + "    "  # and the arrow
            sampled = range(min(_SAMPLED, self._rows.rowCount()))
            texts = [title, *(str(self._rows.index(row, column).data()) for row in sampled)]
            needed = max(metrics.horizontalAdvance(text[:60]) for text in texts) + 28
            self.setColumnWidth(column, max(56, min(needed, 520 if column == wide else 220)))
        names.setStretchLastSection(False)
        if len(table.columns) <= 6:
            names.setSectionResizeMode(wide, QHeaderView.ResizeMode.Stretch)

    # ---- by hand

    def edit(self, index: Index, *how: object) -> bool:  # type: ignore[override]
        """A text is changed where it can be read whole; other cells are changed in their place."""
        if not how:
            super().edit(index)
            return True
        trigger, event = how
        table = self._rows.table
        wanted = trigger == QAbstractItemView.EditTrigger.AllEditTriggers or bool(
            self.editTriggers() & trigger  # type: ignore[operator]
        )
        if wanted and table and self._text and table.columns[index.column()] == self._text:
            if index.flags() & Qt.ItemFlag.ItemIsEditable:
                self.text_edit_wanted.emit(index.row())
            return False
        return super().edit(index, trigger, event)  # type: ignore[call-overload, no-any-return]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies the whole cell, or the rows where several are chosen; Delete drops the chosen rows."""
        index = self.currentIndex()
        if event.matches(QKeySequence.StandardKey.Copy) and index.isValid():
            if self.chosen_count() > 1:
                self.copy_rows(self.chosen())
            else:
                self.copy_cell(index)
        elif event.key() == Qt.Key.Key_Delete and index.isValid() and self._rows.editable:
            self.toggle_dropped(self.chosen() if self.chosen_count() else [index.row()])
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with the row."""
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if keyboard else self.indexAt(event.pos())
        if not index.isValid():
            return
        self._make_current(index)
        at = self.visualRect(index).center() if keyboard else event.pos()
        self.row_menu(index).popup(self.viewport().mapToGlobal(at))

    def row_menu(self, index: QModelIndex) -> QMenu:
        """The menu of a cell and its row; it deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        row, edits = index.row(), self._rows.edits
        if self.chosen_count() > 1 and self.selectionModel().isRowSelected(row):
            self._fill_menu(menu, index)
            return menu
        if edits is not None and self._rows.editable:
            place = self._rows.place(row)
            dropped = edits.dropped(place.key)
            if not dropped:
                edit = menu.addAction(icon("pencil"), self.tr("Edit"), lambda: self.edit_now(index))
                edit.setShortcut(QKeySequence("F2"))
                if self._label_column() >= 0:
                    menu.addMenu(self._label_menu(menu, row))
            noted = self.tr("Change the note…") if edits.note(place.key) else self.tr("Add a note…")
            menu.addAction(noted, lambda: self.note_wanted.emit([row]))
            menu.addSeparator()
            words = self.tr("Take the row in again") if dropped else self.tr("Drop the row")
            drop = menu.addAction(
                icon("undo" if dropped else "trash"), words, lambda: self.toggle_dropped([row])
            )
            drop.setShortcut(QKeySequence("Del"))
            menu.addSeparator()
        copy = menu.addAction(icon("copy"), self.tr("Copy the cell"), lambda: self.copy_cell(index))
        copy.setShortcut(QKeySequence("Ctrl+C"))
        menu.addAction(self.tr("Copy the row"), lambda: self.copy_rows([row]))
        return menu

    def _fill_menu(self, menu: QMenu, index: QModelIndex) -> None:
        """What can be done with all chosen rows."""
        count, rows = self.chosen_count(), self.chosen()
        of = counted(count, "row")
        if not rows:
            menu.addAction(too_many(count).title).setEnabled(False)
            menu.addAction(
                self.tr("Why can they not be changed?"), lambda: self.refused.emit(too_many(count))
            )
            return
        if self._rows.editable:
            dropped = self.many.all_dropped(rows)
            if not dropped and self._label_column() >= 0:
                menu.addMenu(self._label_menu(menu, index.row(), rows))
            menu.addAction(self.tr("Note on {0}…").format(of), lambda: self.note_wanted.emit(rows))
            menu.addSeparator()
            words = self.tr("Take {0} in again") if dropped else self.tr("Drop {0}")
            drop = menu.addAction(
                icon("undo" if dropped else "trash"), words.format(of), lambda: self.toggle_dropped(rows)
            )
            drop.setShortcut(QKeySequence("Del"))
            menu.addSeparator()
        copy = menu.addAction(icon("copy"), self.tr("Copy {0}").format(of), lambda: self.copy_rows(rows))
        copy.setShortcut(QKeySequence("Ctrl+C"))

    def _label_column(self) -> int:
        table, label = self._rows.table, self._rows.label
        return table.columns.index(label) if table and label in table.columns else -1

    def _label_menu(self, parent: QMenu, row: int, rows: Sequence[int] = ()) -> QMenu:
        """The classes for one row, or for all of `rows`."""
        menu = QMenu(self.tr("Change the label to"), parent)
        index = self._rows.index(row, self._label_column())
        now = None if rows else self._rows.full_text(row, self._label_column())

        def give(name: str | None) -> None:
            self.give_label(rows or [row], name)

        for name in self._classes[:_OFFERED]:
            action = menu.addAction(one_line(name)[:60].replace("&", "&&"), partial(give, name))
            action.setCheckable(not rows)
            action.setChecked(name == now)
        menu.addSeparator()
        menu.addAction(self.tr("Another…"), lambda: self.edit_now(index))
        menu.addAction(self.tr("No label"), lambda: give(None)).setEnabled(bool(rows) or now is not None)
        return menu

    def edit_now(self, index: QModelIndex) -> None:
        """Begin to change a cell."""
        self._make_current(index)
        self.edit(index, QAbstractItemView.EditTrigger.AllEditTriggers, None)

    def _make_current(self, index: QModelIndex) -> None:
        """Go to a cell; where its row is one of several chosen ones, these stay chosen."""
        selection = self.selectionModel()
        several = self.chosen_count() > 1 and selection.isRowSelected(index.row())
        if several:
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
        else:
            self.setCurrentIndex(index)

    def chosen_count(self) -> int:
        """How many rows are chosen."""
        return count_chosen(self.selectionModel())

    def chosen(self) -> list[int]:
        """The chosen rows as they are shown, ascending; none where they are too many to be changed by hand."""
        return chosen_rows(self.selectionModel()) if self.chosen_count() <= MOST_AT_ONCE else []

    def give_label(self, rows: Sequence[int], name: str | None) -> None:
        """Give all these rows a label, None for none, as one step on the way back."""
        if len(rows) > 1:
            self.many.set_label(rows, name)
        elif rows:
            self._rows.setData(self._rows.index(rows[0], self._label_column()), name)

    def toggle_dropped(self, rows: Sequence[int]) -> None:
        """Leave rows out, or take them in again."""
        if rows:
            self.many.toggle_dropped(rows)
        else:
            self.refused.emit(too_many(self.chosen_count()))

    def copy_cell(self, index: QModelIndex) -> None:
        """Put the whole text of a cell on the clipboard."""
        QGuiApplication.clipboard().setText(self._rows.full_text(index.row(), index.column()) or "")

    def copy_rows(self, rows: Sequence[int]) -> None:
        """Put all cells of rows on the clipboard, as spreadsheets take them."""
        text = io.StringIO()
        written = csv.writer(text, delimiter="\t", lineterminator="\n")  # which it quotes within a cell
        for row in rows:
            columns = range(self._rows.columnCount())
            written.writerow([self._rows.full_text(row, column) or "" for column in columns])
        if not rows:
            self.refused.emit(too_many(self.chosen_count()))
            return
        QGuiApplication.clipboard().setText(text.getvalue().removesuffix("\n"))
