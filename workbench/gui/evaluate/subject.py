"""The head of the Evaluate page: which model, on which rows, and against which other model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy

from workbench.gui.attention.options import captioned
from workbench.gui.data.choosing import ask_for_files
from workbench.gui.model_choice import CLASSIFIER, ENCODER, LANGUAGE_MODEL, PICTURES, Choice, ModelChooser
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import Card, PrimaryButton, explain_widget
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.sources import joined, title_of
from workbench.run.target_rows import TARGETS, TargetRows, TargetsAgainst
from workbench.session.lanes import Desk
from workbench.session.requests import LIVE
from workbench.session.scoring.evaluated import EvaluationWish
from workbench.session.scoring.measuring import RowsRequest

#: The sides of a run's own rows, in words.
SIDES = (
    ("validation", "Held-out rows", "The rows that the run put aside to measure itself."),
    ("test", "Test rows", "The rows that the run never looked at."),
    ("train", "Training rows", "The rows that the model learned from: how well it knows them by heart."),
)
#: In the list of rows.
_CHOOSE = "choose"


@dataclass(frozen=True, slots=True)
class TargetsWish:
    """Which rows a model with labels, numbers or marks is asked about, and against which other model.

    Attributes:
        rows: Which model, and which rows.
        against: Another model on the same rows; empty for none.
        title, against_title: What the models are called in words.
    """

    rows: RowsRequest
    against: str = ""
    title: str = ""
    against_title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TargetsFound:
    """What was found.

    Attributes:
        rows: The evaluation.
        against: Another model on the same rows; None where none was asked for, or it is not to be had.
        missing: Whether that model is not measured on these rows yet.
        problem: Why the two cannot be compared; None where they can.
    """

    rows: TargetRows
    against: TargetsAgainst | None = None
    missing: bool = False
    problem: Problem | None = None


def measure_targets(home: Home, wish: TargetsWish, desk: Desk) -> TargetsFound:
    """Ask the models; see `evaluate_targets`."""
    from workbench.session.scoring.targets import evaluate_targets

    def measure(asked: RowsRequest) -> TargetRows:
        return evaluate_targets(
            home,
            asked.model,
            desk,
            data=asked.data,
            side=asked.side,
            rows_of=asked.rows_of,
            again=asked.again,
        )

    return _against(measure(wish.rows), wish, measure)


def stored_targets(home: Home, wish: TargetsWish, desk: Desk) -> TargetsFound | None:
    """What was measured before, without loading a model; None where it was not."""
    from workbench.session.scoring.targets import stored_targets as stored

    found = stored(home, wish.rows)
    desk.check()
    return None if found is None else _against(found, wish, lambda asked: stored(home, asked))


def _against(
    found: TargetRows, wish: TargetsWish, ask: Callable[[RowsRequest], TargetRows | None]
) -> TargetsFound:
    """The evaluation, set against the other model where one is wished for; the numbers stay where that cannot be."""
    from workbench.session.scoring.comparing_targets import against_targets

    found = replace(found, model=wish.title or found.model)
    if not wish.against:
        return TargetsFound(found)
    rows_of = "" if wish.rows.data else wish.rows.rows_of or wish.rows.model
    try:
        other = ask(replace(wish.rows, model=wish.against, rows_of=rows_of))
        if other is None:
            return TargetsFound(found, missing=True)
        other = replace(other, model=wish.against_title or other.model)
        return TargetsFound(found, against_targets(found, other))
    except WorkbenchError as error:
        return TargetsFound(found, problem=error.problem)


class AgainstChooser(QComboBox):
    """Another model on the same rows, or none."""

    chosen = Signal()

    def __init__(self, models: ModelChooser) -> None:
        super().__init__()
        self._models = models
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setMaxVisibleItems(18)
        explain_widget(
            self,
            self.tr("Another model that is asked about the same rows: is one better than the other?"),
            self.tr("Against"),
        )
        self.activated.connect(lambda _: self.chosen.emit())
        self.refresh()

    def choice(self) -> Choice | None:
        """The other model; None for none."""
        found = self.currentData()
        return found if isinstance(found, Choice) else None

    def pick(self, model: str) -> None:
        """Choose as the person would; an unknown one is ignored."""
        for row in range(1, self.count()):
            if self.itemData(row).model == model:
                self.setCurrentIndex(row)
                self.chosen.emit()

    def refresh(self) -> None:
        """Offer every model that could be asked, but the first one; keeps the choice while it is there."""
        first, before = self._models.choice(), self.choice()
        task = first.task if first is not None and first.task in TARGETS else CLASSIFIER
        offered = [c for c in self._models.choices() if c.ready and c.task == task and c != first]
        with QSignalBlocker(self):
            self.clear()
            self.addItem(self.tr("No other model"), None)
            for choice in offered:
                self.addItem(choice.title, choice)
                self.setItemData(self.count() - 1, choice.help, Qt.ItemDataRole.ToolTipRole)
                if before is not None and choice.model == before.model:
                    self.setCurrentIndex(self.count() - 1)


class Subject(Card):
    """What is evaluated.

    Signals:
        changed: Another model, other rows, or another model to compare with.
        measure_wanted: The button was pressed.
    """

    changed = Signal()
    measure_wanted = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.model = ModelChooser(workspace, lambda c: c.model != LIVE and c.task != PICTURES)
        self.rows = QComboBox()
        self.rows.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.rows.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.rows.setMinimumContentsLength(9)
        explain_widget(
            self.rows,
            self.tr(
                "Which rows are measured: the run's own, or those of a file. A file can also be dropped here."
            ),
            self.tr("Rows"),
        )
        for key, title, help in SIDES:
            self.rows.addItem(self.tr(title), key)
            self.rows.setItemData(self.rows.count() - 1, self.tr(help), Qt.ItemDataRole.ToolTipRole)
        self.rows.addItem(self.tr("A file…"), _CHOOSE)
        self._side = 0
        self.against = AgainstChooser(self.model)
        self.measure = PrimaryButton(
            self.tr("Measure"),
            "measure",
            help=self.tr(
                "Ask the model about every row. What was measured once opens at once the next time."
            ),
            on_click=self.measure_wanted.emit,
        )
        line = QHBoxLayout()
        line.setSpacing(MEDIUM)
        line.addWidget(captioned(self.tr("Model"), self.model), 3)
        line.addWidget(captioned(self.tr("Rows"), self.rows), 2)
        line.addWidget(captioned(self.tr("Against"), self.against), 3)
        line.addWidget(self.measure, 0, Qt.AlignmentFlag.AlignBottom)
        self.body.addLayout(line)
        self.model.chosen.connect(self._model_chosen)
        self.rows.activated.connect(self._rows_chosen)
        self.against.chosen.connect(self.changed)
        workspace.runs_changed.connect(self.against.refresh)
        workspace.selection_changed.connect(self.against.refresh)

    # ---- what is asked

    def choice(self) -> Choice | None:
        """The model."""
        return self.model.choice()

    def wish(self) -> EvaluationWish | None:
        """What to ask; None while no model is there that puts texts into classes."""
        choice = self.choice()
        if choice is None or not choice.ready or choice.task not in (CLASSIFIER, ENCODER):
            return None
        found = self.rows.currentData()
        of_run = "" if choice.run else self._workspace.selected or ""
        if isinstance(found, Path):
            rows = RowsRequest(choice.model, data=str(found))
        else:
            rows = RowsRequest(choice.model, side=found, rows_of=of_run)
        return EvaluationWish(rows, *self._against(choice))

    def _against(self, choice: Choice) -> tuple[str, str, str]:
        """The other model, and what both are called."""
        other = self.against.choice()
        name, second = _name(choice), _name(other) if other else ""
        if other is not None and name == second:  # two runs of one recipe: the ends of their titles differ
            name, second = (f"{one.title.partition(' · ')[0]} {_tail(one)}" for one in (choice, other))
        return other.model if other else "", name, second

    def targets_wish(self) -> TargetsWish | None:
        """What to ask of a model with labels, numbers or marks; None for any other."""
        choice = self.choice()
        if choice is None or not choice.ready or choice.task not in TARGETS:
            return None
        found = self.rows.currentData()
        rows = (
            RowsRequest(choice.model, data=str(found))
            if isinstance(found, Path)
            else RowsRequest(choice.model, side=found)
        )
        return TargetsWish(rows, *self._against(choice))

    def rows_run(self) -> str:
        """The run whose own rows are measured; empty for those of a file."""
        choice = self.choice()
        if choice is None or isinstance(self.rows.currentData(), Path):
            return ""
        return choice.run or self._workspace.selected or ""

    def writes(self) -> bool:
        """Whether the model writes texts, and is measured elsewhere."""
        choice = self.choice()
        return choice is not None and choice.task == LANGUAGE_MODEL

    # ---- choosing

    def show_file(self, source: str) -> None:
        """Measure the rows of a file."""
        path = Path(source)
        for row in range(self.rows.count()):
            if self.rows.itemData(row) == path:
                break
        else:
            row = self.rows.count() - 1
            self.rows.insertItem(row, title_of(source), path)
            self.rows.setItemData(row, source, Qt.ItemDataRole.ToolTipRole)
        self.rows.setCurrentIndex(row)
        self._rows_chosen(row)

    def show_side(self, side: str) -> None:
        """Measure a side of the run's own rows."""
        row = self.rows.findData(side)
        if row >= 0:
            self.rows.setCurrentIndex(row)
            self._rows_chosen(row)

    def show_busy(self, busy: bool, measured: bool) -> None:
        """Whether something is being measured, and whether the numbers are there already."""
        able = self.wish() is not None or self.targets_wish() is not None
        self.measure.setEnabled(not busy and able)
        self.measure.setText(self.tr("Measure again") if measured else self.tr("Measure"))

    def _model_chosen(self) -> None:
        self.against.refresh()
        self.changed.emit()

    def _rows_chosen(self, row: int) -> None:
        if self.rows.itemData(row) == _CHOOSE:
            self.rows.setCurrentIndex(self._side)
            ask_for_files(self, lambda names: self.show_file(joined(names)))
            return
        self._side = row
        self.changed.emit()


def _name(choice: Choice) -> str:
    """What a model is called in sentences: its title, without its score."""
    return choice.title.partition(" · ")[0]


def _tail(choice: Choice) -> str:
    """What tells models of one name apart."""
    return choice.title.rpartition(" · ")[2]
