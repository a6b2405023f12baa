"""The runs shelf: every run with its status, score and curve, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QListView,
    QMenu,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
)

from workbench.gui.evaluation.opening import can_be_evaluated, evaluate_run
from workbench.gui.icons import icon
from workbench.gui.report_menu import add_report_actions, open_file
from workbench.gui.runs_list import RunsDelegate, RunsModel
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import EmptyState, IconButton, Title
from workbench.gui.workspace import Workspace
from workbench.run.folder import RunFolder, RunSummary
from workbench.run.scratch_fields import NEW_MODELS

WATCH_MS = 5000


class _List(QListView):
    """Delete and F2 do what they do everywhere."""

    def __init__(self, shelf: RunsShelf) -> None:
        super().__init__()
        self._shelf = shelf

    def keyPressEvent(self, event: QKeyEvent) -> None:
        run = self._shelf.current()
        if run and event.key() == Qt.Key.Key_Delete:
            self._shelf.trash(run)
        elif run and event.key() == Qt.Key.Key_F2:
            self._shelf.rename(run)
        else:
            super().keyPressEvent(event)


class RunsShelf(QFrame):
    """The list at the left. Choosing a run shows it; everything else is in its context menu."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.setProperty("role", "side")
        self._workspace = workspace
        self.model = RunsModel(workspace, self)
        self.list = _List(self)
        self.list.setModel(self.model)
        self.list.setItemDelegate(RunsDelegate(self.list))
        self.list.setProperty("role", "plain")
        self.list.setMouseTracking(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setUniformItemSizes(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.setAccessibleName(self.tr("Runs"))
        self.list.customContextMenuRequested.connect(self._context_menu)
        self.list.selectionModel().currentChanged.connect(self._chosen)
        self.list.doubleClicked.connect(lambda _: workspace.page_wanted.emit("train"))
        self.empty = EmptyState(
            "runs",
            self.tr("No runs yet"),
            self.tr("Every run you start is kept here, with its curves and its model."),
        )
        heading = QHBoxLayout()
        heading.setContentsMargins(MEDIUM, SMALL, SMALL, 0)
        heading.addWidget(Title(self.tr("Runs")))
        heading.addStretch(1)
        heading.addWidget(
            IconButton(
                "refresh", self.tr("Read again"), self.tr("Look for runs that were made elsewhere."),
                on_click=workspace.refresh_runs,
            )
        )  # fmt: skip
        self._stack = QStackedWidget()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addLayout(heading)
        layout.addWidget(self._stack, 1)
        self.setMinimumWidth(180)
        # A run that a command or another window works on ends without telling this one.
        self._watch = QTimer(self)
        self._watch.setInterval(WATCH_MS)
        self._watch.timeout.connect(workspace.refresh_runs)
        workspace.runs_changed.connect(self._refresh)
        workspace.selection_changed.connect(self._show_selection)
        workspace.history_changed.connect(self.model.run_changed)
        workspace.active_changed.connect(self.model.all_changed)
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Look around for runs of other windows and commands only while someone can see it."""
        self._workspace.elsewhere.watch(True)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """See `showEvent`."""
        self._workspace.elsewhere.watch(False)
        super().hideEvent(event)

    def current(self) -> RunSummary | None:
        """The run that is chosen."""
        return self.model.run_at(self.list.currentIndex())

    # ---- following the workspace

    def _refresh(self) -> None:
        self.model.refresh()
        self._stack.setCurrentWidget(self.list if self.model.rowCount() else self.empty)
        if self._workspace.selected is None and self._workspace.runs:
            self._workspace.select(self._workspace.runs[0].name)
        self._show_selection()
        elsewhere = any(
            run.status == "running" and run.name != self._workspace.active_name
            for run in self._workspace.runs
        )
        if elsewhere != self._watch.isActive():
            self._watch.start() if elsewhere else self._watch.stop()

    def _show_selection(self) -> None:
        index = self.model.index_of(self._workspace.selected)
        if index != self.list.currentIndex():
            self.list.setCurrentIndex(index)
        self.model.all_changed()

    def _chosen(self, index: QModelIndex) -> None:
        run = self.model.run_at(index)
        if run and run.name != self._workspace.selected:
            self._workspace.select(run.name)

    # ---- what can be done with a run

    def _context_menu(self, place: QPoint) -> None:
        run = self.model.run_at(self.list.indexAt(place))
        if run:
            menu = self.menu_for(run)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.list.viewport().mapToGlobal(place))

    def menu_for(self, run: RunSummary) -> QMenu:
        """The context menu of a run."""
        workspace, menu, tr = self._workspace, QMenu(self), self.tr
        in_work = run.name == workspace.active_name or run.status == "running"  # here or elsewhere
        overlaid = run.name in workspace.overlays

        overlay = menu.addAction(
            icon("layers"), tr("Overlay its curves"), lambda: self._overlay(run, not overlaid)
        )
        overlay.setCheckable(True)
        overlay.setChecked(overlaid)
        overlay.setEnabled(run.name != workspace.selected)
        if run.name in workspace.elsewhere.guests:
            menu.addAction(
                icon("close"), tr("Show it no longer"), lambda: workspace.elsewhere.let_go(run.name)
            )
            return menu
        chosen = self.chosen(run)
        words = tr("Compare these {0}").format(len(chosen)) if len(chosen) > 2 else tr("Compare both")
        compare = menu.addAction(icon("measure"), words if len(chosen) > 1 else tr("Compare"))
        compare.triggered.connect(lambda: self.compare(chosen))
        compare.setEnabled(len(chosen) > 1)
        resume = menu.addAction(icon("resume"), tr("Resume"), lambda: workspace.resume(run.name))
        resume.setEnabled(run.resumable and workspace.active is None)
        menu.addAction(icon("copy"), tr("Duplicate recipe"), lambda: self._duplicate(run))
        menu.addAction(icon("pencil"), tr("Rename…"), lambda: self.rename(run)).setEnabled(not in_work)
        menu.addSeparator()
        menu.addAction(icon("folder"), tr("Open folder"), lambda: open_file(run.folder))
        add_report_actions(menu, self, workspace, run)
        menu.addSeparator()
        tuned = (run.folder / "model").is_dir() and not in_work
        measure = menu.addAction(icon("measure"), tr("Evaluate…"), lambda: self.evaluate(run))
        measure.setEnabled(tuned and can_be_evaluated(run.task))
        mix = menu.addAction(icon("sliders"), tr("Mix with the base…"), lambda: self.mix(run))
        mix.setEnabled(tuned and run.model.strip() not in NEW_MODELS)
        menu.addSeparator()
        menu.addAction(icon("trash", "bad"), tr("Delete…"), lambda: self.trash(run)).setEnabled(not in_work)
        return menu

    def chosen(self, run: RunSummary) -> tuple[str, ...]:
        """The runs that a command on a run is about: the chosen ones with it, or it and the one that is shown."""
        rows = self.list.selectionModel().selectedRows()
        names = [found.name for index in rows if (found := self.model.run_at(index))]
        if run.name not in names or len(names) < 2:
            names = [name for name in (run.name, self._workspace.selected) if name]
        return tuple(dict.fromkeys(name for name in names if name not in self._workspace.elsewhere.guests))

    def compare(self, names: tuple[str, ...]) -> None:
        """Show runs beside each other."""
        self._workspace.compare_wish = names
        self._workspace.page_wanted.emit("compare")

    def _overlay(self, run: RunSummary, on: bool) -> None:
        others = [name for name in self._workspace.overlays if name != run.name]
        self._workspace.set_overlays([*others, run.name] if on else others)

    def _duplicate(self, run: RunSummary) -> None:
        workspace = self._workspace
        workspace.session.read_recipe(
            RunFolder(run.folder), workspace.set_recipe, workspace.problem_raised.emit
        )

    def evaluate(self, run: RunSummary) -> None:
        """Measure the run's model on held-out rows or questions."""
        evaluate_run(self._workspace, run, self.window())

    def mix(self, run: RunSummary) -> None:
        """Mix the run's model with its base."""
        from workbench.gui.evaluation.mixture import open_mixture

        open_mixture(self._workspace, run.name, self.window())

    def rename(self, run: RunSummary) -> None:
        """Ask for another name."""
        if run.name in self._workspace.elsewhere.guests:
            return
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Rename run"))
        dialog.setLabelText(self.tr("Name"))
        dialog.setTextValue(run.title)

        def accepted(name: str) -> None:
            if name.strip() and name != run.title:
                self._workspace.session.rename_run(
                    RunFolder(run.folder),
                    name.strip(),
                    lambda _: self._workspace.refresh_runs(),
                    self._workspace.problem_raised.emit,
                )

        dialog.textValueSelected.connect(accepted)
        dialog.open()

    def trash(self, run: RunSummary) -> None:
        """Ask, then move the run to the system's trash."""
        if run.name == self._workspace.active_name or run.name in self._workspace.elsewhere.guests:
            return
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("Delete run"))
        box.setText(self.tr("Move “{0}” to the trash?").format(run.title))
        box.setInformativeText(
            self.tr("Its curves, checkpoints and model go with it. You can get it back from there.")
        )
        move = box.addButton(self.tr("Move to trash"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.buttonClicked.connect(lambda button: self._trash_now(run) if button is move else None)
        box.open()

    def _trash_now(self, run: RunSummary) -> None:
        workspace = self._workspace

        def done(_: object) -> None:
            self._overlay(run, False)
            if workspace.selected == run.name:
                workspace.select(None)
            workspace.refresh_runs()

        workspace.session.trash_run(RunFolder(run.folder), done, workspace.problem_raised.emit)
