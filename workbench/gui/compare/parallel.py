"""The ticked runs as lines across parallel axes: which settings went together with which scores."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.compare.board import Board
from workbench.gui.compare.columns import Axis, Column, axes_of, axis_of
from workbench.gui.compare.exporting import chart_part
from workbench.gui.compare.view import View
from workbench.gui.theme import FONT_SMALL, SMALL, TINY, current, mixed, theme
from workbench.gui.widgets import Card, EmptyState, Label, row
from workbench.gui.workspace import Workspace
from workbench.run.comparison import ComparedRun

#: More axes than this cannot be told apart.
_MOST = 9
_NEAR = 12.0
_CENTRE = Qt.AlignmentFlag.AlignCenter


class ParallelChart(QWidget):
    """A line for each run; up and down go from run to run, Enter shows the run's curves."""

    picked = Signal(str)

    def __init__(self, board: Board) -> None:
        super().__init__()
        self._board = board
        self.runs: tuple[ComparedRun, ...] = ()
        self.axes: tuple[Axis, ...] = ()
        self.setMinimumSize(240, 190)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Runs across parallel axes"))
        board.pointed_changed.connect(self._pointed)
        theme().changed.connect(self.update)

    def show_runs(self, runs: tuple[ComparedRun, ...], axes: tuple[Axis, ...]) -> None:
        """Draw these runs; the last axis colours them."""
        self.runs, self.axes = runs, axes
        self.setAccessibleDescription(", ".join(axis.column.title for axis in axes))
        self.update()

    def sizeHint(self) -> QSize:
        """Wider than high."""
        return QSize(480, 240)

    # ---- places

    def _plot(self) -> QRectF:
        return QRectF(self.rect()).adjusted(58, 26, -58, -10)

    def _x(self, number: int) -> float:
        plot = self._plot()
        return plot.left() + plot.width() * number / max(1, len(self.axes) - 1)

    def points(self, run: ComparedRun) -> list[QPointF]:
        """Where a run's line bends; axes on which it has no value are passed over."""
        plot, found = self._plot(), []
        for number, axis in enumerate(self.axes):
            place = axis.place(run)
            if place is not None:
                found.append(QPointF(self._x(number), plot.bottom() - plot.height() * place))
        return found

    def nearest(self, point: QPointF) -> ComparedRun | None:
        """The run whose line passes near a place."""
        found, best = None, _NEAR
        for run in self.runs:
            points = self.points(run)
            for first, second in pairwise(points):
                if (distance := _distance(point, first, second)) < best:
                    found, best = run, distance
        return found

    # ---- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axes, lines, and the run that is pointed at above them."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        pointed = next((run for run in self.runs if run.name == self._board.pointed), None)
        for run in self.runs:
            if run is not pointed:
                self._draw_run(painter, run, strong=False, pale=pointed is not None)
        if pointed is not None:
            self._draw_run(painter, pointed, strong=True, pale=False)
        for number, axis in enumerate(self.axes):
            self._draw_axis(painter, number, axis)
        if pointed is not None:
            self._draw_words(painter, pointed)

    def _colour(self, run: ComparedRun) -> QColor:
        """From pale to strong with the value on the last axis."""
        palette = current()
        place = self.axes[-1].place(run)
        if place is None:
            return palette.colour("line")
        share = min(1.0, max(0.0, place))
        return QColor(mixed(palette.accent, palette.series[1], share))

    def _draw_run(self, painter: QPainter, run: ComparedRun, *, strong: bool, pale: bool) -> None:
        colour = self._colour(run)
        colour.setAlphaF(0.25 if pale else 0.95 if strong else 0.7)
        painter.setPen(QPen(colour, 3.0 if strong else 1.5))
        points = self.points(run)
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for point in points:
            painter.drawEllipse(point, 4.0 if strong else 2.5, 4.0 if strong else 2.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_axis(self, painter: QPainter, number: int, axis: Axis) -> None:
        palette, plot, metrics = current(), self._plot(), painter.fontMetrics()
        x = self._x(number)
        painter.setPen(QPen(palette.colour("muted"), 1))
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
        between = plot.width() / max(1, len(self.axes) - 1)
        room = int(min(between - SMALL, 130.0))
        title = metrics.elidedText(axis.column.title, Qt.TextElideMode.ElideRight, room)
        painter.setPen(palette.colour("text"))
        left = min(max(2.0, x - room / 2), self.width() - room - 2.0)
        painter.drawText(QRectF(left, 2, room, 18), _CENTRE, title)
        last = number == len(self.axes) - 1 and number > 0
        ground = palette.colour("surface")
        ground.setAlphaF(0.8)
        for place, text in axis.marks():
            y = plot.bottom() - plot.height() * place
            shown = metrics.elidedText(
                text, Qt.TextElideMode.ElideMiddle, 52 if last or not number else room - TINY
            )
            wide = metrics.horizontalAdvance(shown) + 4.0
            start = x + TINY if number else x - TINY - wide
            box = QRectF(start, y - 7, wide, 14)
            painter.fillRect(box, ground)
            painter.setPen(palette.colour("muted"))
            painter.drawText(box, _CENTRE, shown)

    def words(self, run: ComparedRun) -> str:
        """A run in words."""
        return "\n".join(
            [run.title, *(f"{axis.column.title}: {axis.column.text(run)}" for axis in self.axes)]
        )

    def _draw_words(self, painter: QPainter, run: ComparedRun) -> None:
        palette, metrics, points = current(), painter.fontMetrics(), self.points(run)
        lines = self.words(run).split("\n")
        wide = max(map(metrics.horizontalAdvance, lines)) + 2 * SMALL
        high = 15 * len(lines) + SMALL
        at = points[len(points) // 2] if points else QPointF(0, 0)
        left = min(max(2.0, at.x() + SMALL), self.width() - wide - 2.0)
        top = min(max(2.0, at.y() - high / 2), max(2.0, self.height() - high - 2.0))
        box = QRectF(left, top, wide, high)
        painter.setPen(QPen(palette.colour("line"), 1))
        painter.setBrush(palette.colour("raised"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(palette.colour("text"))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box.adjusted(SMALL, 0, 0, 0), flags, "\n".join(lines))

    def _pointed(self) -> None:
        run = next((run for run in self.runs if run.name == self._board.pointed), None)
        if run is not None:
            self.setAccessibleDescription(self.words(run).replace("\n", ", "))
        self.update()

    # ---- pointing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point to read."""
        run = self.nearest(event.position())
        self._board.point(run.name if run else "")

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at."""
        super().leaveEvent(event)
        self._board.point("")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click chooses a run."""
        run = self.nearest(event.position())
        if run is not None:
            self._board.point(run.name)
            self.picked.emit(run.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down go from run to run, Enter chooses."""
        names = [run.name for run in self.runs]
        key = event.key()
        if names and key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = 1 if key in (Qt.Key.Key_Down, Qt.Key.Key_Right) else -1
            pointed = self._board.pointed
            at = names.index(pointed) + step if pointed in names else 0
            self._board.point(names[at % len(names)])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._board.pointed in names:
            self.picked.emit(self._board.pointed)
        else:
            super().keyPressEvent(event)


class ParallelView(View):
    """The chart, or why there is none."""

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(workspace, board)
        self.chart = ParallelChart(board)
        self.chart.picked.connect(workspace.select)
        self.empty = EmptyState(
            "sliders",
            self.tr("Nothing that differs yet"),
            self.tr(
                "Tick two or more runs below that differ. Every axis is a setting or a score, every line a run: lines "
                "that end high on the last axis show which settings did well."
            ),
        )
        self.told = Label("", "muted")
        self.export = ExportButton(self.tr("Parallel axes"), self._name, self.parts, workspace)
        card = Card()
        card.add(row(self.told, None, self.export))
        card.add(self.chart, 1)
        self.pages = QStackedWidget()
        self.pages.addWidget(card)
        self.pages.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)

    def _name(self) -> str:
        return self.tr("{0} runs").format(len(self.chart.runs))

    def parts(self) -> list[Part]:
        """The lines and their numbers."""
        if len(self.chart.axes) < 2:
            return []
        columns = [axis.column for axis in self.chart.axes]
        title = self.tr("Runs across their settings")
        return [chart_part(self.chart, title, self.told.text(), self.chart.runs, columns)]

    def show_runs(self) -> None:
        """Settings from the left, then what they cost, and the score that decides at the right."""
        runs = self.board.table.runs
        columns = _in_order(axes_of(self.board.columns, runs))
        self.pages.setCurrentIndex(0 if len(columns) > 1 else 1)
        if columns:
            self.told.setText(
                self.tr("Every line is a run; its colour follows {0}.").format(columns[-1].title)
            )
        self.chart.show_runs(runs, tuple(axis_of(column, runs) for column in columns))


def _in_order(columns: tuple[Column, ...]) -> list[Column]:
    scores = [column for column in columns if column.key.startswith("score/")]
    fields = [column for column in columns if "." in column.key and column not in scores]
    costs = [column for column in columns if column.key in ("seconds", "energy", "parameters")]
    room = _MOST - min(2, len(scores))
    return [*[*fields, *costs][:room], *reversed(scores[:2])]


def _distance(point: QPointF, first: QPointF, second: QPointF) -> float:
    """From a place to the line between two others, in pixels."""
    line, to = second - first, point - first
    length = QPointF.dotProduct(line, line)
    share = min(1.0, max(0.0, QPointF.dotProduct(to, line) / length)) if length else 0.0
    apart = point - (first + line * share)
    return float(QPointF.dotProduct(apart, apart) ** 0.5)
