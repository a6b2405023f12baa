"""The ticked runs' curves over each other, by steps, epochs or minutes."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from PySide6.QtWidgets import QComboBox, QFileDialog, QStackedWidget, QVBoxLayout

from workbench.gui.compare.board import Board
from workbench.gui.compare.view import View
from workbench.gui.plot_export import file_name, prepared
from workbench.gui.plots import CurvePlot
from workbench.gui.runs_list import is_share, metric_title
from workbench.gui.series import Series
from workbench.gui.theme import SMALL
from workbench.gui.widgets import EmptyState, Label, Segmented, explain_widget, row
from workbench.gui.workspace import Workspace
from workbench.run.comparison import ComparedCurve, RunTable
from workbench.run.home import Home
from workbench.run.problem import Problem, WorkbenchError
from workbench.session.comparing_runs import By, CurvesRequest, compared_curves, curve_names
from workbench.session.lanes import Desk, Ticket

#: More curves than this cannot be told apart.
MOST = 12
_HELD_OUT = "validation/"

#: The names of all curves, the one that was taken, and that of each run.
Found = tuple[tuple[str, ...], str, tuple[ComparedCurve, ...]]


class CurvesView(View):
    """Which curve, over what, and the plot."""

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(workspace, board)
        self.name = QComboBox()
        self.name.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.name.activated.connect(lambda _: self._ask())
        explain_widget(self.name, self.tr("What is drawn of each run."), self.tr("Curve"))
        self.by = Segmented(
            [
                ("step", self.tr("Steps"), "", self.tr("Over optimizer steps.")),
                ("epoch", self.tr("Epochs"), "", self.tr("Over passes through the data.")),
                ("time", self.tr("Minutes"), "", self.tr("Over minutes of work, without pauses between two starts.")),
            ],
            self.tr("Over"),
        )  # fmt: skip
        self.by.chosen.connect(lambda _: self._ask())
        self.plot = CurvePlot(self.tr("Curves"), self.tr("Turn the wheel to zoom, point to read."))
        self.plot.hovered.connect(
            lambda x: self.plot.show_hover(float(x) if isinstance(x, int | float) else None)
        )
        self.plot.zoomed.connect(self.plot.set_range)
        self.plot.whole_wanted.connect(self._show_whole)
        self.plot.export_wanted.connect(self._export)
        self.told = Label("", "caption")
        self.empty = EmptyState(
            "train", self.tr("No curves yet"), self.tr("Tick one run or more below that have done a step.")
        )
        self.pages = QStackedWidget()
        self.pages.addWidget(self.plot)
        self.pages.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addWidget(row(self.name, self.by, self.told, None))
        layout.addWidget(self.pages, 1)
        self._ticket: Ticket | None = None
        self._whole = (0.0, 1.0)

    def show_runs(self) -> None:
        """Ask for the curves of the ticked runs."""
        self._ask()

    def _ask(self) -> None:
        if self._ticket:
            self._ticket.cancel()
        session, table = self.workspace.session, self.board.table
        wanted = str(self.name.currentData() or "")
        by = cast("By", self.by.current())

        def work(desk: Desk) -> Found:
            return _read(session.home, table, wanted, by, desk)

        self._ticket = session.files.submit(work, done=self._arrived, failed=self._failed)

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self.pages.setCurrentWidget(self.empty)
        self.empty.say(problem.title, problem.cause)

    def _arrived(self, found: Found) -> None:
        self._ticket = None
        names, chosen, curves = found
        self.name.clear()
        for name in names:
            self.name.addItem(_title(name), name)
        self.name.setCurrentIndex(max(0, self.name.findData(chosen)))
        self.pages.setCurrentIndex(0 if curves else 1)
        shown = curves[-MOST:]
        hidden = len(curves) - len(shown)
        self.told.setText(self.tr("The newest {0} of {1} runs").format(MOST, len(curves)) if hidden else "")
        series = []
        metric = chosen.removeprefix(_HELD_OUT)
        for curve in shown:
            run = self.board.run(curve.run)
            series.append(
                Series(
                    curve.run, run.title if run else curve.run, curve.x, curve.y, self.board.colour(curve.run),
                    style="points" if chosen.startswith(_HELD_OUT) else "line", share=is_share(metric),
                )
            )  # fmt: skip
        self.plot.place_words = {
            "step": self.tr("at step {0:.0f}"),
            "epoch": self.tr("at epoch {0:.2f}"),
            "time": self.tr("after {0:.2f} minutes"),
        }[self.by.current()]
        over = {"step": self.tr("steps"), "epoch": self.tr("epochs"), "time": self.tr("minutes")}[
            self.by.current()
        ]
        self.plot.rename(self.tr("{0} over {1}").format(_title(chosen), over))
        self.plot.show_series(series)
        last = max((float(curve.x[-1]) for curve in shown), default=1.0) or 1.0
        first = min((float(curve.x[0]) for curve in shown), default=0.0)
        room = 0.01 * (last - min(0.0, first))
        self._whole = (min(0.0, first) - room, last + room)
        self.plot.set_range(*self._whole)
        self.plot.redraw()

    def _show_whole(self) -> None:
        self.plot.set_range(*self._whole)

    def _export(self, kind: str) -> None:
        path, _ = QFileDialog.getSaveFileName(self, self.tr("Export plot"), file_name(self.plot, kind))
        if not path:
            return
        try:
            write = prepared(self.plot, Path(path) if Path(path).suffix else Path(f"{path}.{kind}"))
        except WorkbenchError as error:
            self.workspace.problem_raised.emit(error.problem)
            return
        failed = self.workspace.problem_raised.emit
        self.workspace.session.files.submit(lambda desk: write(), done=lambda _: None, failed=failed)


def _title(name: str) -> str:
    """A curve's name as a person reads it."""
    if name.startswith(_HELD_OUT):
        return f"Held-out {metric_title(name.removeprefix(_HELD_OUT)).lower()}"
    return name.replace("_", " ").capitalize()


def _read(home: Home, table: RunTable, wanted: str, by: By, desk: Desk) -> Found:
    """The wanted curve of the runs, the oldest first; where none has it, the held-out score that decides."""
    names = curve_names(table)
    metric = f"{_HELD_OUT}{table.runs[0].metric}" if table.runs else ""
    chosen = next((name for name in (wanted, metric, "loss", *names) if name in names), "")
    runs = tuple(str(run.folder) for run in reversed(table.runs))
    return names, chosen, compared_curves(home, CurvesRequest(runs, chosen, by), desk) if chosen else ()
