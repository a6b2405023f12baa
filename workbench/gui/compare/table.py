"""The table of runs: ticks choose what is compared; stars, tags and notes are written where they stand."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from workbench.gui.compare.board import Board
from workbench.gui.compare.columns import NOTE, RUN, STAR, TAGS, Column
from workbench.gui.runs_list import ago
from workbench.gui.theme import current, theme
from workbench.gui.widgets import explain_widget
from workbench.run.comparison import ComparedRun
from workbench.run.run_notes import RunNotes

Index = QModelIndex | QPersistentModelIndex
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RunsTableModel(QAbstractTableModel):
    """The board's runs; those that are not ticked are pale."""

    def __init__(self, board: Board, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.board = board
        self.columns: tuple[Column, ...] = board.columns
        self.runs: list[ComparedRun] = []
        self.only_ticked = False
        self.sorted_by: tuple[str, bool] = ("", True)
        board.runs_changed.connect(self.refill)
        board.ticked_changed.connect(self.refill)
        board.notes_changed.connect(self._noted)
        board.pointed_changed.connect(self._repaint)
        theme().changed.connect(self._repaint)
        self.refill()

    def refill(self) -> None:
        """Take over runs and columns."""
        self.beginResetModel()
        self.columns = self.board.columns
        runs = [run for run in self.board.runs if not self.only_ticked or run.name in self.board.ticked]
        self.runs = self._ordered(runs)
        self.endResetModel()

    def order_by(self, key: str, falling: bool) -> None:
        """Sort by a column; runs without a value come last. An empty key: the newest first."""
        self.sorted_by = (key, falling)
        self.refill()

    def show_only_ticked(self, on: bool) -> None:
        """Leave out the runs that are not compared."""
        self.only_ticked = on
        self.refill()

    def _ordered(self, runs: list[ComparedRun]) -> list[ComparedRun]:
        key, falling = self.sorted_by
        column = next((one for one in self.columns if one.key == key), None)
        if column is None:
            return runs
        having = [run for run in runs if column.value(run) is not None]
        having.sort(key=lambda run: _sortable(column.value(run)), reverse=falling)
        return having + [run for run in runs if column.value(run) is None]

    # ---- what Qt asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """How many runs there are."""
        return 0 if parent.isValid() else len(self.runs)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """How many columns there are."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles, and what they mean."""
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.help
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.number else _LEFT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell says, and how."""
        if not 0 <= index.row() < len(self.runs) or index.column() >= len(self.columns):
            return None
        run, column = self.runs[index.row()], self.columns[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return column.text(run)
        if role == Qt.ItemDataRole.CheckStateRole and column.key == RUN:
            return Qt.CheckState.Checked if run.name in self.board.ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DecorationRole and column.key == RUN:
            ticked = run.name in self.board.ticked
            return current().curve(self.board.colour(run.name)) if ticked else QColor(0, 0, 0, 0)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.number else _LEFT
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(run, column)
        if role == Qt.ItemDataRole.BackgroundRole and run.name == self.board.pointed:
            return QBrush(current().colour("raised"))
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._words(run, column)
        return None

    def _colour(self, run: ComparedRun, column: Column) -> Any:
        palette = current()
        if column.key == STAR:
            return QBrush(palette.colour("warning" if run.notes.star else "muted"))
        return None if run.name in self.board.ticked else QBrush(palette.colour("muted"))

    def _words(self, run: ComparedRun, column: Column) -> str:
        if column.key == RUN:
            ticked = self.tr("compared") if run.name in self.board.ticked else self.tr("not compared")
            part = f"{run.part.kind} {run.part.series}, {run.part.number}" if run.part else ""
            return "\n".join(one for one in (run.title, run.name, part, ago(run.created), ticked) if one)
        if column.key == STAR:
            return self.tr("With a star") if run.notes.star else self.tr("Without a star")
        return f"{column.title}: {column.text(run)}"

    def flags(self, index: Index) -> Qt.ItemFlag:
        """The first column is ticked; tags and notes are written."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() < len(self.columns):
            key = self.columns[index.column()].key
            if key == RUN:
                flags |= Qt.ItemFlag.ItemIsUserCheckable
            if key in (TAGS, NOTE):
                flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """A tick, tags or a note."""
        run, key = self.runs[index.row()], self.columns[index.column()].key
        if role == Qt.ItemDataRole.CheckStateRole and key == RUN:
            self.board.toggle(run.name)
            return True
        notes = run.notes
        if role == Qt.ItemDataRole.EditRole and key == NOTE:
            self.board.write(run.name, RunNotes(str(value).strip(), notes.tags, notes.star))
            return True
        if role == Qt.ItemDataRole.EditRole and key == TAGS:
            tags = RunNotes().tagged(tuple(str(value).split(",")))
            self.board.write(run.name, RunNotes(notes.note, tags, notes.star))
            return True
        return False

    def toggle_star(self, row: int) -> None:
        """Give a run a star, or take it away."""
        notes = self.runs[row].notes
        self.board.write(self.runs[row].name, RunNotes(notes.note, notes.tags, not notes.star))

    def _noted(self, name: str) -> None:
        for row, run in enumerate(self.runs):
            if run.name == name:
                self.runs[row] = self.board.run(name) or run
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.columns) - 1))

    def _repaint(self) -> None:
        if self.runs:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.runs) - 1, len(self.columns) - 1))


