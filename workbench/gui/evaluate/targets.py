"""Labels, numbers and marks on the Evaluate page: numbers, their parts, residuals, and the rows behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSplitter, QToolButton, QVBoxLayout, QWidget

from workbench.data.suggest import counted
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.plate import plate
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.evaluate.chart import Bounds, Chart, Line
from workbench.gui.evaluate.target_words import (
    Chosen,
    headings_of,
    lines_of,
    number_table,
    numbers_of,
    row_table,
    tiles_of,
)
from workbench.gui.evaluate.tiles import NumberTiles, Reflow
from workbench.gui.icons import keep_icon
from workbench.gui.table_model import grouped, one_line
from workbench.gui.theme import MEDIUM, SMALL, current, theme
from workbench.gui.widgets import Card, GhostButton, Label, Muted, Rule, explain_widget, show_if, tall
from workbench.run.scores import Floats
from workbench.run.target_rows import TargetRows
from workbench.run.target_scores import RegressionScores

_TITLES = {"multi-label": "Labels", "regression": "Columns", "token-classification": "Kinds and faults"}


class TargetsPage(QSplitter):
    """Tiles, parts and charts above, the rows below; a part and a point choose their rows.

    Signals:
        attention_wanted: The text of a row, to be looked into.
    """

    attention_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.found: TargetRows | None = None
        self._chosen: Chosen | None = None
        self.tiles = NumberTiles()
        self.notes = Muted("")
        self.parts_card = Card(" ")
        self.parts: RowsTable | None = None
        self.scatter = Chart(self.tr("Predicted and right"), self.tr("right"), self.tr("predicted"))
        self.residuals = Chart(self.tr("Residuals"), self.tr("right"), self.tr("predicted minus right"))
        self.scatter_card, self.residual_card = Card(self.scatter.name), Card(self.residuals.name)
        self.scatter_card.add(self.scatter, 1)
        self.residual_card.add(self.residuals, 1)
        for chart in (self.scatter, self.residuals):
            chart.picked.connect(lambda _, point: self._point_picked(point))
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
        self.rows = RowsTable(
            (
                Heading(self.tr("Row"), self.tr("The row's number in its file."), number=True),
                Heading(self.tr("Text"), wide=True),
                Heading(self.tr("Right")),
                Heading(self.tr("Predicted")),
                Heading(self.tr("Loss"), self.tr("How wrong the row is."), number=True),
            ),
            self.tr("Rows of the evaluation"),
            "",
        )
        self._lay_out()
        theme().changed.connect(self._fill)

    def _lay_out(self) -> None:
        above = QWidget()
        layout = QVBoxLayout(above)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(self.tiles)
        layout.addWidget(self.notes)
        self.cards = Reflow(300, MEDIUM)
        self.cards.show_widgets([self.parts_card, self.scatter_card, self.residual_card])
        layout.addWidget(self.cards, 1)
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
        below.body.addLayout(line)
        below.add(Rule())
        below.add(self.rows, 1)
        header = self.rows.horizontalHeader()
        for column, width in ((2, 170), (3, 170)):
            header.setSectionResizeMode(column, header.ResizeMode.Interactive)
            self.rows.setColumnWidth(column, width)
        header.setSortIndicator(4, Qt.SortOrder.DescendingOrder)
        self.rows.rows.sort(4, Qt.SortOrder.DescendingOrder)
        self.addWidget(tall(above))
        self.addWidget(below)
        below.setMinimumSize(320, 150)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(SMALL)
        self.setSizes([600, 400])

    # ---- showing

    def show_found(self, found: TargetRows | None) -> None:
        """Show another evaluation, or none."""
        self.found, self._chosen = found, None
        if found is None:
            return
        self.tiles.show_numbers(numbers_of(found), tiles_of(found))
        self.notes.setText(" ".join(found.notes))
        show_if(self.notes, bool(found.notes))
        self._show_parts(found)
        numbers = isinstance(found.scores, RegressionScores)
        # What is not shown takes no room either.
        cards = [self.parts_card, *((self.scatter_card, self.residual_card) if numbers else ())]
        for card in (self.scatter_card, self.residual_card):
            show_if(card, numbers)
        self.cards.arrange(cards)
        if isinstance(found.scores, RegressionScores):
            self._show_charts(found.scores)
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
            self.parts.setColumnWidth(column, max(64, self.parts.fontMetrics().horizontalAdvance(title) + 30))
        self.parts.opened.connect(self.choose)
        self.parts.show_rows(lines_of(found))
        self.parts_card.add(self.parts, 1)

    def _show_charts(self, scores: RegressionScores) -> None:
        """The first column; a dot is a row."""
        true, said, apart = scores.true[:, 0], scores.predicted[:, 0], scores.residuals[:, 0]
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
        good, bad = current().colour("good"), current().colour("bad")
        self.rows.show_rows(
            [
                Row(
                    (
                        Cell(grouped(int(found.rows[i]) + 1), float(found.rows[i])),
                        Cell(one_line(found.texts[i])),
                        Cell(one_line(found.true[i])),
                        Cell(one_line(found.said[i]), None, bad if found.wrong[i] else good),
                        Cell(f"{found.losses[i]:.3f}", float(found.losses[i])),
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
        self.attention.setEnabled(bool(len(places)))

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
            Part(self.tr("Rows"), "rows", table=lambda: row_table(found)),
        ]
        if isinstance(found.scores, RegressionScores):
            told = f"{counted(len(found.texts), 'row')}, {found.told}."
            parts += [
                Part(
                    chart.name,
                    chart.name.lower().replace(" ", "-"),
                    drawing=lambda chart=chart: plate(  # type: ignore[misc]
                        f"{chart.name}: {found.model}", told, "", chart, font=self.font()
                    ),
                )
                for chart in (self.scatter, self.residuals)
            ]
        return parts


def _span(values: Floats) -> tuple[float, float]:
    """Where an axis begins and ends."""
    low, high = float(values.min()), float(values.max())
    edge = 0.04 * (high - low) or 0.5
    return low - edge, high + edge


def _within(values: Floats, span: tuple[float, float]) -> Floats:
    return (values - span[0]) / (span[1] - span[0])
