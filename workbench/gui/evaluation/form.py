"""What an evaluation asks a person: which models, which rows, and what of an answer counts."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QGridLayout, QLineEdit, QSizePolicy, QWidget

from workbench.gui.model_choice import LANGUAGE_MODEL, Choice, ModelChooser, choices
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import GhostButton, IntBox, Label, explain_widget, row
from workbench.gui.workspace import Workspace
from workbench.run.evaluation import EvaluationSettings
from workbench.run.recipe_files import fields_of, validated
from workbench.run.scratch_fields import NEW_MODELS
from workbench.session.evaluating import BASE, EvaluationRequest
from workbench.session.requests import LIVE

_FIELDS = fields_of(EvaluationSettings)
_FILES = "*.jsonl *.json *.csv *.tsv *.parquet *.xlsx"


def can_be_measured(choice: Choice) -> bool:
    """Language models that are there; the one in training is busy until the run is over."""
    return choice.task == LANGUAGE_MODEL and choice.ready and choice.model != LIVE


class EvaluationForm(QWidget):
    """Two lines of fields; `request` is what they ask for."""

    changed = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._file = ""
        self.model = ModelChooser(workspace, can_be_measured)
        self.beside = QComboBox()
        self.rows_from = QComboBox()
        self.rows = self._number("rows")
        self.room = self._number("max_new_tokens")
        self.recited = self._number("recited")
        self.pattern = QLineEdit(EvaluationSettings().pattern)
        self._explain(self.pattern, "pattern")
        for box in (self.beside, self.rows_from):
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(10)
        explain_widget(
            self.beside,
            self.tr("Another model that answers the same questions, to see what tuning changed."),
            self.tr("Beside"),
        )
        explain_widget(
            self.rows_from,
            self.tr("Rows that the model has not learned from: those that the run held out, or a file."),
            self.tr("Questions from"),
        )
        self.browse = GhostButton(
            self.tr("File…"),
            "folder",
            help=self.tr("Choose a file of questions and answers, or of questions with choices."),
            on_click=self._ask_for_file,
        )
        self._lay_out()
        self.model.chosen.connect(self._model_chosen)
        for signal in (self.beside.currentIndexChanged, self.rows_from.currentIndexChanged):
            signal.connect(lambda _: self.changed.emit())
        self.pattern.textChanged.connect(lambda _: self.changed.emit())
        self._model_chosen()

    def _number(self, name: str) -> IntBox:
        least = {"rows": 0, "recited": 0, "max_new_tokens": 1}[name]
        box = IntBox(least, 100_000)
        box.setValue(getattr(EvaluationSettings(), name))
        box.setMaximumWidth(96)
        if name == "rows":
            box.setSpecialValueText(self.tr("all"))
        self._explain(box, name)
        return box

    def _explain(self, widget: QWidget, name: str) -> None:
        explain_widget(widget, _FIELDS[name].help, _FIELDS[name].title)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(MEDIUM)
        grid.setVerticalSpacing(SMALL)
        parts: tuple[tuple[int, str, QWidget], ...] = (
            (0, self.tr("Model"), self.model),
            (1, self.tr("Beside"), self.beside),
            (2, self.tr("Questions from"), row(self.rows_from, self.browse)),
        )
        for place, caption, widget in parts:
            grid.addWidget(Label(caption, "caption"), 0, place)
            grid.addWidget(widget, 1, place)
            grid.setColumnStretch(place, 1)
        numbers = (
            (self.tr("Rows"), self.rows),
            (self.tr("Longest answer"), self.room),
            (self.tr("Recited rows"), self.recited),
        )
        small = QGridLayout()
        small.setHorizontalSpacing(MEDIUM)
        small.setVerticalSpacing(SMALL)
        for place, (caption, box) in enumerate(numbers):
            small.addWidget(Label(caption, "caption"), 0, place)
            small.addWidget(box, 1, place)
        small.addWidget(Label(self.tr("Answer pattern"), "caption"), 0, len(numbers))
        small.addWidget(self.pattern, 1, len(numbers))
        small.setColumnStretch(len(numbers), 1)
        grid.addLayout(small, 2, 0, 1, 3)

    # ---- what is chosen

    def request(self) -> EvaluationRequest | None:
        """What is asked for; None where no model can be measured, or no file is chosen.

        Raises:
            WorkbenchError: When the pattern is none.
        """
        choice = self.model.choice()
        own = self.rows_from.currentData() == "own"
        if choice is None or not (own or self._file):
            return None
        settings = validated(
            EvaluationSettings,
            {
                "rows": self.rows.value(),
                "max_new_tokens": self.room.value(),
                "recited": self.recited.value(),
                "pattern": self.pattern.text(),
            },
        )
        beside = self.beside.currentData()
        return EvaluationRequest(
            choice.model, (beside,) if beside else (), "" if own else self._file, settings=settings
        )

    def take_file(self, path: str) -> None:
        """Ask the questions of this file."""
        self._file = path
        self._fill_rows()
        self.rows_from.setCurrentIndex(self.rows_from.findData("file"))
        self.changed.emit()

    def _model_chosen(self) -> None:
        choice = self.model.choice()
        run = self._workspace.summary(choice.run) if choice and choice.run else None
        started = run is not None and run.model.strip() not in NEW_MODELS
        self._fill(
            self.beside,
            [
                *([(self.tr("the model it started from"), BASE)] if started else []),
                (self.tr("no other model"), ""),
                *(
                    (other.title, other.model)
                    for other in choices(self._workspace)
                    if can_be_measured(other) and other != choice
                ),
            ],
        )
        self._fill_rows()
        self.changed.emit()

    def _fill_rows(self) -> None:
        choice = self.model.choice()
        summary = self._workspace.summary(choice.run) if choice and choice.run else None
        # A run that learned to continue plain text has no questions of its own.
        own = summary is not None and summary.task in ("chat", "preference", "seq2seq")
        name = self._file.replace("\\", "/").rpartition("/")[2]
        rows = [(self.tr("what the run held out"), "own")] if own else []
        self._fill(self.rows_from, [*rows, (name or self.tr("a file"), "file")])

    @staticmethod
    def _fill(box: QComboBox, items: list[tuple[str, str]]) -> None:
        before = box.currentData()
        box.blockSignals(True)
        box.clear()
        for title, value in items:
            box.addItem(title, value)
        box.setCurrentIndex(max(0, box.findData(before)) if before is not None else 0)
        box.blockSignals(False)

    def _ask_for_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, self.tr("Questions and answers"), "", self.tr("Data") + f" ({_FILES})"
        )
        if path:
            self.take_file(path)
