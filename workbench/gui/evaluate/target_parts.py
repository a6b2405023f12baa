"""The upper half of the page of labels, numbers and marks: the numbers, their parts, charts and faults."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.gui.attention.rows_model import Heading, RowsTable
from workbench.gui.evaluate.chart import Bounds, Chart, Line
from workbench.gui.evaluate.halves import Halves
from workbench.gui.evaluate.target_words import Chosen, faults_of, headings_of, lines_of, numbers_of, tiles_of
from workbench.gui.evaluate.tiles import NumberTiles, Reflow, figure
from workbench.gui.table_model import one_line
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import Card, Label, Muted, show_if
from workbench.run.scores import Floats
from workbench.run.target_rows import TargetRows, TargetsAgainst
from workbench.run.target_scores import MultiLabelScores, RegressionScores

#: So many labels have colours of their own.
_COLOURED = 5
_TITLES = {"multi-label": "Labels", "regression": "Columns", "token-classification": "Kinds"}


class TargetParts(QWidget):
    """Tiles, the table of parts, and what goes with the task: curves, charts of numbers, or faults.

    Signals:
        chosen: A `Chosen`: the rows of a line or of a point.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.found: TargetRows | None = None
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
        self.faults.opened.connect(self.chosen)
        self.faults_card = Card(self.tr("Faults"))
        self.faults_card.add(self.faults, 1)
        self.cards = Reflow(280, MEDIUM)
        self.cards.show_widgets([*self.cards_of.values(), self.faults_card])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(self.verdict)
        layout.addWidget(self.tiles)
        layout.addWidget(self.notes)
        layout.addWidget(Halves(self.parts_card, self.cards, 1000), 1)

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All charts, of which each task shows its own."""
        return self.scatter, self.residuals, self.roc, self.precision

    @property
    def shown_charts(self) -> list[Chart]:
        """Those of the task that is shown."""
        return [chart for chart, card in self.cards_of.items() if not card.isHidden()]

    def show_found(self, found: TargetRows, against: TargetsAgainst | None) -> None:
        """Show another evaluation."""
        self.found = found
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
        faults = faults_of(found)
        self.faults.show_rows(faults)
        # What is not shown takes no room either.
        for chart, card in self.cards_of.items():
            show_if(card, chart in shown)
        show_if(self.faults_card, bool(faults))
        cards = [self.cards_of[chart] for chart in shown] + ([self.faults_card] if faults else [])
        self.cards.arrange(cards)
        show_if(self.cards, bool(cards))
        # A single column of numbers is told by the tiles.
        alone = isinstance(found.scores, RegressionScores) and len(found.scores.columns) == 1
        show_if(self.parts_card, not alone)

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

    # ---- choosing

    def _part_picked(self, chosen: Chosen) -> None:
        scores = self.found.scores if self.found is not None else None
        if isinstance(scores, RegressionScores) and chosen.part >= 0:
            self._show_charts(scores, chosen.part)
        self.chosen.emit(chosen)

    def _point_picked(self, point: int) -> None:
        if self.found is not None:
            rows = np.zeros(len(self.found), dtype=np.bool_)
            rows[point] = True
            self.chosen.emit(Chosen(self.tr("row {0}").format(int(self.found.rows[point]) + 1), rows))

    def _threshold_picked(self, label: object, point: int) -> None:
        """The rows on which a label would be wrong if it were given from here on."""
        found = self.found
        if found is None or not isinstance(found.scores, MultiLabelScores) or not isinstance(label, int):
            return
        curves = found.scores.roc if self.sender() is self.roc else found.scores.precision_recall
        at = float(min(1.0, curves[label].thresholds[point]))
        wrong = (found.given[:, label] >= at) != (found.right[:, label] > 0.5)
        words = self.tr("mistakes about “{0}” if given from {1:.3f}").format(found.names[label], at)
        self.chosen.emit(Chosen(words, wrong))


def _span(values: Floats) -> tuple[float, float]:
    """Where an axis begins and ends."""
    low, high = float(values.min()), float(values.max())
    edge = 0.04 * (high - low) or 0.5
    return low - edge, high + edge


def _within(values: Floats, span: tuple[float, float]) -> Floats:
    return (values - span[0]) / (span[1] - span[0])
