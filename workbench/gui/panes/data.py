"""The Data page: choose a set, see its rows, and see at once whether it can be learned from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QProgressBar, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from workbench.data.suggest import counted
from workbench.gui.data.cards import DatasetStrip
from workbench.gui.data.choosing import ask_for_files, ask_for_folder, dropped_data
from workbench.gui.data.columns import ReadingOptions
from workbench.gui.data.first_rows import FirstRows
from workbench.gui.data.hub_dialog import HubDialog
from workbench.gui.data.labelling import LabellingPage
from workbench.gui.data.pages import TextPage
from workbench.gui.data.second_opinion import SecondOpinion
from workbench.gui.data.sizes import megabytes
from workbench.gui.data.table_page import TablePage
from workbench.gui.theme import CONTROL_HEIGHT, SMALL, TINY
from workbench.gui.widgets import ElidedLabel, EmptyState, Muted, Title, column, row
from workbench.run.sources import is_place, joined, places, title_of

if TYPE_CHECKING:
    from workbench.gui.workspace import Workspace
    from workbench.run.problem import Problem
    from workbench.session.data import DataPreview
    from workbench.session.reading import Reading


_LISTED = 30  # places that a tooltip names


class DataPane(QWidget):
    """The Data page of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._source = ""
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self.strip = DatasetStrip()
        self.title = Title()
        self.facts = Muted("", wrap=False)
        self.path = ElidedLabel("", "caption", Qt.TextElideMode.ElideMiddle)
        self.options = ReadingOptions()
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName(self.tr("Reading the data"))
        keep = self.busy.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.busy.setSizePolicy(keep)
        self.message = EmptyState("data", "-", "-", self.tr("Open files…"), self.open_file)
        self.table_page = TablePage(workspace)
        self.first_rows = FirstRows()
        self.text_page = TextPage()
        self.stack = QStackedWidget()
        self.labelling = LabellingPage(self.table_page.rows.edits)
        self.opinion = SecondOpinion(workspace, self.labelling)
        for page in (self.message, self.first_rows, self.table_page, self.text_page, self.labelling):
            self.stack.addWidget(page)
        self.labelling.setMinimumWidth(1)  # the pages behind must not hold a narrow window open
        # One line for all that is known of the set; the options unfold below it.
        self.path.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        line = row(self.title, self.facts, self.path, self.options.switch, spacing=2 * SMALL)
        line.setFixedHeight(CONTROL_HEIGHT)
        self.about = column(line, self.options, spacing=0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addWidget(self.strip)
        layout.addSpacing(TINY)
        layout.addWidget(self.about)
        layout.addWidget(self.busy)
        layout.addWidget(self.stack, 1)
        self._connect()
        self._show_shelf()
        self._show_data()

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.data_changed.connect(self._show_data)
        workspace.data_read.connect(self._show_reading)
        workspace.recipe_changed.connect(self._show_data)
        workspace.shelf_changed.connect(self._show_shelf)
        self.strip.chosen.connect(workspace.choose_data)
        self.strip.open_wanted.connect(self.open_file)
        self.strip.folder_wanted.connect(self.open_folder)
        self.strip.hub_wanted.connect(self.open_hub)
        self.options.picked.connect(workspace.set_field)
        self.options.toggled.connect(self.options.setVisible)
        self.table_page.labelling_wanted.connect(self.label_by_hand)
        self.labelling.done.connect(self._leave_labelling)

    # ---- choosing

    def open_file(self) -> QFileDialog:
        """Ask for a file, or several; the dialog stays open beside the event loop."""
        return ask_for_files(self, lambda names: self._workspace.choose_data(joined(names)), self._near())

    def open_folder(self) -> QFileDialog:
        """Ask for a folder."""
        return ask_for_folder(self, self._workspace.choose_data, self._near())

    def open_hub(self) -> HubDialog:
        """Ask for the name of a data set of the Hub."""
        dialog = HubDialog(self._workspace.session.hub, self)
        dialog.opened.connect(self._workspace.choose_data)
        dialog.open()
        return dialog

    def _near(self) -> str:
        """The folder of the present data, in which the next one probably lies."""
        preview = self._workspace.data
        if preview is None or self._is_shipped(preview.source):
            return ""
        return str(Path(places(preview.source)[0]).parent)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if dropped_data(event):
            event.acceptProposedAction()
            self.strip.open_card.show_wanted(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Let it go."""
        self.strip.open_card.show_wanted(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Choose what was dropped."""
        self.strip.open_card.show_wanted(False)
        source = dropped_data(event)
        if source:
            event.acceptProposedAction()
            self._workspace.choose_data(source)
        else:
            event.ignore()  # a recipe is for the window

    def showEvent(self, event: QShowEvent) -> None:
        """Go to the row that another page asked for."""
        super().showEvent(event)
        wish, self._workspace.row_wish = self._workspace.row_wish, None
        if wish is not None and self.stack.currentWidget() is self.table_page:
            self.table_page.go_to(wish)

    # ---- labelling

    def label_by_hand(self) -> None:
        """Show the rows without a label one after the other, or all rows where each has one."""
        frame = self.table_page.labelled_frame()
        preview = self._workspace.data
        if frame is None or preview is None or preview.profile is None:
            return
        self.opinion.begin(frame, preview.unlabelled)
        self.labelling.show_rows(
            frame,
            frame.text,
            frame.label,
            preview.unlabelled,
            dict(preview.profile.class_counts),
            self._workspace.recipe.training.seed,
        )
        for part in (self.strip, self.about, self.busy):
            part.hide()
        self.stack.setCurrentWidget(self.labelling)
        self.labelling.setFocus()

    def _leave_labelling(self) -> None:
        self.opinion.end()
        self.strip.show()
        self.stack.setCurrentWidget(self.message)
        self._show_data()

    # ---- showing

    def _is_shipped(self, source: str) -> bool:
        return any(dataset.name == source for dataset in self._workspace.datasets)

    def _show_shelf(self) -> None:
        self.strip.show_datasets(self._workspace.datasets)
        self.strip.mark(self._workspace.recipe.data.train)
        self._show_data()

    def _show_data(self) -> None:
        workspace, recipe = self._workspace, self._workspace.recipe
        preview, problem = workspace.data, workspace.data_problem
        source = recipe.data.train
        current = preview if preview and preview.source == source else None
        self.strip.mark(source)
        if self.stack.currentWidget() is self.labelling:
            if source == self._source:
                return  # what is being labelled stays
            self.strip.show()
        self.busy.setVisible(workspace.data_busy)
        if source != self._source:
            # The recipe is told before the look begins: the problem is still that of the set before.
            self._source, problem = source, None
            self.options.set_open(False)
        self.options.show_options(
            recipe.data.header,
            recipe.data.encoding,
            problem.field if problem else "",
            delimiter=recipe.data.delimiter,
            records=recipe.data.records,
        )
        self._show_about(source, current)
        if current:
            page = self.table_page if current.table is not None else self.text_page
            page.show_preview(current, recipe)
            self.stack.setCurrentWidget(page)
            return
        self._show_message(problem)

    def _show_reading(self, reading: Reading) -> None:
        if reading.source == self._source and self.stack.currentWidget() in (self.message, self.first_rows):
            self.first_rows.show_reading(reading)
            self.stack.setCurrentWidget(self.first_rows)

    def _show_message(self, problem: Problem | None) -> None:
        busy = self._workspace.data_busy
        reading = self.stack.currentWidget() is self.first_rows and self.first_rows.source == self._source
        if busy and reading:
            return  # its first rows stay until all are there
        if busy:
            self.message.say(
                self.tr("Reading {0}").format(self.title.text()),
                self.tr("Rows, classes and lengths."),
                "clock",
            )
        elif problem:
            self.message.say(problem.title, f"{problem.cause} {problem.remedy}".strip(), "alert")
        else:
            self.message.say(
                self.tr("Nothing has been read yet"),
                self.tr("Choose one of the sets above, or open files of your own."),
                "data",
            )
        self.message.action.setVisible(not busy)
        self.stack.setCurrentWidget(self.message)

    def _show_about(self, source: str, preview: DataPreview | None) -> None:
        shipped = next((d for d in self._workspace.datasets if d.name == source), None)
        path = shipped.path if shipped else (preview.path if preview else Path(source))
        several = places(source)
        place = str(Path(several[0]).parent if len(several) > 1 else path)
        self.title.setText(shipped.title if shipped else title_of(source))
        self.about.setVisible(preview is not None or is_place(source))
        # Where a shipped set lies is of no use to the person; the tooltip has it all the same.
        self.path.setText(self.tr("shipped with Model Workbench") if shipped else place)
        self.path.setToolTip("\n".join(several[:_LISTED]) if len(several) > 1 else place)
        self.facts.setText(" · ".join(_facts(preview)) if preview else "")
        self.facts.setVisible(preview is not None)
        if preview and preview.table:
            self.facts.setToolTip(f"SHA-256 {preview.table.fingerprint}")
        readable = path.suffix.lower() not in (".parquet", ".pq")
        self.options.switch.setVisible(readable and not shipped)
        self.options.setVisible(readable and not shipped and self.options.is_open())


def _facts(preview: DataPreview) -> list[str]:
    facts = [megabytes(preview.size)]
    if preview.table is not None:
        facts.insert(0, counted(preview.table.rows, "row"))
        facts.append(f"SHA-256 {preview.table.fingerprint[:8]}")
    return facts


if __name__ == "__main__":
    from workbench.gui.preview import preview

    preview(DataPane)
