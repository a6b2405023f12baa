"""A file of prompts answered as a table: a row for each prompt, a column for each model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.model_choice import Choice
from workbench.gui.prompt.batch_details import BatchDetails
from workbench.gui.prompt.batch_model import BatchModel
from workbench.gui.prompt.columns import Columns
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    GhostButton,
    Label,
    PrimaryButton,
    explain_widget,
    show_if,
)
from workbench.gui.workspace import Workspace
from workbench.run.generation import GenerationSettings
from workbench.run.problem import Problem, WorkbenchError
from workbench.session.batch import (
    ModelAnswers,
    PromptTable,
    check_template,
    read_prompt_table,
    write_answers,
)
from workbench.session.lanes import Ticket
from workbench.session.prompting import Answered, BatchRequest, answer_all

#: So many prompts are asked at once, so that other questions come in between; while a model trains, one at a time.
AT_ONCE = 16
_TEMPLATE = "\0template"
_FILES = "*.csv *.tsv *.jsonl *.ndjson *.json *.txt *.parquet"


@dataclass(slots=True)
class _Work:
    """What is being answered, as it was when it began."""

    models: tuple[Choice, ...]
    prompts: tuple[str, ...]
    settings: GenerationSettings
    model: int = 0
    row: int = 0
    problems: list[Problem] = field(default_factory=list)


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
        self._work: _Work | None = None
        self._done: _Work | None = None  # what the answers that are shown belong to
        self._ticket: Ticket | None = None
        self._make_controls()
        self._make_table()
        self._lay_out()
        self.setAcceptDrops(True)
        self._refresh()

    # ---- shape

    def _make_controls(self) -> None:
        self.open = GhostButton(
            self.tr("Open a file …"),
            "folder",
            help=self.tr(
                "A text file with a prompt on each line, or a table: CSV, TSV, JSON Lines, Parquet."
            ),
            on_click=self.choose_file,
        )
        self.name = ElidedLabel("", "muted")
        self.column = QComboBox()
        self.column.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.column.setMinimumContentsLength(10)
        explain_widget(
            self.column,
            self.tr("Which column is asked; or a prompt of your own into which each row's columns are put."),
            self.tr("Prompt column"),
        )
        self.column.activated.connect(lambda _: self._show_prompts())
        self.template = QLineEdit()
        self.template.setPlaceholderText(self.tr("A prompt with columns in braces"))
        explain_widget(
            self.template,
            self.tr("The text that is asked; a column's name in braces stands for what the row has there."),
            self.tr("Template"),
        )
        self.template.textEdited.connect(lambda _: self._show_prompts())
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
            self.tr("Save …"),
            "save",
            help=self.tr("Write the rows with their answers as CSV or JSON Lines."),
            on_click=self.choose_place,
        )
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress.setAccessibleName(self.tr("Answered so far"))
        self.hint = ElidedLabel("", "caption")

    def _make_table(self) -> None:
        self.model = BatchModel()
        self.model.setParent(self)
        self.view = QTableView()
        self.view.setModel(self.model)
        self.view.setShowGrid(False)
        self.view.setWordWrap(False)
        self.view.setTabKeyNavigation(False)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.verticalHeader().setDefaultSectionSize(26)
        self.view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.view.horizontalHeader().setHighlightSections(False)
        explain_widget(
            self.view,
            self.tr("Choose a row to read its answers in full below."),
            self.tr("Prompts and answers"),
        )
        self.details = BatchDetails(self.model)
        self.view.selectionModel().currentRowChanged.connect(lambda now, _: self.details.show_row(now.row()))
        self.model.dataChanged.connect(lambda top, *_: self._changed(top))
        self.model.modelReset.connect(self._reset)

    def _lay_out(self) -> None:
        card = Card()
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(self.open)
        line.addWidget(self.name, 1)
        self.caption = Label(self.tr("Prompt"), "caption")
        for widget in (self.caption, self.column):
            line.addWidget(widget)
        line.addWidget(self.template, 2)
        for button in (self.save, self.cancel, self.answer):
            line.addWidget(button)
        card.body.addLayout(line)
        card.add(self.progress)
        card.add(self.hint)
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
            self.tr("Open a file …"),
            self.choose_file,
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.halves)
        card.body.addWidget(self.stack, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)

    # ---- the file

    def choose_file(self) -> None:
        """Ask which file holds the prompts."""
        chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Open a file of prompts"), "", _FILES)
        if chosen:
            self.read(chosen)

    def read(self, path: str) -> None:
        """Read a file of prompts."""
        self.halt()
        self.hint.setText(self.tr("Reading …"))
        self._workspace.session.files.submit(
            lambda desk: read_prompt_table(path), done=self._arrived, failed=self._refused
        )

    def _arrived(self, table: PromptTable) -> None:
        self.table, self._done = table, None
        self.name.setText(Path(table.path).name)
        self.column.clear()
        for name in table.columns:
            self.column.addItem(name, name)
        self.column.insertSeparator(self.column.count())
        self.column.addItem(self.tr("Template …"), _TEMPLATE)
        self.column.setCurrentIndex(max(0, self.column.findData(table.column)))
        self.template.setText(" ".join(f"{{{name}}}" for name in table.columns[:2]))
        self._show_prompts()

    def _refused(self, problem: Problem) -> None:
        self.hint.setText("")
        self._workspace.problem_raised.emit(problem)

    def _show_prompts(self) -> None:
        """Other prompts have no answers yet."""
        if self.table is None:
            return
        self.halt()
        self._done = None
        self.model.show_models([choice.title for choice in self._choices()])
        self.model.show_prompts(self.table.prompts(str(self.column.currentData()), self._template()))
        self._say_count()
        self._refresh()

    def _template(self) -> str:
        return self.template.text() if self.column.currentData() == _TEMPLATE else ""

    # ---- answering

    def _choices(self) -> tuple[Choice, ...]:
        return tuple(column.choice for column in self._columns.columns if column.choice is not None)

    def begin(self) -> None:
        """Answer all prompts with all models, from the first one on."""
        table, models = self.table, self._choices()
        if table is None or not models or self._work is not None:
            return
        if self.column.currentData() == _TEMPLATE:
            try:
                check_template(table, self._template())
            except WorkbenchError as error:
                self.hint.setText(f"{error.problem.title} {error.problem.remedy}".strip())
                return
        self.model.show_models([choice.title for choice in models])
        self._work = self._done = _Work(models, tuple(self.model.prompts), self._settings())
        self._refresh()
        self._next()

    def _next(self) -> None:
        work = self._work
        assert work is not None
        if work.row >= len(work.prompts):
            work.model, work.row = work.model + 1, 0
        if work.model >= len(work.models) or not work.prompts:
            self._end()
            return
        # One after the other while a model trains: its steps come in between.
        count = 1 if self._workspace.session.active is not None else AT_ONCE
        first, model = work.row, work.model
        work.row += count
        request = BatchRequest(
            work.models[model].model, work.prompts[first : first + count], work.settings, first
        )

        def came(message: object) -> None:
            if self._work is not work:
                return
            if isinstance(message, Answered):
                self.model.put(model, message)
                self._say_progress()
            else:
                self.hint.setText(str(message))

        def done(_: object) -> None:
            if self._work is work:
                self._next()

        def failed(problem: Problem) -> None:
            """The model cannot answer at all: the others may."""
            if self._work is work:
                work.problems.append(problem)
                self._workspace.problem_raised.emit(problem)
                work.row = len(work.prompts)
                self._next()

        self._ticket = self._workspace.session.look_inside(answer_all, request, done, failed, came)

    def halt(self) -> None:
        """Answer no more; what is there stays."""
        if self._work is not None:
            if self._ticket is not None:
                self._ticket.cancel()
            self._end()

    def _end(self) -> None:
        self._work = self._ticket = None
        self._say_progress()
        self._refresh()
        self.over.emit()

    # ---- what is shown

    def _say_count(self) -> None:
        count = len(self.model.prompts)
        self.hint.setText(self.tr("{0} prompts. Choose Answer all.").format(count))

    def _say_progress(self) -> None:
        work, done = self._done, self.model.count()
        if work is None:
            return
        whole = len(work.prompts) * len(work.models)
        self.progress.setRange(0, max(1, whole))
        self.progress.setValue(done)
        words = self.tr("{0} of {1} answers").format(done, whole)
        if len(work.models) > 1 and self._work is not None:
            words += f" · {work.models[work.model].title}"
        if work.problems and self._work is None:
            words += f" · {work.problems[0].title}"
        self.hint.setText(words)

    def _refresh(self) -> None:
        busy, there = self._work is not None, self.table is not None
        self.stack.setCurrentWidget(self.halves if there else self.empty)
        template = there and self.column.currentData() == _TEMPLATE
        for widget in (self.caption, self.column, self.answer, self.save):
            show_if(widget, there)
        show_if(self.template, template)
        show_if(self.cancel, busy)
        show_if(self.answer, there and not busy)
        show_if(self.progress, busy)
        for control in (self.open, self.column, self.template):
            control.setEnabled(not busy)
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
        table, done = self.table, self._done
        if table is None or done is None:
            return
        models = [
            ModelAnswers(choice.model, dict(answers))
            for choice, answers in zip(done.models, self.model.answers, strict=True)
        ]
        prompts = done.prompts if self._template() else ()
        self._workspace.session.files.submit(
            lambda desk: write_answers(path, table.rows, models, done.settings, prompts),
            done=lambda count: self.hint.setText(self.tr("{0} rows saved: {1}").format(count, path.name)),
            failed=self._workspace.problem_raised.emit,
        )

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file can be dropped here."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read the file that is dropped."""
        local = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if local:
            self.read(local[0])
