"""The lower half of the page of labels, numbers and marks: the rows, and what can be done with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton

from workbench.data.suggest import counted
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.evaluate.rows_model import mark_of
from workbench.gui.evaluate.target_words import Chosen
from workbench.gui.icons import keep_icon
from workbench.gui.probabilities import percent
from workbench.gui.table_model import grouped, one_line
from workbench.gui.theme import MEDIUM, SMALL, theme
from workbench.gui.widgets import Card, GhostButton, Label, Rule, explain_widget, show_if
from workbench.run.scores import Floats
from workbench.run.target_rows import TargetRows, TargetsAgainst

#: Columns of the table.
SURE, LOSS, OTHER, APART = 4, 5, 6, 7


class _Table(RowsTable):
    """A click is there to read; Enter and a double click open a row."""

    wanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens the row."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.wanted.emit()
        else:
            super().keyPressEvent(event)


class TargetRowsPanel(Card):
    """All rows, or those that something chose.

    Signals:
        attention_wanted: The text of a row, to be looked into.
        data_wanted: The number of a row in its file, to be seen on the Data page.
        chosen: A `Chosen`, or None for all rows.
    """

    attention_wanted = Signal(str)
    data_wanted = Signal(int)
    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.found: TargetRows | None = None
        self.against: TargetsAgainst | None = None
        self._chosen: Chosen | None = None
        self.told = Label("", "section")
        self._make_buttons()
        self.rows = _Table(
            (
                Heading(self.tr("Row"), self.tr("The row's number in its file."), number=True),
                Heading(self.tr("Text"), wide=True),
                Heading(self.tr("Right")),
                Heading(self.tr("Predicted")),
                Heading(
                    self.tr("Sure"),
                    self.tr("How sure the model is of the least sure of its decisions about the row."),
                    number=True,
                ),
                Heading(self.tr("Loss"), self.tr("How wrong the row is."), number=True),
                Heading(self.tr("Other"), self.tr("What the other model predicts.")),
                Heading(
                    self.tr("Apart"),
                    self.tr(
                        "How far the two models are apart: the mean difference of the labels' probabilities, of the "
                        "numbers, or the share of words with another tag."
                    ),
                    number=True,
                ),
            ),
            self.tr("Rows of the evaluation"),
            self.tr("Enter opens a row on the Attention page."),
        )
        self._lay_out()
        self.setMinimumSize(320, 150)
        theme().changed.connect(self._fill)

    def _make_buttons(self) -> None:
        self.chip = QToolButton()
        self.chip.setProperty("role", "kind")
        self.chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.chip.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        keep_icon(self.chip, "close")
        self.chip.clicked.connect(lambda: self.chosen.emit(None))
        self.wrong = GhostButton(
            self.tr("Only wrong ones"),
            "alert",
            help=self.tr(
                "Show the rows on which something is wrong; of numbers those that are further off than a standard "
                "deviation."
            ),
            on_click=self._choose_wrong,
        )
        self.attention = GhostButton(
            self.tr("Attention"),
            "attention",
            help=self.tr("Open this text with this model on the Attention page (Enter)."),
            on_click=self._open,
        )
        self.data = GhostButton(
            self.tr("Data"),
            "data",
            help=self.tr("Go to this row on the Data page."),
            on_click=self._open_data,
        )

    def _lay_out(self) -> None:
        outer = self.layout()
        assert outer is not None
        outer.setContentsMargins(1, SMALL, 1, 1)
        line = QHBoxLayout()
        line.setContentsMargins(MEDIUM, 0, MEDIUM, 0)
        line.setSpacing(SMALL)
        line.addWidget(self.told)
        line.addWidget(self.chip)
        line.addStretch(1)
        for button in (self.wrong, self.attention, self.data):
            line.addWidget(button)
        self.body.addLayout(line)
        self.add(Rule())
        self.add(self.rows, 1)
        header = self.rows.horizontalHeader()
        header.setMinimumSectionSize(44)
        for column in (0, 2, 3, SURE, LOSS, OTHER, APART):
            header.setSectionResizeMode(column, header.ResizeMode.Interactive)
        header.setSortIndicator(LOSS, Qt.SortOrder.DescendingOrder)
        self.rows.rows.sort(LOSS, Qt.SortOrder.DescendingOrder)
        self.rows.wanted.connect(self._open)
        self.rows.doubleClicked.connect(lambda _: self._open())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The text keeps most of the room."""
        super().resizeEvent(event)
        said = max(96, min(200, self.width() // 8))
        widths = {0: 64, 2: said, 3: said, SURE: 64, LOSS: 68, OTHER: said, APART: 68}
        for column, width in widths.items():
            self.rows.setColumnWidth(column, width)

    # ---- showing

    def show_found(self, found: TargetRows, against: TargetsAgainst | None, chosen: Chosen | None) -> None:
        """Show rows of another evaluation."""
        self.found, self.against, self._chosen = found, against, chosen
        for column in (OTHER, APART):
            self.rows.setColumnHidden(column, against is None)
        self.rows.setColumnHidden(SURE, not np.isfinite(found.sureness).any())
        self._fill()

    def show_chosen(self, chosen: Chosen | None) -> None:
        """Show some rows only, or all."""
        self._chosen = chosen
        self._fill()

    def shown(self) -> Sequence[int]:
        """The places of the rows that are shown."""
        return [self.rows.rows.row(i).value for i in range(self.rows.rows.rowCount())]

    def _fill(self) -> None:
        found = self.found
        if found is None:
            return
        every = np.arange(len(found.texts))
        places = every if self._chosen is None else every[self._chosen.rows]
        sure = found.sureness if len(found.sureness) else np.full(len(found), np.nan)
        self.rows.show_rows(
            [
                Row(
                    (
                        Cell(grouped(int(found.rows[i]) + 1), float(found.rows[i])),
                        Cell(one_line(found.texts[i])),
                        Cell(one_line(found.true[i]) or self.tr("nothing"), _key(found.right, i)),
                        Cell(
                            one_line(found.said[i]) or self.tr("nothing"), None, mark_of(bool(found.wrong[i]))
                        ),
                        Cell(percent(float(sure[i])) if np.isfinite(sure[i]) else "", float(sure[i])),
                        Cell(f"{found.losses[i]:.3f}", float(found.losses[i])),
                        *self._other_cells(int(i)),
                    ),
                    int(i),
                )
                for i in places
            ]
        )
        total = counted(len(every), "row")
        self.told.setText(total if self._chosen is None else self.tr("{0} of {1}").format(len(places), total))
        words = self._chosen.words if self._chosen else ""
        self.chip.setText(words)
        explain_widget(
            self.chip, self.tr("A click shows all rows again."), self.tr("Filter: {0}").format(words)
        )
        show_if(self.chip, bool(words))
        if len(places):
            self.rows.selectRow(0)
        for button in (self.attention, self.data):
            button.setEnabled(bool(len(places)))

    def _other_cells(self, row: int) -> tuple[Cell, Cell]:
        other = self.against
        if other is None:
            return Cell(""), Cell("")
        mark = mark_of(bool(other.wrong[row]))
        return Cell(one_line(other.said[row]) or self.tr("nothing"), None, mark), Cell(
            f"{other.apart[row]:.3g}", float(other.apart[row])
        )

    # ---- doing

    def _choose_wrong(self) -> None:
        if self.found is not None:
            self.chosen.emit(Chosen(self.tr("something is wrong"), self.found.wrong))

    def _row(self) -> int:
        """The place of the row that has the keyboard; -1 for none."""
        index = self.rows.currentIndex()
        return (
            int(self.rows.rows.row(index.row()).value) if self.found is not None and index.isValid() else -1
        )

    def _open(self) -> None:
        row = self._row()
        if self.found is not None and row >= 0:
            self.attention_wanted.emit(self.found.texts[row])

    def _open_data(self) -> None:
        row = self._row()
        if self.found is not None and row >= 0:
            self.data_wanted.emit(int(self.found.rows[row]))


def _key(values: Floats, row: int) -> float | None:
    """By what an answer is sorted: a single number by its size, everything else by its words."""
    return float(values[row, 0]) if values.shape[1] == 1 else None
