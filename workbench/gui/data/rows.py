"""The rows of a data set: a table of any length, and the whole text of the row that is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QPlainTextEdit, QSplitter, QTableView

from workbench.data.suggest import counted
from workbench.gui.table_model import TableModel
from workbench.gui.theme import TINY
from workbench.gui.widgets import Badge, Card, Muted, explain_widget, row

if TYPE_CHECKING:
    from workbench.data.tables import Table

_READ = 20_000  # characters that the reading panel lays out; a line of 200 000 takes seconds
_SAMPLED = 40  # rows that decide how wide a column is


class RowsView(QSplitter):
    """The table above, the reading panel below."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.model = TableModel(self)
        self.view = QTableView()
        self.view.setModel(self.model)
        self._text = self._label = ""
        self._set_up_view()
        card = Card()
        frame = card.layout()
        assert frame is not None
        frame.setContentsMargins(1, 1, 1, 1)
        card.add(self.view, 1)
        self.number = Muted("", wrap=False)
        self.label = Badge("", "accent")
        self.length = Muted("", wrap=False)
        self.reading = QPlainTextEdit()
        self.reading.setReadOnly(True)
        self.reading.setProperty("role", "plain")
        self.reading.setTabChangesFocus(True)
        self.reading.document().setDocumentMargin(0)
        self.reading.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.reading.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        explain_widget(
            self.reading,
            self.tr("The whole text of the chosen row."),
            self.tr("Text of the chosen row"),
        )
        panel = Card()
        panel.add(row(self.number, self.label, None, self.length))
        panel.add(self.reading, 1)
        self.addWidget(card)
        self.addWidget(panel)
        panel.setMinimumHeight(96)
        self.setSizes([420, 130])
        self.setStretchFactor(0, 4)
        self.setStretchFactor(1, 1)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(TINY * 2)

    def _set_up_view(self) -> None:
        view = self.view
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setWordWrap(False)
        view.setShowGrid(False)
        view.setTabKeyNavigation(False)
        view.setCornerButtonEnabled(False)
        numbers, names = view.verticalHeader(), view.horizontalHeader()
        # All rows are equally high: otherwise the view would ask ten million of them how high they are.
        numbers.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        numbers.setDefaultSectionSize(28)
        numbers.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        names.setHighlightSections(False)
        numbers.setHighlightSections(False)
        names.setMinimumSectionSize(48)
        explain_widget(view, "", self.tr("Rows of the data set"))
        view.selectionModel().currentChanged.connect(self._read)

    def show_table(self, table: Table, text: str, label: str) -> None:
        """Show a table and say which columns are used; the place in the same table is kept."""
        fresh = table is not self.model.table
        self._text, self._label = text, label
        self.model.show_table(table)
        self.model.mark_columns({text: self.tr("text"), label: self.tr("label")} if text or label else {})
        if fresh:
            self._fit_columns(table)
            self.view.scrollToTop()
        if fresh and table.rows:
            self.view.setCurrentIndex(self.model.index(0, self._reading_column()))
        else:
            self._read(self.view.currentIndex())

    def _reading_column(self) -> int:
        table = self.model.table
        return table.columns.index(self._text) if table and self._text in table.columns else 0

    def _fit_columns(self, table: Table) -> None:
        """Short columns get the room they need, the text gets what is left."""
        names, metrics = self.view.horizontalHeader(), self.view.fontMetrics()
        names.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        wide = self._reading_column()
        for column in range(len(table.columns)):
            title = str(self.model.headerData(column, Qt.Orientation.Horizontal))
            texts = [
                title,
                *(str(self.model.index(r, column).data()) for r in range(min(_SAMPLED, table.rows))),
            ]
            needed = max(metrics.horizontalAdvance(text[:60]) for text in texts) + 28
            self.view.setColumnWidth(column, max(56, min(needed, 520 if column == wide else 220)))
        names.setStretchLastSection(False)
        if len(table.columns) <= 6:
            names.setSectionResizeMode(wide, QHeaderView.ResizeMode.Stretch)

    def _read(self, index: QModelIndex) -> None:
        table = self.model.table
        if table is None or not index.isValid():
            self.number.setText("")
            self.label.hide()
            self.length.setText("")
            self.reading.setPlainText("")
            return
        line = index.row()
        chosen = self._text if self._text in table.columns else table.columns[index.column()]
        text = self.model.full_text(line, table.columns.index(chosen)) or ""
        label = None
        if self._label in table.columns:
            label = self.model.full_text(line, table.columns.index(self._label))
        self.number.setText(self.tr("Row {0}").format(f"{line + 1:,}".replace(",", "\u202f")))
        self.label.setVisible(self._label in table.columns)
        self.label.show_status(label[:60] if label else self.tr("no label"), "accent" if label else "warning")
        self.length.setText(
            self.tr("{0}, the first {1} shown").format(counted(len(text), "character"), f"{_READ:,}")
            if len(text) > _READ
            else counted(len(text), "character")
        )
        self.reading.setPlainText(text[:_READ])
