"""Which model to look into: base models, runs, checkpoints of the run in hand, and the model in training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QSizePolicy

from workbench.gui.widgets import explain_widget
from workbench.gui.workspace import Workspace
from workbench.run.folder import RunSummary
from workbench.run.task_kinds import writes
from workbench.session.requests import LIVE

CLASSIFIER, LANGUAGE_MODEL, ENCODER = "text-classification", "causal-lm", "encoder"
#: Fills gaps in a text.
MASKED = "masked-lm"
#: The task of models that read pictures instead of texts.
PICTURES = "image"


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that can be asked.

    Attributes:
        model: What a request gives as its model.
        title: What the person reads.
        group: The heading it stands under.
        task: "text-classification", "causal-lm" for whatever writes, "masked-lm", "encoder" or "image".
        ready: Whether it can be asked now, without fetching or converting.
        run: The run it belongs to, or empty.
        help: More, as a tooltip.
    """

    model: str
    title: str
    group: str
    task: str
    ready: bool = True
    run: str = ""
    help: str = ""


def choices(workspace: Workspace) -> tuple[Choice, ...]:
    """Every model that can be asked now: the live one, the selected run's checkpoints, runs, base models."""
    return (*_live(workspace), *_runs(workspace), *_checkpoints(workspace), *_bases(workspace))


def _live(workspace: Workspace) -> Iterator[Choice]:
    if workspace.active and workspace.active_name:
        name = workspace.active_name
        summary = workspace.summary(name)
        task = summary.task if summary else workspace.recipe.task.kind
        title = f"Live: the model in training ({summary.title})" if summary else "Live: the model in training"
        yield Choice(
            LIVE, title, "In training", _task(task), run=name, help="Asked between two training steps."
        )


def _runs(workspace: Workspace) -> Iterator[Choice]:
    for run in workspace.runs:
        if run.name != workspace.active_name and (run.folder / "model").is_dir():
            yield Choice(run.name, _run_title(run), "Runs", _task(run.task), run=run.name, help=run.name)


def _task(kind: str) -> str:
    """The task as choices have it: models of all tasks that write are asked alike."""
    return LANGUAGE_MODEL if writes(kind) else kind


def _run_title(run: RunSummary) -> str:
    score = f" · {run.score[0].replace('_', ' ')} {run.score[1]:.3g}" if run.score else ""
    return f"{run.title}{score} · {run.name.rpartition('-')[2]}"


def _checkpoints(workspace: Workspace) -> Iterator[Choice]:
    run = workspace.summary(workspace.selected) if workspace.selected else None
    history = workspace.histories.get(workspace.selected or "")
    if run is None or history is None:
        return
    for saved in reversed(history.checkpoints):
        folder = run.folder / saved.path
        if folder.is_dir():  # older ones are deleted as a run goes on
            title = f"{run.title}, step {saved.step}"
            task = _task(run.task)
            yield Choice(str(folder), title, "Checkpoints of the selected run", task, run=run.name)


def _bases(workspace: Workspace) -> Iterator[Choice]:
    tasks = {"causal-lm": LANGUAGE_MODEL, "seq2seq": LANGUAGE_MODEL, "image": PICTURES}
    for entry in sorted(
        workspace.models, key=lambda entry: entry.kind == "image"
    ):  # a group of their own, last
        if entry.state == "unusable":
            continue
        task = tasks.get(entry.kind, ENCODER)
        group = "Models for pictures" if task == PICTURES else "Base models"
        size = f"{entry.megabytes:.0f} MB" if entry.megabytes else ""
        suffix = "" if entry.state == "ready" else f" (to be set up once, {size})"
        about = ". ".join(part.rstrip(".") for part in (entry.description, size, entry.licence) if part)
        yield Choice(entry.name, entry.title + suffix, group, task, ready=entry.state == "ready", help=about)


