"""Curves: ROC, precision and recall, calibration and the histogram of probabilities, and the threshold of a class."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QComboBox, QHBoxLayout, QSizePolicy

from workbench.gui.attention.export_files import Part
from workbench.gui.evaluate.board import Board
from workbench.gui.evaluate.chart import Chart, Line
from workbench.gui.evaluate.exporting import picture
from workbench.gui.evaluate.histogram import BINS, Counts, Histogram, places
from workbench.gui.evaluate.threshold import ThresholdCard
from workbench.gui.evaluate.tiles import Reflow, figure
from workbench.gui.evaluate.view import View
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import Card, Label, explain_widget, show_if
from workbench.gui.workspace import Workspace
from workbench.run.evaluated import Averaged, Evaluated
from workbench.run.inside.tables import Table
from workbench.run.scores import TwoAxes

CURVE, BIN, SURE = "curve", "bin", "calibration"
#: The bins of calibration (`session.scoring.classification.BINS`).
_SURE_BINS = 15
#: So many classes have colours of their own; the others are grey until one of them is chosen.
_COLOURED = 5
ALL = -1


class CurvesView(View):
    """Four charts of all classes, or of one; every point and bar chooses its rows."""

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(workspace, board)
        self.classes = QComboBox()
        self.classes.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.classes.setMinimumContentsLength(16)
        explain_widget(
            self.classes,
            self.tr("Which class the curves, the histogram and the threshold are about."),
            self.tr("Class"),
        )
        self.classes.activated.connect(lambda _: self._draw_class())
        self.roc = Chart(self.tr("ROC"), self.tr("false alarms"), self.tr("recognised"), "right")
        self.precision = Chart(
            self.tr("Precision and recall"), self.tr("recall"), self.tr("precision"), "left"
        )
        self.sure = Chart(self.tr("Calibration"), self.tr("how sure"), self.tr("how often right"))
        self.histogram = Histogram(self.tr("Probabilities"), self.tr("probability"))
        self.threshold = ThresholdCard()
        self.cards = [
            self._card(chart, chart.name) for chart in (self.roc, self.precision, self.sure, self.histogram)
        ]
        self.calibration = Label("", "caption", wrap=True)
        self.cards[2].add(self.calibration)
        self._lay_out()
        self.roc.picked.connect(self._point_picked)
        self.precision.picked.connect(self._point_picked)
        self.sure.picked.connect(lambda _, point: self._sure_picked(point))
        self.histogram.picked.connect(self._bar_picked)
        self.threshold.moved.connect(lambda _: self._mark_threshold())
        self.threshold.mistakes_wanted.connect(self._mistakes)

    def _card(self, chart: Chart | Histogram, title: str) -> Card:
        card = Card(title)
        card.add(chart, 1)
        return card

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(Label(self.tr("Class"), "caption"))
        line.addWidget(self.classes)
        line.addStretch(1)
        charts = Reflow(250, MEDIUM)
        charts.show_widgets(self.cards)
        layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addLayout(line)
        layout.addWidget(charts, 1)
        layout.addWidget(self.threshold, 0, Qt.AlignmentFlag.AlignTop)

    # ---- drawing

    @property
    def number(self) -> int:
        """The class that is on; `ALL` for all."""
        found = self.classes.currentData()
        return ALL if found is None else int(found)

    def show_class(self, number: int) -> None:
        """Turn to a class."""
        self.classes.setCurrentIndex(self.classes.findData(number))
        self._draw_class()

    def draw(self, found: Evaluated) -> None:
        """Show another evaluation; the class stays on where there is one of that name."""
        names, before = found.rows.names, self.classes.currentText()
        self.classes.clear()
        if len(names) != 2:
            self.classes.addItem(self.tr("All classes"), ALL)
        for number, name in enumerate(names):
            self.classes.addItem(name, number)
        # Of two classes the second one is what is looked for, as in the numbers.
        default = 1 if len(names) == 2 else 0
        self.classes.setCurrentIndex(max(self.classes.findText(before), -1) if before else default)
        if self.classes.currentIndex() < 0:
            self.classes.setCurrentIndex(default)
        self._draw_class()

    def _draw_class(self) -> None:
        found, number = self.board.evaluated, self.number
        if found is None or found.scores is None:
            return
        scores = found.scores
        areas = [one.auc for one in scores.classes], [one.average_precision for one in scores.classes]
        self.roc.show_lines(self._lines(found, scores.roc, areas[0], found.roc), diagonal=True)
        self.precision.show_lines(
            self._lines(found, scores.precision_recall, areas[1], found.precision_recall)
        )
        calibration = scores.calibration
        weights = calibration.counts / max(1, int(calibration.counts.max(initial=1)))
        words = [
            self.tr("{0}: {1:.0f} % sure,\n{2:.0f} % right").format(
                _rows(int(count)), 100 * sure, 100 * right
            )
            for count, sure, right in zip(
                calibration.counts, calibration.sureness, calibration.accuracy, strict=True
            )
        ]
        self.sure.show_lines(
            [
                Line(
                    "",
                    calibration.sureness,
                    calibration.accuracy,
                    "sure",
                    0,
                    dots=True,
                    words=words,
                    weights=weights,
                )
            ],
            diagonal=True,
        )
        self.calibration.setText(self._calibration_words(found))
        self._draw_histogram(found, number)
        show_if(self.threshold, number != ALL)
        if number != ALL:
            self.threshold.show_class(found.sorted[number], found.rows.names[number])
        self._mark_threshold()
        self.frame()

    def _lines(
        self,
        found: Evaluated,
        curves: Sequence[TwoAxes],
        areas: Sequence[float],
        averages: dict[str, Averaged],
    ) -> list[Line]:
        number, names = self.number, found.rows.names
        if number != ALL:
            curve = curves[number]
            return [
                Line(f"{names[number]}  {figure(areas[number])}", curve.x, curve.y, number, 0, strong=True)
            ]
        lines = []
        for i, curve in enumerate(curves):
            coloured = i < _COLOURED or len(curves) <= _COLOURED + 1
            told = f"{names[i]}  {figure(areas[i])}"
            lines.append(
                Line(told if coloured else "", curve.x, curve.y, i, i if coloured else -1, told=told)
            )
        lines.sort(key=lambda line: line.colour)  # the grey ones below
        for name, style in (("macro", False), ("micro", True)):
            if name in averages:
                one = averages[name]
                told = self.tr("average") if name == "macro" else self.tr("all together")
                lines.append(
                    Line(
                        f"{told}  {figure(one.area)}",
                        one.points.x,
                        one.points.y,
                        None,
                        5,
                        strong=True,
                        dashed=style,
                    )
                )
        return lines

    def _calibration_words(self, found: Evaluated) -> str:
        assert found.scores is not None
        calibration = found.scores.calibration
        total = max(1, int(calibration.counts.sum()))
        over = float((calibration.sureness - calibration.accuracy) @ calibration.counts / total)
        tends = (
            self.tr("too sure")
            if over > 0.01
            else self.tr("not sure enough")
            if over < -0.01
            else self.tr("about as sure as it should be")
        )
        return self.tr("Expected calibration error {0}: the model is {1}.").format(
            figure(calibration.error), tends
        )

    def _draw_histogram(self, found: Evaluated, number: int) -> None:
        rows = found.rows
        assert rows.true is not None
        if number == ALL:
            bins, first = places(rows.sureness), ~rows.wrong
            names, tones, across = (
                (self.tr("right"), self.tr("wrong")),
                ("accent", "bad"),
                self.tr("probability of the predicted class"),
            )
        else:
            bins, first = places(rows.probabilities[:, number]), rows.true == number
            name = rows.names[number]
            names, tones, across = (
                (self.tr("is “{0}”").format(name), self.tr("is not")),
                ("accent", "muted"),
                self.tr("probability of “{0}”").format(name),
            )
        low = np.bincount(bins[first], minlength=BINS).astype(np.int64)
        high = np.bincount(bins[~first], minlength=BINS).astype(np.int64)
        self.histogram.show_counts(Counts(low, high, *names, tones), across)

    def _mark_threshold(self) -> None:
        found, number = self.board.evaluated, self.number
        if found is None or not found.sorted or number == ALL:
            for chart in (self.roc, self.precision):
                chart.show_marks(())
            self.histogram.show_threshold(None)
            return
        one, at = found.sorted[number], self.threshold.threshold
        alarms, misses = one.at(at)
        hits, others = one.positives - misses, one.rows - one.positives
        self.histogram.show_threshold(at)
        self.roc.show_marks([(alarms / others, hits / one.positives)] if others and one.positives else ())
        taken = hits + alarms
        self.precision.show_marks([(hits / one.positives, hits / taken)] if taken and one.positives else ())

    def frame(self) -> None:
        """Frame the chosen bar."""
        mark = self.board.mark(BIN)
        on = isinstance(mark, tuple) and mark[0] == self.number
        self.histogram.show_chosen(mark[1] if on and isinstance(mark, tuple) else -1)

    # ---- choosing

    def _point_picked(self, number: object, point: int) -> None:
        """A point is a threshold: what counts as the class from there on, and is not of it or is missed."""
        found, sender = self.board.evaluated, self.sender()
        if found is None or found.scores is None or not isinstance(number, int):
            return
        curves = found.scores.precision_recall if sender is self.precision else found.scores.roc
        at = float(min(1.0, curves[number].thresholds[point]))
        if self.number == number:
            self.threshold.slider.setValue(round(at * 1000))
        self._choose_mistakes(number, at, "both")

    def _mistakes(self, kind: str) -> None:
        if self.number != ALL:
            self._choose_mistakes(self.number, self.threshold.threshold, kind)

    def _choose_mistakes(self, number: int, at: float, kind: str) -> None:
        found = self.board.evaluated
        if found is None or found.rows.true is None:
            return
        name, rows = found.rows.names[number], found.rows
        assert rows.true is not None
        counts, of_class = rows.probabilities[:, number] >= at, rows.true == number
        if kind == "alarms":
            chosen, words = counts & ~of_class, self.tr("false alarms of “{0}” at {1:.3f}")
        elif kind == "misses":
            chosen, words = ~counts & of_class, self.tr("missed “{0}” at {1:.3f}")
        else:
            chosen, words = counts != of_class, self.tr("mistakes about “{0}” at {1:.3f}")
        self.choose(CURVE, words.format(name, at), chosen, (number, at, kind))

    def _sure_picked(self, point: int) -> None:
        found = self.board.evaluated
        if found is None or found.scores is None:
            return
        bins = np.minimum((found.rows.sureness * _SURE_BINS).astype(np.int64), _SURE_BINS - 1)
        there = np.flatnonzero(np.bincount(bins, minlength=_SURE_BINS))
        bin_ = int(there[point])
        low, high = bin_ / _SURE_BINS, (bin_ + 1) / _SURE_BINS
        words = self.tr("{0:.0f}–{1:.0f} % sure").format(100 * low, 100 * high)
        self.choose(SURE, words, bins == bin_, bin_)

    def _bar_picked(self, bar: int) -> None:
        found, number = self.board.evaluated, self.number
        if found is None:
            return
        rows = found.rows
        values = rows.sureness if number == ALL else rows.probabilities[:, number]
        of = self.tr("probability") if number == ALL else self.tr("“{0}”").format(rows.names[number])
        words = f"{of} {bar / BINS:.2f}–{(bar + 1) / BINS:.2f}"
        self.choose(BIN, words, places(values) == bar, (number, bar))

    # ---- export

    def parts(self) -> Sequence[Part]:
        """Each chart as a picture, with its points as a table."""
        found = self.board.evaluated
        if found is None or found.scores is None:
            return ()
        charts = [
            Part(
                chart.name,
                chart.name.lower().replace(" ", "-"),
                drawing=partial(picture, chart, chart.name, found, "", self.font()),
                table=partial(_points, chart.lines),
            )
            for chart in (self.roc, self.precision, self.sure)
        ]
        counts = self.histogram.counts
        bars = Part(
            self.histogram.name,
            "probabilities",
            drawing=lambda: picture(self.histogram, self.histogram.name, found, "", self.font()),
            table=lambda: _bars(counts),
        )
        return (*charts, bars)


def _points(lines: Sequence[Line]) -> Table:
    table = [["curve", "x", "y"]]
    for line in lines:
        table += [[line.name, f"{x:.6f}", f"{y:.6f}"] for x, y in zip(line.x, line.y, strict=True)]
    return table


def _bars(counts: Counts | None) -> Table:
    if counts is None:
        return []
    table = [["from", "to", counts.low_name, counts.high_name]]
    for bar in range(counts.bins):
        ends = [f"{bar / counts.bins:.2f}", f"{(bar + 1) / counts.bins:.2f}"]
        table.append([*ends, str(int(counts.low[bar])), str(int(counts.high[bar]))])
    return table


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
