"""The first rows of a large file, to be looked at while the rest is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.data.suggest import counted
from workbench.gui.data.row_table import RowTable
from workbench.gui.table_model import TableModel
from workbench.gui.theme import SMALL
from workbench.gui.widgets import Card, Muted

if TYPE_CHECKING:
    from workbench.session.reading import Reading


class FirstRows(QWidget):
    """A table that can only be read, with a line above it that says how far the file is read."""

    def __init__(self) -> None:
        super().__init__()
        self.source = ""
        self.model = TableModel(self)
        self.table = RowTable(self.model)
        names = self.table.horizontalHeader()
        names.setSectionsClickable(False)  # a part of the rows is not worth sorting
        names.setSortIndicatorShown(False)
        self.words = Muted("")
        card = Card()
        card.add(self.table, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addWidget(self.words)
        layout.addWidget(card, 1)

    def show_reading(self, reading: Reading) -> None:
        """Show how far a file is read, and its first rows."""
        self.source = reading.source
        self.words.setText(
            self.tr(
                "The first {0}. Of the file, {1} % is read; classes, lengths and edits come then."
            ).format(counted(reading.first.rows, "row"), int(100 * reading.share))
        )
        if self.model.table is not reading.first:
            self.model.show_table(reading.first)
            self.table.show_columns(reading.text, (), fit=True)
