"""The Compare page: runs in a table with what differs and what came out, and pictures of those that are ticked."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.compare.board import Board, Known, read_runs
from workbench.gui.compare.table import RunsTable, RunsTableModel
from workbench.gui.compare.view import View
from workbench.gui.compare.views import ROWS, TABLE, VIEWS
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import (
    ElidedLabel,
    EmptyState,
    FoldingSwitch,
    GhostButton,
    IconButton,
    explain_widget,
    show_if,
)
from workbench.gui.workspace import Workspace
from workbench.run.files import write_whole
from workbench.run.problem import Problem, bad_input
from workbench.session.lanes import Ticket

#: Runs change with every step elsewhere: reading them again waits so long.
_SOON_MS = 250


class ComparePane(QWidget):
    """The views above, the table below."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.workspace = workspace
        self.board = Board(workspace, self)
        self.views: dict[str, View] = {}
        self.switcher = FoldingSwitch([(row.key, row.title, "", row.help) for row in VIEWS], self.tr("View"))
        self.switcher.setProperty("dense", True)
        self.stack = QStackedWidget()
        self.model = RunsTableModel(self.board, self)
        self.table = RunsTable(self.model)
        self.told = ElidedLabel("", "caption")
        self.told.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.empty = EmptyState(
            "layers",
            self.tr("No runs to compare yet"),
            self.tr(
                "Every run stands here in a line: which settings differ, its scores, how long it took, what it cost. "
                "Start one, or let a search try several settings."
            ),
            self.tr("Search settings…"),
            self.open_search,
        )
        self._known: Known = {}
        self._ticket: Ticket | None = None
        self._stale = True
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self.ask)
        self._tools()
        self._lay_out()
        self._connect()
        self.show_view(TABLE)
        self._tell()

    def _tools(self) -> None:
        tr = self.tr
        self.only = QCheckBox(tr("Only ticked"))
        explain_widget(self.only, tr("Leave out the runs that are not compared."), tr("Only ticked"))
        self.all = GhostButton(tr("Tick all"), help=tr("Compare every run."), on_click=self._tick_all)
        self.none = GhostButton(
            tr("None"), help=tr("Untick every run."), on_click=lambda: self.board.tick(())
        )
        self.search = GhostButton(
            tr("Search…"), "search", help=tr("Try several settings; cross-validate; see whether more rows help."),
            on_click=self.open_search,
        )  # fmt: skip
        self.export = IconButton(
            "export", tr("Table as CSV"), tr("Write the table into a file."), on_click=self._ask_and_export
        )

    def _lay_out(self) -> None:
        switch = QHBoxLayout()
        switch.setSpacing(MEDIUM)
        switch.addWidget(self.switcher)
        switch.addStretch(1)
        switch.addWidget(self.search)
        tools = QHBoxLayout()
        tools.setSpacing(SMALL)
        for widget in (self.all, self.none, self.only):
            tools.addWidget(widget)
        tools.addWidget(self.told, 1)
        tools.addWidget(self.export)
        below = QWidget()
        lines = QVBoxLayout(below)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(SMALL)
        lines.addLayout(tools)
        lines.addWidget(self.table, 1)
        self.halves = QSplitter(Qt.Orientation.Vertical)
        self.halves.addWidget(self.stack)
        self.halves.addWidget(below)
        self.halves.setChildrenCollapsible(False)
        self.halves.setHandleWidth(SMALL)
        self.halves.setStretchFactor(0, 3)
        self.halves.setStretchFactor(1, 2)
        self.halves.setSizes([600, 400])  # shares, not pixels
        self.pages = QStackedWidget()
        self.pages.addWidget(self.halves)
        self.pages.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addLayout(switch)
        layout.addWidget(self.pages, 1)

    def _connect(self) -> None:
        self.switcher.chosen.connect(self.show_view)
        self.board.ticked_changed.connect(self._tell)
        self.board.runs_changed.connect(self._tell)
        self.only.toggled.connect(self.model.show_only_ticked)
        self.table.opened.connect(self._open)
        self.workspace.runs_changed.connect(self._changed)
        self.workspace.page_wanted.connect(lambda _: self._take_wish() if self.isVisible() else None)

    # ---- views

    @property
    def view(self) -> View | None:
        """The view that is on; None while only the table is shown."""
        return self.views.get(self.switcher.current())

    def show_view(self, key: str) -> None:
        """Go to a view; an unknown key is ignored."""
        row = next((row for row in VIEWS if row.key == key), None)
        if row is None:
            return
        if key != TABLE and key not in self.views:
            made = self.views[key] = row.build(self.workspace, self.board)
            self.stack.addWidget(made)
        self.switcher.choose(key)
        show_if(self.stack, key != TABLE)
        if key != TABLE:
            self.stack.setCurrentWidget(self.views[key])

    # ---- the runs

    def showEvent(self, event: QShowEvent) -> None:
        """Read the runs once they are seen, and take up what another part wished for."""
        super().showEvent(event)
        if self._stale:
            self.ask()
        self._take_wish()

    def _take_wish(self) -> None:
        if self._ticket is not None and self.board.runs:
            return  # a run that is wished for may be one of those that are being read
        wish, self.workspace.compare_wish = self.workspace.compare_wish, ()
        if wish:
            self.board.tick(wish)
            self.show_view(ROWS if self.workspace.compare_rows else TABLE)
        self.workspace.compare_rows = False

    def _changed(self) -> None:
        self._stale = True
        if self.isVisible():
            self._soon.start()

    def ask(self) -> None:
        """Read the runs again; those that have not changed are known."""
        if not self.isVisible():
            return
        self._soon.stop()
        self._stale = False
        if self._ticket:
            self._ticket.cancel()
        home, known = self.workspace.session.home, self._known

        def arrived(found: Known) -> None:
            self._ticket, self._known = None, found
            self.board.show(run for _, run in found.values())
            self.pages.setCurrentIndex(0 if self.board.runs else 1)
            self._take_wish()

        def failed(problem: Problem) -> None:
            self._ticket = None
            self.workspace.problem_raised.emit(problem)

        self._ticket = self.workspace.session.files.submit(
            lambda desk: read_runs(home, known, desk), done=arrived, failed=failed
        )

    def _tick_all(self) -> None:
        self.board.tick(run.name for run in self.board.runs)

    def _tell(self) -> None:
        ticked, differ = len(self.board.ticked), len(self.board.table.differences)
        self.told.setText(
            self.tr("{0} of {1} runs compared; {2} settings differ").format(
                ticked, len(self.board.runs), differ
            )
            if ticked > 1
            else self.tr("Tick two or more runs to see what differs.")
        )

    def _open(self, name: str) -> None:
        self.workspace.select(name)
        self.workspace.page_wanted.emit("train")

    def open_search(self) -> None:
        """Try several settings."""
        from workbench.gui.search.dialog import open_search  # what few ask for, no start waits for

        open_search(self.workspace, self.window())

    # ---- files

    def _ask_and_export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, self.tr("Table as CSV"), "runs.csv", "CSV (*.csv)")
        if path:
            self.write(Path(path).with_suffix(".csv"))

    def write(self, path: Path) -> None:
        """Write the table as it is shown, on the files lane."""
        text = io.StringIO()
        lines = csv.writer(text)
        columns = self.board.columns
        lines.writerow([column.title for column in columns])
        lines.writerows([column.text(run) for column in columns] for run in self.model.runs)

        def work() -> None:
            try:
                write_whole(path, text.getvalue())
            except OSError as error:
                raise bad_input(
                    f"The file {path} cannot be written.",
                    f"The system says: {error.strerror or error}.",
                    "Choose another folder.",
                ) from error

        self.workspace.session.files.submit(
            lambda desk: work(), done=lambda _: None, failed=self.workspace.problem_raised.emit
        )


if __name__ == "__main__":
    from workbench.gui.preview import preview

    preview(ComparePane)
