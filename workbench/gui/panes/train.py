"""The Train page: how learning goes, as headline numbers, linked plots and a log of notices."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QSlider,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.again_button import AgainButton, ChangedButton
from workbench.gui.evaluation.opening import can_be_evaluated, evaluate_run
from workbench.gui.plot_export import all_prepared, file_name, prepared
from workbench.gui.plots import CurvePlot, PlotGroup
from workbench.gui.preflight_card import PreflightCard
from workbench.gui.run_controls import RunControls
from workbench.gui.runs_list import status_words
from workbench.gui.settings import Settings
from workbench.gui.theme import MEDIUM, SMALL, theme
from workbench.gui.train_parts import HeadlineRow, NoticeLog, headlines
from workbench.gui.train_series import PLOTS, PlotRow, Shown, marks_of, series_of
from workbench.gui.trouble_card import TroubleCard
from workbench.gui.widgets import (
    Badge,
    ElidedLabel,
    EmptyState,
    GhostButton,
    IconButton,
    Label,
    Muted,
    explain_widget,
    row,
    scrolled,
)
from workbench.gui.workspace import Workspace
from workbench.run.history import History
from workbench.run.problem import WorkbenchError

LOW, LEAST = 600, 120  # pixels
#: Of the time of one core, which drawing may take from a training; what else the window does then takes as much.
SHARE = 0.015
BETWEEN_MS = 12


class TrainPane(QWidget):
    """Draws the selected run and the overlaid ones; live, while it is in work."""

    title = "Train"
    icon = "train"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._settings = Settings(workspace.session.home.settings, self)
        self._dirty = True
        self._turns: list[Callable[[], None]] = []  # what of this drawing is yet to be done
        self._spent = self._cost_ms = 0.0  # of this drawing, in seconds, and of the one before
        self.plots = {spec.key: CurvePlot(self.tr(spec.title), self.tr(spec.help)) for spec in PLOTS}
        self.group = PlotGroup(list(self.plots.values()))
        self.log = NoticeLog()
        self.preflight = PreflightCard(workspace)
        self.trouble = TroubleCard(workspace)
        self.controls = RunControls(workspace)
        self.empty = EmptyState(
            "train",
            self.tr("No run to show"),
            self.tr(
                "Press Start: the curves appear here while the model learns. Or choose a run at the left."
            ),
        )
        self._make_head()
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._take_turn)
        for plot in self.plots.values():
            plot.export_wanted.connect(lambda kind, plot=plot: self._ask_and_export_one(plot, kind))
        workspace.history_changed.connect(self._history_changed)
        workspace.selection_changed.connect(self._soon)
        workspace.runs_changed.connect(self._soon)
        workspace.active_changed.connect(self._show_cards)
        workspace.elsewhere.changed.connect(self._soon)
        workspace.checking.changed.connect(self._show_cards)
        theme().changed.connect(self._soon)
        self.redraw()

    # ---- building

    def _make_head(self) -> None:
        self.resume = GhostButton(
            self.tr("Resume"),
            "resume",
            help=self.tr("Go on with this run from its newest checkpoint (Ctrl+R)."),
            on_click=lambda: self._workspace.resume(self._workspace.selected or ""),
        )
        self.evaluate = GhostButton(
            self.tr("Evaluate…"),
            "measure",
            help=self.tr(
                "How good this model is on rows that it has not learned from, and where it is wrong."
            ),
            on_click=self._evaluate,
        )
        self.again = AgainButton(self._workspace)
        self.changed = ChangedButton(self._workspace)
        self.name = ElidedLabel("", "title")
        self.status = Badge()
        self.elsewhere = ElidedLabel("", "caption")
        self.headlines = HeadlineRow()
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, 99)
        self.smoothing.setFixedWidth(110)
        self.smoothing.setValue(self._settings.number("train/smoothing"))
        explain_widget(
            self.smoothing,
            self.tr("How strongly the noisy curves are smoothed. The pale line is always what was measured."),
            self.tr("Smoothing"),
        )
        self.smoothing_text = Label("", "caption")
        self.smoothing.valueChanged.connect(self._smoothing_changed)
        self._smoothing_changed(self.smoothing.value())

    def _lay_out(self) -> None:
        tools = row(
            self.smoothing_text,
            self.smoothing,
            IconButton(
                "fit", self.tr("Show the whole run"), self.tr("Undo zooming; a double click on a plot does the same."),
                on_click=self.group.show_whole,
            ),
            IconButton("export", self.tr("Export all plots"), on_click=self.ask_and_export),
        )  # fmt: skip
        line = QHBoxLayout()
        line.setSpacing(MEDIUM)
        line.addWidget(self.status)
        line.addWidget(self.name, 1)
        line.addWidget(self.elsewhere, 2)
        line.addWidget(self.evaluate)
        line.addWidget(self.changed)
        line.addWidget(self.again)
        line.addWidget(self.resume)
        line.addWidget(self.controls)
        line.addWidget(tools)
        self.hint = Muted(
            self.tr(
                "Step by step, loss should fall and held-out scores should rise. Turn the wheel to zoom, point to read."
            ),
            wrap=False,
        )
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(SMALL)
        plots = self.plots
        grid.addWidget(plots["loss"], 0, 0, 1, 4)
        grid.addWidget(plots["scores"], 0, 4, 1, 2)
        for place, key in enumerate(("learning_rate", "gradient_norm", "throughput")):
            grid.addWidget(plots[key], 1, 2 * place, 1, 2)
        for place in range(6):
            grid.setColumnStretch(place, 1)
        grid.setRowStretch(0, 3)
        grid.setRowStretch(1, 2)
        area = QWidget()
        area.setLayout(grid)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(area)
        parts.addWidget(self.log)
        parts.setStretchFactor(0, 1)
        parts.setSizes([600, 92])
        self.log.setMinimumHeight(72)
        parts.setHandleWidth(SMALL)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(SMALL)
        inner.addLayout(line)
        inner.addWidget(self.headlines)
        inner.addWidget(self.hint)
        inner.addWidget(parts, 1)
        area = scrolled(content)
        area.setMinimumHeight(LEAST)  # in a low window the cards keep their room
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(SMALL)
        outer.addWidget(self.preflight)
        outer.addWidget(self.trouble)
        self._stack = QStackedLayout()
        outer.addLayout(self._stack, 1)  # before it is filled: what has no parent would show as a window
        self._stack.addWidget(self.empty)
        self._stack.addWidget(area)
        self._content = area

    # ---- when to draw

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what came in while the page was hidden."""
        super().showEvent(event)
        if self._dirty:
            self._turns.clear()
            self._take_turn()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A low window keeps its room for the plots."""
        super().resizeEvent(event)
        self._show_hint()

    def _show_hint(self) -> None:
        self.hint.setVisible(self.height() > LOW and self.preflight.isHidden() and self.trouble.isHidden())

    def _history_changed(self, name: str) -> None:
        if name == self._workspace.selected or name in self._workspace.overlays:
            self._dirty = True
            if self.isVisible() and not self._timer.isActive():
                self._timer.start(self._pause())

    def _soon(self) -> None:
        self._dirty = True
        self._turns.clear()
        if self.isVisible():
            self._timer.start(0)

    def _pause(self) -> int:
        """Milliseconds until the next drawing: as the settings say, and longer where drawing is dear, so that it
        takes only its share of the time from training."""
        wanted = 1000 / self._settings.number("train/redraws")
        return int(max(wanted, self._cost_ms / SHARE)) if self._live() else 0

    def _live(self) -> bool:
        in_work = {self._workspace.active_name, self._workspace.elsewhere.name}
        return not in_work.isdisjoint(self._names())

    def _names(self) -> list[str]:
        selected = self._workspace.selected
        return [*([selected] if selected else []), *self._workspace.overlays]

    # ---- drawing

    def redraw(self) -> None:
        """Draw the selected run and the overlaid ones as they are now, at once."""
        self._turns = self._drawing()
        while self._turns:
            self._turns.pop(0)()

    def _take_turn(self) -> None:
        """Draw one plot; the next one follows when what waits has had its turn, so that the window never stops."""
        begun = time.thread_time()
        if not self._turns:
            self._turns = self._drawing()
        if self._turns:
            self._turns.pop(0)()
        self._spent += time.thread_time() - begun
        if self._turns:
            self._timer.start(BETWEEN_MS if self._live() else 0)
        elif self._dirty and self.isVisible():  # something came while this was drawn
            self._timer.start(self._pause())

    def _drawing(self) -> list[Callable[[], None]]:
        """The turns of one drawing; empty where there is nothing to draw."""
        self._dirty = False
        workspace = self._workspace
        history = workspace.histories.get(workspace.selected or "")
        self.trouble.refresh(history)
        if history is None:
            self._show_empty()
            return []
        self._cost_ms = 1000 * (self._spent + sum(plot.take_cost() for plot in self.plots.values()))
        self._spent = 0.0
        self._stack.setCurrentWidget(self._content)
        shown = [
            Shown(self._title(name), workspace.histories[name], place)
            for place, name in enumerate(self._names())
            if name in workspace.histories
        ]
        live, marks = self._live(), marks_of(history)
        self.group.set_end(max((run.history.step for run in shown), default=1))

        def draw(spec: PlotRow) -> None:
            plot = self.plots[spec.key]
            plot.show_series(series_of(spec, shown, self.smoothing.value() / 100), marks, live=live)
            self.group.redraw(plot)

        def words() -> None:
            self._show_head(history)
            self.log.show_notices(history)

        return [*(partial(draw, spec) for spec in PLOTS), words]

    def _show_cards(self) -> None:
        """A card came or went: what stands beside it follows."""
        self.trouble.refresh(self._workspace.histories.get(self._workspace.selected or ""))
        self._soon()

    def _show_empty(self) -> None:
        workspace = self._workspace
        if workspace.active is not None:
            self.empty.say(
                self.tr("Preparing the run"), self.tr("Reading the data and loading the model."), "clock"
            )
        else:
            self.empty.say(
                self.tr("No run to show"),
                self.tr(
                    "Press Start: the curves appear here while the model learns. Or choose a run at the left."
                ),
                "train",
            )
        self._stack.setCurrentWidget(self.empty)

    def _show_head(self, history: History) -> None:
        name = self._workspace.selected or ""
        self.name.setText(self._title(name))
        self.name.setToolTip(name)
        summary = self._workspace.summary(name)
        elsewhere = self._workspace.elsewhere
        self.elsewhere.setVisible(name == elsewhere.name)
        self.elsewhere.setText(
            self.tr("Read-only here: trained by {0}").format(elsewhere.worker) if elsewhere.name else ""
        )
        live = name in (self._workspace.active_name, elsewhere.name)
        status: str = "running" if live else summary.status if summary else "new"
        if not live and history.ended:
            status = history.ended.status
        waiting = self._workspace.waits(name)
        if waiting:
            status = "waiting" if waiting.problem else "paused"
        self._show_hint()
        word, tone = status_words(status)
        self.status.show_status(word, tone)
        free = self._workspace.active is None and not live
        resumable = bool(summary and summary.resumable) and free
        self.resume.setVisible(resumable and self.trouble.isHidden())  # else the card has the button
        tuned = summary is not None and not live and (summary.folder / "model").is_dir()
        self.evaluate.setVisible(bool(tuned and summary and can_be_evaluated(summary.task)))
        self.headlines.show_headlines(headlines(history))

    def _title(self, name: str) -> str:
        summary = self._workspace.summary(name)
        return summary.title if summary else name

    def _evaluate(self) -> None:
        summary = self._workspace.summary(self._workspace.selected or "")
        if summary is not None:
            evaluate_run(self._workspace, summary, self.window())

    def _smoothing_changed(self, value: int) -> None:
        self.smoothing_text.setText(self.tr("Smoothing {0} %").format(value))
        self._settings.set_value("train/smoothing", value)
        if hasattr(self, "_stack"):
            self._soon()

    # ---- exporting

    def ask_and_export(self) -> None:
        """Ask for a folder and write every plot into it."""
        folder = QFileDialog.getExistingDirectory(self, self.tr("Export all plots into a folder"))
        if folder:
            self.redraw()  # a plot whose turn has not come is written as it is now, too
            self._write(lambda: all_prepared(list(self.plots.values()), Path(folder)))

    def _ask_and_export_one(self, plot: CurvePlot, kind: str) -> None:
        path, _ = QFileDialog.getSaveFileName(self, self.tr("Export plot"), file_name(plot, kind))
        if path:
            chosen = Path(path) if Path(path).suffix else Path(f"{path}.{kind}")
            self._write(lambda: prepared(plot, chosen))

    def _write(self, prepare: Callable[[], Callable[[], object]]) -> None:
        """Draw here, and let the files lane write."""
        failed = self._workspace.problem_raised.emit
        try:
            write = prepare()
        except WorkbenchError as error:
            failed(error.problem)
            return
        self._workspace.session.files.submit(lambda desk: write(), done=lambda _: None, failed=failed)


if __name__ == "__main__":
    from workbench.gui.preview import preview

    preview(TrainPane)
