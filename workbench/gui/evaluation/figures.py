"""What was found of each model: a table of figures, and all rows with their answers."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QSplitter, QVBoxLayout, QWidget

from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.theme import LARGE, SMALL, TINY, current, theme
from workbench.gui.widgets import Card, ElidedLabel, Label, Muted, explain_widget
from workbench.run.evaluation import Evaluation, Sample, figures_of, verdict


class Figures(Card):
    """One line a figure, one column a model."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(LARGE)
        self._grid.setVerticalSpacing(TINY)
        self.verdict = Muted("")
        self.body.addLayout(self._grid)
        self.add(self.verdict)

    def show_evaluation(self, found: Evaluation, titles: Sequence[str]) -> None:
        """Show other figures, under these names of the models."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        columns = [dict(figures_of(scores)) for scores in found.models]
        names = list(dict.fromkeys(name for column in columns for name in column))
        self._grid.addWidget(Label(self.tr("{0} rows").format(found.rows[0]), "caption"), 0, 0)
        for place, title in enumerate(titles, start=1):
            self._grid.addWidget(ElidedLabel(title, "section"), 0, place)
            self._grid.setColumnStretch(place, 1)
        for line, name in enumerate(names, start=1):
            self._grid.addWidget(Label(name, "muted"), line, 0)
            for place, column in enumerate(columns, start=1):
                value = Label(column.get(name, ""))
                explain_widget(value, "", f"{titles[place - 1]}, {name}: {column.get(name, '')}")
                self._grid.addWidget(value, line, place)
        notes = [
            f"{title}: {scores.note}"
            for title, scores in zip(titles, found.models, strict=True)
            if scores.note
        ]
        self.verdict.setText("\n".join(filter(None, [verdict(found), *notes])))
        self.verdict.setVisible(bool(self.verdict.text()))


class Samples(QWidget):
    """All rows as a table; the chosen one in full beside it."""

    def __init__(self) -> None:
        super().__init__()
        self._found: Evaluation | None = None
        self._titles: tuple[str, ...] = ()
        self.table: RowsTable | None = None
        self.whole = QPlainTextEdit()
        self.whole.setReadOnly(True)
        self.whole.setTabChangesFocus(True)
        explain_widget(
            self.whole, self.tr("The chosen row, with each answer in full."), self.tr("The chosen row")
        )
        self._holder = QWidget()
        layout = QVBoxLayout(self._holder)
        layout.setContentsMargins(0, 0, 0, 0)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.addWidget(self._holder)
        parts.addWidget(self.whole)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        parts.setHandleWidth(SMALL)
        parts.setChildrenCollapsible(False)
        parts.setSizes([600, 400])
        self._holder.setMinimumWidth(260)
        self.setMinimumHeight(220)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(parts)
        theme().changed.connect(self._fill)

    def show_evaluation(self, found: Evaluation, titles: Sequence[str]) -> None:
        """Show other rows, under these names of the models."""
        self._found, self._titles = found, tuple(titles)
        headings = [
            Heading(self.tr("Row"), number=True),
            Heading(self.tr("Question"), wide=True),
            Heading(self.tr("Expected"), self.tr("What of the expected answer counts.")),
            *(
                Heading(
                    title, self.tr("What of this model's answer counts. Green: it is right; red: it is not.")
                )
                for title in titles
            ),
        ]
        if self.table is not None:
            self.table.deleteLater()
        self.table = RowsTable(
            headings, self.tr("Rows and answers"), self.tr("Choose a row to read the answers in full.")
        )
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, header.ResizeMode.ResizeToContents)
        for column in range(2, len(headings)):
            header.setSectionResizeMode(column, header.ResizeMode.Interactive)
            self.table.setColumnWidth(column, 120)
        layout = self._holder.layout()
        assert layout is not None
        layout.addWidget(self.table)
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self._fill()
        if found.samples:
            self.table.selectRow(0)

    def _fill(self) -> None:
        if self._found is None or self.table is None:
            return
        good, bad = current().colour("good"), current().colour("bad")
        self.table.show_rows(
            [
                Row(
                    (
                        Cell(str(sample.row + 1), sample.row),
                        Cell(_line(sample.question)),
                        Cell(_line(sample.wanted)),
                        *(
                            Cell(
                                self.tr("no answer found") if a.taken is None else _line(a.taken),
                                float(a.right),
                                good if a.right else bad,
                            )
                            for a in sample.answers
                        ),
                    ),
                    sample,
                )
                for sample in self._found.samples
            ]
        )

    def _row_chosen(self) -> None:
        if self._found is None or self.table is None or not self.table.currentIndex().isValid():
            return
        sample: Sample = self.table.rows.row(self.table.currentIndex().row()).value
        parts = [(self.tr("Question"), sample.question), (self.tr("Expected"), sample.expected)]
        for title, answer in zip(self._titles, sample.answers, strict=True):
            word = self.tr("right") if answer.right else self.tr("wrong")
            parts.append((f"{title} ({word})", answer.text or self.tr("(nothing)")))
        self.whole.setPlainText("\n\n".join(f"{title}\n{text}" for title, text in parts))


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
