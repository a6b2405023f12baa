"""A file of prompts answered as a table: a row for each prompt, a column for each model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.prompt.batch_details import BatchDetails
from workbench.gui.prompt.batch_model import BatchModel
from workbench.gui.prompt.batch_source import BatchSource
from workbench.gui.prompt.batch_work import BatchWork
from workbench.gui.prompt.columns import Columns
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    GhostButton,
    PrimaryButton,
    explain_widget,
    show_if,
)
from workbench.gui.workspace import Workspace
from workbench.run.generation import GenerationSettings
from workbench.run.problem import Problem
from workbench.session.batch import ModelAnswers, PromptTable, read_prompt_table, write_answers
from workbench.session.prompting import Answered

_FILES = "*.csv *.tsv *.jsonl *.ndjson *.json *.txt *.parquet"


class Batch(QWidget):
    """Opens a file, answers its prompts with the models of the Talk view, and saves the table; `over` tells when
    nothing more comes."""

    over = Signal()

    def __init__(
        self, workspace: Workspace, columns: Columns, settings: Callable[[], GenerationSettings]
    ) -> None:
        super().__init__()
        self._workspace, self._columns, self._settings = workspace, columns, settings
        self.table: PromptTable | None = None
        self.work: BatchWork | None = None  # what the answers that are shown belong to
        self.source = BatchSource()
        self._make_buttons()
        self._make_table()
        self._lay_out()
        self.setAcceptDrops(True)
        self._refresh()

    # ---- shape

    def _make_buttons(self) -> None:
        self.open = GhostButton(
            self.tr("Open a file…"),
            "folder",
            help=self.tr(
                "A text file with a prompt on each line, or a table: CSV, TSV, JSON Lines, Parquet."
            ),
            on_click=self.choose_file,
        )
        self.answer = PrimaryButton(
            self.tr("Answer all"),
            "send",
            help=self.tr("Ask every prompt by itself, with the models and the settings of the Talk view."),
            on_click=self.begin,
        )
        self.cancel = GhostButton(
            self.tr("Cancel"), "stop", help=self.tr("Answers that are there stay."), on_click=self.halt
        )
        self.save = GhostButton(
            self.tr("Save…"),
            "save",
            help=self.tr("Write the rows with their answers as CSV or JSON Lines."),
            on_click=self.choose_place,
        )

    def _make_table(self) -> None:
        self.model = BatchModel()
        self.model.setParent(self)
        view = self.view = QTableView()
        view.setModel(self.model)
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.setTabKeyNavigation(False)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.verticalHeader().setDefaultSectionSize(26)
        view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        view.horizontalHeader().setHighlightSections(False)
        explain_widget(
            view, self.tr("Choose a row to read its answers in full below."), self.tr("Prompts and answers")
        )
        self.details = BatchDetails(self.model)
        view.selectionModel().currentRowChanged.connect(lambda now, _: self.details.show_row(now.row()))
        self.model.dataChanged.connect(lambda top, *_: self._changed(top))
        self.model.modelReset.connect(self._reset)

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        self.name = ElidedLabel("", "muted")
        line.addWidget(self.open)
        line.addWidget(self.name, 1)
        line.addWidget(self.source, 2)
        for button in (self.save, self.cancel, self.answer):
            line.addWidget(button)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress.setAccessibleName(self.tr("Answered so far"))
        self.hint = ElidedLabel("", "caption")
        self.halves = QSplitter(Qt.Orientation.Vertical)
        self.halves.setChildrenCollapsible(False)
        self.halves.setHandleWidth(MEDIUM)
        self.halves.addWidget(self.view)
        self.halves.addWidget(self.details)
        self.halves.setStretchFactor(0, 3)
        self.halves.setStretchFactor(1, 2)
        self.empty = EmptyState(
            "file",
            self.tr("Answer many prompts at once"),
            self.tr(
                "Open a file with a prompt on each line, or a table with a column of prompts. Every model of the Talk "
                "view answers each of them, with the settings there."
            ),
            self.tr("Open a file…"),
            self.choose_file,
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.halves)
        card = Card()
        card.body.addLayout(line)
        card.add(self.progress)
        card.add(self.hint)
        card.body.addWidget(self.stack, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)
        self.source.changed.connect(self._show_prompts)

    # ---- the file

    def choose_file(self) -> None:
        """Ask which file holds the prompts."""
        chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Open a file of prompts"), "", _FILES)
        if chosen:
            self.read(chosen)

    def read(self, path: str) -> None:
        """Read a file of prompts."""
        self.halt()
        self.hint.setText(self.tr("Reading…"))
        self._workspace.session.files.submit(
            lambda desk: read_prompt_table(path), done=self._arrived, failed=self._refused
        )

    def _arrived(self, table: PromptTable) -> None:
        self.table = table
        self.name.setText(Path(table.path).name)
        self.source.show_table(table)

    def _refused(self, problem: Problem) -> None:
        self.hint.setText("")
        self._workspace.problem_raised.emit(problem)

    def _show_prompts(self) -> None:
        """Other prompts have no answers yet."""
        if self.table is None:
            return
        self.halt()
        self.work = None
        self.model.show_models([column.choice.title for column in self._columns.columns if column.choice])
        self.model.show_prompts(self.source.prompts(self.table))
        self.hint.setText(self.tr("{0} prompts. Choose Answer all.").format(len(self.model.prompts)))
        self._refresh()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file can be dropped here."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read the file that is dropped."""
        local = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if local:
            self.read(local[0])

    # ---- answering

    @property
    def busy(self) -> bool:
        """Whether prompts are being answered."""
        return self.work is not None and self.work.busy

    def begin(self) -> None:
        """Answer all prompts with all models, from the first one on."""
        models = [column.choice for column in self._columns.columns if column.choice]
        if self.table is None or not models or self.busy:
            return
        if complaint := self.source.complaint(self.table):
            self.hint.setText(complaint)
            return
        self.model.show_models([choice.title for choice in models])
        work = self.work = BatchWork(self._workspace, models, self.model.prompts, self._settings(), self)
        work.answered.connect(self._put)
        work.said.connect(self.hint.setText)
        work.over.connect(self._over)
        work.begin()
        self._refresh()

    def halt(self) -> None:
        """Answer no more; what is there stays."""
        if self.work is not None:
            self.work.halt()

    def _put(self, model: int, answered: Answered) -> None:
        self.model.put(model, answered)
        self._say_progress()

    def _over(self) -> None:
        self._say_progress()
        self._refresh()
        self.over.emit()

    # ---- what is shown

    def _say_progress(self) -> None:
        work, done = self.work, self.model.count()
        if work is None:
            return
        self.progress.setRange(0, max(1, work.whole))
        self.progress.setValue(done)
        words = [self.tr("{0} of {1} answers").format(done, work.whole)]
        if work.busy and len(work.models) > 1:
            words.append(work.models[work.model].title)
        words += [problem.title for problem in work.problems[:1] if not work.busy]
        self.hint.setText(" · ".join(words))

    def _refresh(self) -> None:
        busy, there = self.busy, self.table is not None
        self.stack.setCurrentWidget(self.halves if there else self.empty)
        show_if(self.open, there)  # the empty page has a button of its own
        show_if(self.source, there)
        show_if(self.save, there)
        show_if(self.cancel, busy)
        show_if(self.answer, there and not busy)
        show_if(self.progress, busy)
        self.open.setEnabled(not busy)
        self.source.setEnabled(not busy)
        self.save.setEnabled(self.model.count() > 0)

    def _changed(self, top: QModelIndex) -> None:
        self.save.setEnabled(True)
        if top.row() == self.view.currentIndex().row():
            self.details.show_row(top.row())

    def _reset(self) -> None:
        self.details.show_columns()
        if self.model.rowCount():
            self.view.setCurrentIndex(self.model.index(0, 0))
        self.details.show_row(0)

    # ---- saving

    def choose_place(self) -> None:
        """Ask where the table is to go."""
        words = self.tr("Save the answers")
        chosen, _ = QFileDialog.getSaveFileName(self, words, "answers.csv", "*.csv *.jsonl")
        if chosen:
            self.write(Path(chosen) if Path(chosen).suffix else Path(chosen).with_suffix(".csv"))

    def write(self, path: Path) -> None:
        """Write the rows with their answers."""
        table, work = self.table, self.work
        if table is None or work is None:
            return
        models = [
            ModelAnswers(choice.model, dict(answers))
            for choice, answers in zip(work.models, self.model.answers, strict=True)
        ]
        prompts = work.prompts if self.source.template_text() else ()
        self._workspace.session.files.submit(
            lambda desk: write_answers(path, table.rows, models, work.settings, prompts),
            done=lambda count: self.hint.setText(self.tr("{0} rows saved: {1}").format(count, path.name)),
            failed=self._workspace.problem_raised.emit,
        )
