"""The window: recipe bar, runs shelf, pages and status bar, put together; what commands act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow, QSplitter, QVBoxLayout, QWidget

from workbench.gui.centre import Centre
from workbench.gui.commands import build_menus, refresh_actions
from workbench.gui.data.choosing import ask_for_files
from workbench.gui.questions import ask_to_stop, show_about
from workbench.gui.recipe_bar import RecipeBar
from workbench.gui.run_controls import RateDialog
from workbench.gui.runs_shelf import RunsShelf
from workbench.gui.settings import Settings, SettingsDialog
from workbench.gui.starting import Starter
from workbench.gui.status import StatusBar
from workbench.gui.theme import Mode
from workbench.gui.workspace import Workspace
from workbench.run.files import write_whole
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import load_recipe, recipe_toml
from workbench.run.sources import joined
from workbench.session.lanes import Ticket

RECIPE_FILES = "Recipe (*.toml);;All files (*)"


def _recipe_in(path: Path) -> Recipe | tuple[Problem, ...]:
    """The recipe of a file, or all that is wrong with it, each naming the file."""
    try:
        return load_recipe(path)
    except WorkbenchError as error:
        return tuple(
            p if str(path) in p.title else replace(p, cause=f"In the recipe {path}. {p.cause}".strip())
            for p in error.problems
        )


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text)
    except OSError as error:
        raise bad_input(
            f"The recipe {path} cannot be written.",
            f"The system says: {error.strerror or error}.",
            "Save it in another folder; a file that was there before is as it was.",
        ) from error


class Window(QMainWindow):
    """The one window. It owns no model: the workspace does."""

    first_frame = Signal()  # something is on the screen

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        super().__init__()
        self.workspace = workspace
        self.settings = settings
        self._painted = self._closing = False
        self._saving: Ticket | None = None  # the recipe file that is being written
        self.setWindowTitle("Model Workbench")
        self.setAcceptDrops(True)
        self.resize(1440, 900)
        self.bar = RecipeBar(workspace)
        self.runs = RunsShelf(workspace)
        self.centre = Centre(workspace)
        self.status = StatusBar(workspace)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.runs)
        self.splitter.addWidget(self.centre)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setCollapsible(1, False)
        self.splitter.setHandleWidth(3)
        self.splitter.setSizes([240, 1200])
        frame = QWidget()
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(frame)
        self._starter = Starter(self, workspace, self.status.say)
        self.actions_by_id = build_menus(self, self)
        self._connect()
        self._recall()
        # Nothing is being edited yet; Tab begins at the first field.
        self.setFocus()

    def _connect(self) -> None:
        workspace = self.workspace
        self.bar.start_wanted.connect(self.start)
        self.bar.check_wanted.connect(self.check)
        self.bar.data_file_wanted.connect(self.choose_data_file)
        self.bar.model_folder_wanted.connect(self._choose_model_folder)
        self.first_frame.connect(self.centre.allow_building)
        workspace.active_changed.connect(self._active_changed)
        for signal in (
            workspace.selection_changed,
            workspace.runs_changed,
            workspace.recipe_changed,
            workspace.checking.changed,
        ):
            signal.connect(self._refresh_actions)
        workspace.runs_changed.connect(self._show_title)
        self._refresh_actions()

    # ---- what commands act on

    def show_page(self, key: str) -> None:
        """Go to a page; the fields that lie over it are folded."""
        self.bar.unfold.setChecked(False)
        self.centre.show_page(key)

    def start(self) -> None:
        """Start the recipe in hand; a model that is not ready yet is asked about first."""
        self._starter.start()

    def check(self) -> None:
        """Say whether the recipe in hand fits; a model that is not ready yet is asked about first."""
        self._starter.check()

    def change_rate(self) -> None:
        """Ask for another learning rate of the run in work."""
        RateDialog(self.workspace, self).open()

    def choose_data_file(self) -> None:
        """Ask for data files."""
        ask_for_files(self, self.take_files)

    def _choose_model_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, self.tr("Choose a model folder"))
        if path:
            self.workspace.set_field("model.source", path)

    def take_files(self, names: Sequence[str]) -> None:
        """Take files in hand: a recipe, or data in one file or several."""
        if len(names) == 1:
            self.take_file(Path(names[0]))
        elif names:
            self.workspace.choose_data(joined(names))
            self.show_page("data")

    def take_file(self, path: Path) -> None:
        """Take a file in hand: a recipe, or data."""
        if path.suffix.lower() != ".toml":
            self.workspace.choose_data(str(path))
            self.show_page("data")
            return

        def arrived(found: Recipe | tuple[Problem, ...]) -> None:
            if isinstance(found, Recipe):
                self.workspace.set_recipe(found)
                return
            for problem in found:
                self.workspace.problem_raised.emit(problem)

        self.workspace.session.files.submit(
            lambda desk: _recipe_in(path), done=arrived, failed=self.workspace.problem_raised.emit
        )

    def choose_recipe_file(self) -> None:
        """Ask for a recipe file and take it in hand."""
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Open recipe"), "", RECIPE_FILES)
        if path:
            self.take_file(Path(path))

    def save_recipe_file(self) -> None:
        """Ask where to, and save the recipe in hand."""
        path, _ = QFileDialog.getSaveFileName(self, self.tr("Save recipe"), "recipe.toml", RECIPE_FILES)
        if path:
            self.write_recipe(Path(path))

    def write_recipe(self, path: Path) -> None:
        """Write the recipe in hand to a file; the window stays until that is done."""
        text = recipe_toml(self.workspace.recipe)

        def failed(problem: Problem) -> None:
            self._closing = False  # the person must see it
            self.workspace.problem_raised.emit(problem)

        def written(_: object) -> None:
            if self._closing and self.workspace.active is None:
                self.close()

        self._saving = self.workspace.session.files.submit(
            lambda desk: _write(path, text), done=written, failed=failed
        )

    def export_all(self) -> None:
        """Export every plot of the Train page."""
        self.show_page("train")
        pane = self.centre.pane("train")
        if pane is not None and hasattr(pane, "ask_and_export"):
            pane.ask_and_export()

    def set_theme(self, mode: Mode) -> None:
        """Change the appearance."""
        self.settings.set_value("look/theme", mode)

    def open_settings(self) -> None:
        """Show the settings."""
        dialog = SettingsDialog(self.settings, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def open_palette(self) -> None:
        """Show the command palette."""
        from workbench.gui.palette import Palette  # 40 ms that the first frame need not wait for

        Palette(self.actions_by_id, self).show()

    def toggle_advanced(self) -> None:
        """Fold or unfold the advanced fields."""
        self.bar.unfold.toggle()

    def focus_runs(self) -> None:
        """Give the runs shelf the keyboard."""
        self.runs.list.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def open_home(self) -> None:
        """Show the folder of runs in the file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.workspace.session.home.runs)))

    def about(self) -> None:
        """Say what this program is."""
        show_about(self, self.workspace.device)

    # ---- Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell, once, that the first frame is on the screen."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self.first_frame.emit)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file may be dropped anywhere."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Dropped files are taken in hand."""
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.take_files(files)

    def closeEvent(self, event: QCloseEvent) -> None:
        """A run in work is stopped first, which saves it; the window closes when that is done."""
        if self.workspace.active is None and self._saving and not self._saving.over:
            self._closing = True
            event.ignore()
            return
        if self.workspace.active is None or (self._closing and not self.workspace.worth_saving):
            self._keep()
            event.accept()
            return
        event.ignore()
        if self._closing:
            return
        if self.settings.value("close/ask"):
            ask_to_stop(self, self._run_title(), self._closing_means(), self._stop_and_close)
        else:
            self._stop_and_close()

    def _stop_and_close(self) -> None:
        self._closing = True
        self.status.say(self.tr("Saving a checkpoint, then closing…"))
        self.workspace.stop()
        if not self.workspace.worth_saving:  # it still loads, or it ended while the question stood
            QTimer.singleShot(0, self, self.close)  # Qt hears no second closing within the first

    def _active_changed(self) -> None:
        self._refresh_actions()
        self._show_title()
        if self._closing and self.workspace.active is None:
            # After the other listeners of this signal, and after the mailbox is empty.
            QTimer.singleShot(0, self, self.close)

    def _run_title(self) -> str:
        name = self.workspace.active_name or ""
        run = self.workspace.summary(name)
        return run.title if run else name or self.tr("The run")

    def _closing_means(self) -> str:
        """What closing does to the run in work."""
        workspace = self.workspace
        waiting = workspace.waits(workspace.active_name)
        if not (waiting and waiting.problem):
            return self.tr(
                "Closing saves a checkpoint first. You can resume the run from the runs shelf later."
            )
        history = workspace.histories[workspace.active_name or ""]
        if history.checkpoints:
            step = max(saved.step for saved in history.checkpoints)
            return self.tr(
                "It waits for your answer. Closing ends it; you can resume it from the checkpoint of step {0}."
            ).format(step)
        return self.tr(
            "It waits for your answer, and nothing has been saved yet. Closing ends it; its recipe stays."
        )

    def _show_title(self) -> None:
        """The title says when a run waits: it can be read in the task bar."""
        workspace, title = self.workspace, "Model Workbench"
        waiting = workspace.waits(workspace.active_name)
        if waiting and waiting.problem:
            title = self.tr("“{0}” waits for you").format(self._run_title()) + f" · {title}"
            if self.windowTitle() != title:
                QApplication.alert(self)
        elif waiting:
            title = self.tr("“{0}” is paused").format(self._run_title()) + f" · {title}"
        self.setWindowTitle(title)

    def _refresh_actions(self) -> None:
        refresh_actions(self.actions_by_id, self.workspace)

    def _recall(self) -> None:
        self.restoreGeometry(self.settings.remembered("geometry"))
        self.splitter.restoreState(self.settings.remembered("splitter"))
        self.centre.switcher.choose(self.settings.remembered_text("page", "data"))

    def _keep(self) -> None:
        self.settings.remember("geometry", self.saveGeometry())
        self.settings.remember("splitter", self.splitter.saveState())
        self.settings.remember("page", self.centre.page)
        self.settings.save()
