"""The ticked runs as dots over any two columns."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QComboBox, QStackedWidget, QVBoxLayout

from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.compare.board import Board
from workbench.gui.compare.columns import Axis, Column, axes_of, axis_of
from workbench.gui.compare.exporting import chart_part
from workbench.gui.compare.view import View
from workbench.gui.evaluate.chart import Chart, Line
from workbench.gui.theme import SMALL
from workbench.gui.widgets import Card, EmptyState, Label, explain_widget, row
from workbench.gui.workspace import Workspace
from workbench.run.comparison import ComparedRun

_ELIDE = Qt.TextElideMode.ElideMiddle


class ScatterChart(Chart):
    """Dots that stand for runs; the one pointed at is ringed here and in the table."""

    def __init__(self, board: Board) -> None:
        super().__init__("Runs over two columns", "", "")
        self._board = board
        self.runs: tuple[ComparedRun, ...] = ()
        self._axes: tuple[Axis, Axis] | None = None
        board.pointed_changed.connect(self._ring)

    def show_runs(self, runs: tuple[ComparedRun, ...], across: Axis, up: Axis) -> None:
        """Draw these runs over two axes; those without a value are left out."""
        self._axes = (across, up)
        self._across, self._up = across.column.title, up.column.title
        placed = [(run, across.place(run), up.place(run)) for run in runs]
        found = [(run, x, y) for run, x, y in placed if x is not None and y is not None]
        self.runs = tuple(run for run, _, _ in found)
        lines = [
            Line(
                run.title, np.array([x]), np.array([y]), key=run.name, colour=self._board.colour(run.name),
                dots=True, joined=False, words=(self._words(run),), weights=np.array([0.2]),
            )
            for run, x, y in found
        ]  # fmt: skip
        self.show_lines(lines)
        self._ring()

    def _words(self, run: ComparedRun) -> str:
        assert self._axes is not None
        return "\n".join([run.title, *(f"{a.column.title}: {a.column.text(run)}" for a in self._axes)])

    def _ticks(self, axis: int) -> list[tuple[float, str]]:
        if self._axes is None:
            return []
        metrics = self.fontMetrics()
        room = 64 if axis == 0 else 44
        return [(place, metrics.elidedText(text, _ELIDE, room)) for place, text in self._axes[axis].marks()]

    def nearest(self, point: QPointF) -> tuple[int, int] | None:
        """The run near a place; the table marks it."""
        found = super().nearest(point)
        self._board.point(str(self.lines[found[0]].key) if found else "")
        return found

    def _ring(self) -> None:
        pointed = [line for line in self.lines if line.key == self._board.pointed]
        self.show_marks([(float(line.x[0]), float(line.y[0])) for line in pointed])


class ScatterView(View):
    """Two lists of columns above the dots."""

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(workspace, board)
        self.across, self.up = QComboBox(), QComboBox()
        for box, name in ((self.across, self.tr("Across")), (self.up, self.tr("Up"))):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.activated.connect(self._draw)
            explain_widget(box, self.tr("What the axis shows."), name)
        self.chart = ScatterChart(board)
        self.chart.picked.connect(lambda name, _: workspace.select(str(name)))
        self.empty = EmptyState(
            "measure",
            self.tr("Nothing to set against each other yet"),
            self.tr("Tick two or more runs below that differ in a field, a score or their time."),
        )
        self.export = ExportButton(self.tr("Scatter"), self._name, self.parts, workspace)
        card = Card()
        card.add(row(Label(self.tr("Across"), "caption"), self.across, SMALL,
                     Label(self.tr("Up"), "caption"), self.up, None, self.export))  # fmt: skip
        card.add(self.chart, 1)
        self.pages = QStackedWidget()
        self.pages.addWidget(card)
        self.pages.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self._columns: tuple[Column, ...] = ()

    def _name(self) -> str:
        return f"{self.up.currentText()} over {self.across.currentText()}"

    def parts(self) -> list[Part]:
        """The dots and their numbers."""
        if len(self._columns) < 2 or not self.chart.runs:
            return []
        shown = [self._columns[max(0, box.currentIndex())] for box in (self.across, self.up)]
        return [chart_part(self.chart, self.tr("Runs"), self._name(), self.chart.runs, shown)]

    def show_runs(self) -> None:
        """Offer the columns in which the runs differ."""
        runs = self.board.table.runs
        self._columns = axes_of(self.board.columns, runs)
        self.pages.setCurrentIndex(0 if len(self._columns) > 1 else 1)
        if len(self._columns) < 2:
            return
        keys = [column.key for column in self._columns]
        scores = [key for key in keys if key.startswith("score/")]
        fields = [key for key in keys if "." in key and not key.startswith("score/")]
        up = scores[0] if scores else keys[0]
        values = {column.key: len({column.value(run) for run in runs}) for column in self._columns}
        fields.sort(key=lambda key: (key.startswith("data."), -values[key]))  # what was varied most
        across = next((key for key in (*fields, "seconds", *keys) if key in keys and key != up), keys[-1])
        for box, first in ((self.across, across), (self.up, up)):
            before = box.currentData()
            box.clear()
            for column in self._columns:
                box.addItem(column.title, column.key)
            box.setCurrentIndex(keys.index(before if before in keys else first))
        self._draw()

    def _draw(self) -> None:
        if not self._columns:
            return
        runs = self.board.table.runs
        across, up = (
            axis_of(self._columns[max(0, box.currentIndex())], runs) for box in (self.across, self.up)
        )
        self.chart.show_runs(runs, across, up)