class ModelChooser(QComboBox):
    """A list of models under headings; keeps the person's choice while it exists."""

    chosen = Signal()

    def __init__(self, workspace: Workspace, wanted: Callable[[Choice], bool] = lambda choice: True) -> None:
        super().__init__()
        self._workspace = workspace
        self._wanted = wanted
        self._picked: Choice | None = None  # by the person, not by default
        self._offered = ""  # by default, where a page knows better than this list
        self._choices: tuple[Choice, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.setMaxVisibleItems(18)
        explain_widget(
            self,
            self.tr("Which model is asked: a base model, a run, a checkpoint, or the one in training."),
            self.tr("Model"),
        )
        self.setModel(QStandardItemModel(self))
        self.activated.connect(self._activated)
        for signal in (
            workspace.shelf_changed,
            workspace.runs_changed,
            workspace.selection_changed,
            workspace.active_changed,
        ):
            signal.connect(self.refresh)
        workspace.history_changed.connect(self._history_changed)
        self.refresh()

    def choice(self) -> Choice | None:
        """The chosen model; None when there is none at all."""
        found = self.currentData()
        return found if isinstance(found, Choice) else None

    def choices(self) -> tuple[Choice, ...]:
        """Everything in the list."""
        return self._choices

    def pick(self, model: str) -> None:
        """Choose as the person would, by the request's name of the model; an unknown one is ignored."""
        for choice in self._choices:
            if choice.model == model:
                self._picked = choice
                self._show(choice)
                self.chosen.emit()

    @property
    def picked_by_person(self) -> bool:
        """Whether the choice is the person's own, not one by default."""
        return self._picked is not None

    def offer(self, model: str) -> None:
        """Choose by default, until the person picks; an unknown model is ignored."""
        self._offered = model
        self.refresh()

    def hold(self) -> None:
        """Take the present choice as the person's own: work with it has begun."""
        self._picked = self.choice()

    def refresh(self) -> None:
        """Read the list again; tells when the chosen model is another one than before."""
        before = self.choice()
        found = tuple(choice for choice in choices(self._workspace) if self._wanted(choice))
        if found != self._choices:
            self._choices = found
            self._fill()
        self._show(self._default())
        after = self.choice()
        if (before and before.model, before and before.ready) != (
            after and after.model,
            after and after.ready,
        ):
            self.chosen.emit()

    def _history_changed(self, name: str) -> None:
        # Comes at every step of a run in training; only new checkpoints matter here.
        history = self._workspace.histories.get(name)
        shown = sum(choice.group.startswith("Checkpoints") for choice in self._choices)
        if name == self._workspace.selected and history and len(history.checkpoints) != shown:
            self.refresh()

    def _default(self) -> Choice | None:
        picked, found = self._picked, self._choices
        for choice in found:
            if picked and choice.model == picked.model:
                return choice
        for choice in found:
            if choice.model == self._offered and picked is None:
                return choice
        # The model in training that ended is now its run; otherwise live, the selected run, what is ready.
        run = picked.run if picked else ""
        for wanted in (run, self._workspace.active_name, self._workspace.selected):
            for choice in found:
                if wanted and choice.run == wanted:
                    return choice
        return next((c for c in found if c.ready), found[0] if found else None)

    def _fill(self) -> None:
        model = self.model()
        assert isinstance(model, QStandardItemModel)
        model.clear()
        group = ""
        for choice in self._choices:
            if choice.group != group:
                group = choice.group
                heading = QStandardItem(group)
                heading.setFlags(Qt.ItemFlag.NoItemFlags)
                model.appendRow(heading)
            item = QStandardItem(choice.title)
            item.setData(choice, Qt.ItemDataRole.UserRole)
            item.setToolTip(choice.help)
            model.appendRow(item)

    def _show(self, choice: Choice | None) -> None:
        index = -1
        for row in range(self.count()):
            if choice is not None and self.itemData(row) == choice:
                index = row
        self.setCurrentIndex(index)

    def _activated(self, row: int) -> None:
        choice = self.itemData(row)
        if isinstance(choice, Choice):
            self._picked = choice
            self.chosen.emit()