class RunsTable(QTableView):
    """The table; space ticks the chosen runs, S gives a star, F2 writes, Enter shows the run's curves."""

    opened = Signal(str)

    def __init__(self, model: RunsTableModel) -> None:
        super().__init__()
        self.runs = model
        self.setProperty("role", "ticks")
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        edit = QAbstractItemView.EditTrigger
        self.setEditTriggers(edit.DoubleClicked | edit.EditKeyPressed)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setIconSize(QSize(8, 8))
        self.setMouseTracking(True)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMinimumHeight(120)
        rows, names = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setDefaultSectionSize(28)
        names.setHighlightSections(False)
        names.setSectionsClickable(True)
        names.setMinimumSectionSize(36)
        names.sectionClicked.connect(self._sort)
        explain_widget(
            self,
            self.tr("Tick the runs to compare (space). S gives a star, F2 writes tags and notes, Enter shows a run."),
            self.tr("Runs to compare"),
        )  # fmt: skip
        self.clicked.connect(self._clicked)
        self.doubleClicked.connect(self._double_clicked)
        model.modelReset.connect(self._fit)
        self._chosen: tuple[str, int] = ("", 0)
        model.modelAboutToBeReset.connect(self._remember)
        self._fit()

    def chosen(self) -> list[str]:
        """The names of the selected runs."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.runs.runs[row].name for row in rows]

    def _remember(self) -> None:
        index = self.currentIndex()
        if index.isValid() and index.row() < len(self.runs.runs):
            self._chosen = (self.runs.runs[index.row()].name, index.column())

    def _fit(self) -> None:
        names, metrics = self.horizontalHeader(), self.fontMetrics()
        model = self.runs
        for number, column in enumerate(model.columns):
            texts = [f"{column.title}  ", *(column.text(run) for run in model.runs[:40])]
            wide = max(map(metrics.horizontalAdvance, texts)) + 26
            least, most = (150, 260) if column.key == RUN else (60 if column.key != STAR else 40, 210)
            if column.key in (NOTE, TAGS):
                least = 120
            self.setColumnWidth(number, max(least, min(most, wide + (38 if column.key == RUN else 0))))
        names.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        names.setStretchLastSection(True)
        key, falling = model.sorted_by
        at = next((i for i, one in enumerate(model.columns) if one.key == key), -1)
        names.setSortIndicatorShown(at >= 0)
        if at >= 0:
            order = Qt.SortOrder.DescendingOrder if falling else Qt.SortOrder.AscendingOrder
            names.setSortIndicator(at, order)
        name, column_number = self._chosen
        for row, run in enumerate(model.runs):
            if run.name == name:  # ticking must not lose the place of the keyboard
                self.setCurrentIndex(model.index(row, min(column_number, len(model.columns) - 1)))

    def _sort(self, section: int) -> None:
        key, falling = self.runs.sorted_by
        column = self.runs.columns[section]
        self.runs.order_by(column.key, not falling if key == column.key else column.number)

    def _clicked(self, index: QModelIndex) -> None:
        if self.runs.columns[index.column()].key == STAR:
            self.runs.toggle_star(index.row())

    def _double_clicked(self, index: QModelIndex) -> None:
        if self.runs.columns[index.column()].key not in (STAR, TAGS, NOTE):
            self.opened.emit(self.runs.runs[index.row()].name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space ticks, S gives a star, Enter opens."""
        index = self.currentIndex()
        if not index.isValid():
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Space:
            names = set(self.chosen()) or {self.runs.runs[index.row()].name}
            ticked = self.runs.board.ticked
            self.runs.board.tick(ticked - names if names <= ticked else ticked | names)
        elif event.key() == Qt.Key.Key_S and not event.modifiers():
            self.runs.toggle_star(index.row())
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self.runs.runs[index.row()].name)
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pictures ring the run that is pointed at."""
        super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        self.runs.board.point(self.runs.runs[index.row()].name if index.isValid() else "")


def _sortable(value: Any) -> tuple[int, float, str]:
    if isinstance(value, bool | int | float):
        return 0, float(value), ""
    return 1, 0.0, str(value).casefold()
