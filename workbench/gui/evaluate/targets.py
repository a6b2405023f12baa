"""Labels, numbers and marks on the Evaluate page: numbers, their parts, residuals, and the rows behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSplitter, QToolButton, QVBoxLayout, QWidget

from workbench.data.suggest import counted
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.plate import plate
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.evaluate.chart import Bounds, Chart, Line
from workbench.gui.evaluate.halves import Halves
from workbench.gui.evaluate.rows_model import mark_of
from workbench.gui.evaluate.target_words import (
    Chosen,
    faults_of,
    headings_of,
    lines_of,
    number_table,
    numbers_of,
    row_table,
    tiles_of,
)
from workbench.gui.evaluate.tiles import NumberTiles, Reflow, figure
from workbench.gui.icons import keep_icon
from workbench.gui.probabilities import percent
from workbench.gui.table_model import grouped, one_line
from workbench.gui.theme import MEDIUM, SMALL, theme
from workbench.gui.widgets import Card, GhostButton, Label, Muted, Rule, explain_widget, show_if, tall
from workbench.run.scores import Floats
from workbench.run.target_rows import TargetRows, TargetsAgainst
from workbench.run.target_scores import MultiLabelScores, RegressionScores

#: Columns of the rows' table.
_SURE, _LOSS, _OTHER, _APART = 4, 5, 6, 7
#: So many labels have colours of their own.
_COLOURED = 5
_TITLES = {"multi-label": "Labels", "regression": "Columns", "token-classification": "Kinds"}


class TargetsPage(QSplitter):
    """Tiles, parts and charts above, the rows below; a part and a point choose their rows.

    Signals:
        attention_wanted: The text of a row, to be looked into.
        data_wanted: The number of a row in its file, to be seen on the Data page.
    """

    attention_wanted = Signal(str)
    data_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.found: TargetRows | None = None
        self.against: TargetsAgainst | None = None
        self._chosen: Chosen | None = None
        self.verdict = Label("", "section", wrap=True)
        self.tiles = NumberTiles()
        self.notes = Muted("")
        self.parts_card = Card(" ")
        self.parts: RowsTable | None = None
        self.scatter = Chart(self.tr("Predicted and right"), self.tr("right"), self.tr("predicted"))
        self.residuals = Chart(self.tr("Residuals"), self.tr("right"), self.tr("predicted minus right"))
        self.roc = Chart(self.tr("ROC"), self.tr("false alarms"), self.tr("recognised"), "right")
        self.precision = Chart(
            self.tr("Precision and recall"), self.tr("recall"), self.tr("precision"), "left"
        )
        self.cards_of = {chart: Card(chart.name) for chart in self.charts}
        for chart, card in self.cards_of.items():
            card.add(chart, 1)
        for chart in (self.scatter, self.residuals):
            chart.picked.connect(lambda _, point: self._point_picked(point))
        for chart in (self.roc, self.precision):
            chart.picked.connect(self._threshold_picked)
        self.faults = RowsTable(
            (Heading(self.tr("What is wrong"), wide=True), Heading(self.tr("Marks"), number=True)),
            self.tr("Faults"),
            self.tr("Click a line to see its rows."),
        )
        self.faults.setMinimumHeight(140)
        self.faults.opened.connect(self.choose)
        self.faults_card = Card(self.tr("Faults"))
        self.faults_card.add(self.faults, 1)
        self.told = Label("", "section")
        self.chip = QToolButton()
        self.chip.setProperty("role", "kind")
        self.chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.chip.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        keep_icon(self.chip, "close")
        self.chip.clicked.connect(lambda: self.choose(None))
        self.wrong = GhostButton(
            self.tr("Only wrong ones"),
            "alert",
            help=self.tr("Show the rows on which something is wrong."),
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
        self.rows = RowsTable(
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
        theme().changed.connect(self._fill)

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All charts, of which each task shows its own."""
        return self.scatter, self.residuals, self.roc, self.precision

    def _lay_out(self) -> None:
        above = QWidget()
        layout = QVBoxLayout(above)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(self.verdict)
        layout.addWidget(self.tiles)
        layout.addWidget(self.notes)
        self.cards = Reflow(280, MEDIUM)
        self.cards.show_widgets([*self.cards_of.values(), self.faults_card])
        layout.addWidget(Halves(self.parts_card, self.cards, 1000, shares=(3, 4)), 1)
        below = Card()
        outer = below.layout()
        assert outer is not None
        outer.setContentsMargins(1, SMALL, 1, 1)
        line = QHBoxLayout()
        line.setContentsMargins(MEDIUM, 0, MEDIUM, 0)
        line.setSpacing(SMALL)
        line.addWidget(self.told)
        line.addWidget(self.chip)
        line.addStretch(1)
        line.addWidget(self.wrong)
        line.addWidget(self.attention)
        line.addWidget(self.data)
        below.body.addLayout(line)
        below.add(Rule())
        below.add(self.rows, 1)
        header = self.rows.horizontalHeader()
        header.setMinimumSectionSize(44)
        for column, width in (
            (0, 64),
            (2, 160),
            (3, 160),
            (_SURE, 64),
            (_LOSS, 72),
            (_OTHER, 150),
            (_APART, 72),
        ):
            header.setSectionResizeMode(column, header.ResizeMode.Interactive)
            self.rows.setColumnWidth(column, width)
        header.setSortIndicator(_LOSS, Qt.SortOrder.DescendingOrder)
        self.rows.rows.sort(_LOSS, Qt.SortOrder.DescendingOrder)
        # A click on a row is there to read; Enter and a double click open it.
        self.rows.doubleClicked.connect(lambda _: self._open())
        self.addWidget(tall(above))
        self.addWidget(below)
        below.setMinimumSize(320, 150)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(SMALL)
        self.setSizes([600, 400])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The text keeps most of the room."""
        super().resizeEvent(event)
        said = max(96, min(200, self.width() // 8))
        for column, width in (
            (0, 64),
            (2, said),
            (3, said),
            (_SURE, 64),
            (_LOSS, 68),
            (_OTHER, said),
            (_APART, 68),
        ):
            self.rows.setColumnWidth(column, width)

    # ---- showing

    def show_found(self, found: TargetRows | None, against: TargetsAgainst | None = None) -> None:
        """Show another evaluation, or none; of the same rows what was chosen stays."""
        same = found is not None and self.found is not None and found.fingerprint == self.found.fingerprint
        if not same or (found and self.found and found.said != self.found.said):
            self._chosen = None
        self.found, self.against = found, against
        if found is None:
            return
        self.verdict.setText(against.comparison.words if against else "")
        show_if(self.verdict, against is not None)
        self.tiles.show_numbers(numbers_of(found), tiles_of(found))
        self.notes.setText(" ".join(found.notes))
        show_if(self.notes, bool(found.notes))
        self._show_parts(found)
        shown: tuple[Chart, ...] = ()
        if isinstance(found.scores, RegressionScores):
            shown = (self.scatter, self.residuals)
            self._show_charts(found.scores)
        elif isinstance(found.scores, MultiLabelScores):
            shown = (self.roc, self.precision)
            self._show_curves(found.scores)
        # What is not shown takes no room either.
        for chart, card in self.cards_of.items():
            show_if(card, chart in shown)
        faults = faults_of(found)
        self.faults.show_rows(faults)
        show_if(self.faults_card, bool(faults))
        cards = [self.cards_of[chart] for chart in shown] + ([self.faults_card] if faults else [])
        self.cards.arrange(cards)
        show_if(self.cards, bool(cards))
        # A single column of numbers is told by the tiles.
        show_if(
            self.parts_card, not isinstance(found.scores, RegressionScores) or len(found.scores.columns) > 1
        )
        for column in (_OTHER, _APART):
            self.rows.setColumnHidden(column, against is None)
        self.rows.setColumnHidden(_SURE, not np.isfinite(found.sureness).any())
        self._fill()

    def _show_parts(self, found: TargetRows) -> None:
        if self.parts is not None:
            self.parts.deleteLater()
        title = self.tr(_TITLES[found.task])
        self.parts_card.title.setText(title)
        self.parts = RowsTable(
            headings_of(found, self.tr), title, self.tr("Click a line to see the rows that are wrong in it.")
        )
        self.parts.setMinimumHeight(140)
        header = self.parts.horizontalHeader()
        header.setMinimumSectionSize(40)
        for column in range(1, self.parts.rows.columnCount()):
            header.setSectionResizeMode(column, header.ResizeMode.Interactive)
            title = str(self.parts.rows.headerData(column, Qt.Orientation.Horizontal))
            self.parts.setColumnWidth(column, max(66, self.parts.fontMetrics().horizontalAdvance(title) + 26))
        self.parts.opened.connect(self._part_picked)
        self.parts.show_rows(lines_of(found))
        self.parts_card.add(self.parts, 1)

    def _show_curves(self, scores: MultiLabelScores) -> None:
        """A curve for each label; a point is a threshold."""
        for chart, curves, areas in (
            (self.roc, scores.roc, [one.auc for one in scores.labels]),
            (self.precision, scores.precision_recall, [one.average_precision for one in scores.labels]),
        ):
            lines = []
            for i, (curve, one, area) in enumerate(zip(curves, scores.labels, areas, strict=True)):
                coloured = len(scores.labels) <= _COLOURED + 1 or i < _COLOURED
                told = f"{one.name}  {figure(area)}"
                name = told if coloured else ""
                lines.append(Line(name, curve.x, curve.y, i, i if coloured else -1, told=told))
            lines.sort(key=lambda line: line.colour)  # the grey ones below
            chart.show_lines(lines, diagonal=chart is self.roc)

    def _show_charts(self, scores: RegressionScores, column: int = 0) -> None:
        """One column; a dot is a row."""
        true, said, apart = (side[:, column] for side in (scores.true, scores.predicted, scores.residuals))
        if len(scores.columns) > 1:
            for chart in (self.scatter, self.residuals):
                self.cards_of[chart].title.setText(f"{chart.name}: {scores.columns[column].name}")
        both = np.concatenate([true, said])
        span, spread = _span(both), _span(np.concatenate([apart, -apart]))
        words = [
            f"{t:.4g}, predicted {s:.4g}\n{one_line(text)[:40]}"
            for t, s, text in zip(true, said, self.found.texts if self.found else (), strict=True)
        ]
        dots = Line("", _within(true, span), _within(said, span), "row", dots=True, words=words, joined=False)
        self.scatter.show_lines([dots], diagonal=True, bounds=(span, span))
        bounds: Bounds = (_span(true), spread)
        dots = Line(
            "", _within(true, bounds[0]), _within(apart, spread), "row", dots=True, words=words, joined=False
        )
        zero = Line("", np.array([0.0, 1.0]), np.array([0.5, 0.5]), None, -1)
        self.residuals.show_lines([zero, dots], bounds=bounds)

    def choose(self, chosen: Chosen | None) -> None:
        """Show some rows only; the same ones again, or None: all."""
        same = chosen is not None and self._chosen is not None and chosen.words == self._chosen.words
        self._chosen = None if same else chosen
        self._fill()

    def _part_picked(self, chosen: Chosen) -> None:
        scores = self.found.scores if self.found is not None else None
        if isinstance(scores, RegressionScores) and chosen.part >= 0:
            self._show_charts(scores, chosen.part)
        self.choose(chosen)

    def _threshold_picked(self, label: object, point: int) -> None:
        """The rows on which a label would be wrong if it were given from here on."""
        found = self.found
        if found is None or not isinstance(found.scores, MultiLabelScores) or not isinstance(label, int):
            return
        curves = found.scores.roc if self.sender() is self.roc else found.scores.precision_recall
        at = float(min(1.0, curves[label].thresholds[point]))
        wrong = (found.given[:, label] >= at) != (found.right[:, label] > 0.5)
        words = self.tr("mistakes about “{0}” if given from {1:.3f}").format(found.names[label], at)
        self.choose(Chosen(words, wrong))

    def _choose_wrong(self) -> None:
        if self.found is not None:
            self.choose(Chosen(self.tr("something is wrong"), self.found.wrong))

    def _point_picked(self, point: int) -> None:
        if self.found is not None:
            rows = np.zeros(len(self.found.texts), dtype=np.bool_)
            rows[point] = True
            self.choose(Chosen(self.tr("row {0}").format(int(self.found.rows[point]) + 1), rows))

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
                        Cell(one_line(found.true[i]) or self.tr("nothing")),
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

    def _open_data(self) -> None:
        index = self.rows.currentIndex()
        if self.found is not None and index.isValid():
            self.data_wanted.emit(int(self.found.rows[self.rows.rows.row(index.row()).value]))

    def _open(self) -> None:
        index = self.rows.currentIndex()
        if self.found is not None and index.isValid():
            self.attention_wanted.emit(self.found.texts[self.rows.rows.row(index.row()).value])

    # ---- export

    def export(self) -> list[Part]:
        """Numbers, rows, and the charts of numbers."""
        found = self.found
        if found is None:
            return []
        parts = [
            Part(self.tr("Numbers"), "numbers", table=lambda: number_table(found)),
            Part(self.tr("Rows"), "rows", table=lambda: row_table(found, self.against)),
        ]
        told = f"{counted(len(found.texts), 'row')}, {found.told}."
        parts += [
            Part(
                chart.name,
                chart.name.lower().replace(" ", "-"),
                drawing=lambda chart=chart: plate(  # type: ignore[misc]
                    f"{chart.name}: {found.model}", told, "", chart, font=self.font()
                ),
            )
            for chart, card in self.cards_of.items()
            if not card.isHidden()
        ]
        return parts


def _span(values: Floats) -> tuple[float, float]:
    """Where an axis begins and ends."""
    low, high = float(values.min()), float(values.max())
    edge = 0.04 * (high - low) or 0.5
    return low - edge, high + edge


def _within(values: Floats, span: tuple[float, float]) -> Floats:
    return (values - span[0]) / (span[1] - span[0])
