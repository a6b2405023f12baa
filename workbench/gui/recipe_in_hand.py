"""The recipe in hand, the shelves it is made from, and the preview of its data: the first half of the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from workbench.gui.fitting import fitting_model, task_by_columns, task_by_name
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed
from workbench.session.lanes import Ticket
from workbench.session.requests import DataRequest
from workbench.session.session import Session

if TYPE_CHECKING:
    from workbench.session.data import DataPreview
    from workbench.shelf.datasets import ShippedDataset
    from workbench.shelf.models import ModelEntry


class RecipeInHand(QObject):
    """What is to be trained, and what is wrong with it."""

    recipe_changed = Signal()  # .recipe, .complaints, .refusals
    data_changed = Signal()  # .data, .data_busy, .data_problem
    data_read = Signal(object)  # Reading: how far a large file is read, with its first rows
    shelf_changed = Signal()  # .models, .datasets
    problem_raised = Signal(object)  # a Problem, for the one place where problems appear

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.recipe = Recipe()
        self.complaints: tuple[Problem, ...] = ()  # values that are not allowed: no Start until mended
        self.refusals: tuple[Problem, ...] = ()  # why the last start was refused; gone with the next edit
        self.data: DataPreview | None = None
        self.data_busy = False
        self.data_problem: Problem | None = None  # why there is no preview
        self.models: tuple[ModelEntry, ...] = ()
        self.datasets: tuple[ShippedDataset, ...] = ()
        self._data_ticket: Ticket | None = None
        self._unguessed = ""  # the file that was just opened, while its columns have not been seen

    @property
    def marks(self) -> tuple[Problem, ...]:
        """What marks fields: complaints and refusals, each with its field."""
        return (*self.refusals, *self.complaints)

    def set_field(self, path: str, value: object) -> None:
        """Change one field; a value that is not allowed becomes a complaint and the recipe stays."""
        if path == "task.kind":
            self._unguessed = ""  # the person has decided
        try:
            recipe = changed(self.recipe, path, value)
        except WorkbenchError as error:
            others = tuple(p for p in self.complaints if p.field != path)
            self.complaints, self.refusals = (*others, *error.problems), ()
            self.recipe_changed.emit()
            return
        self.complaints = tuple(p for p in self.complaints if p.field != path)
        self.set_recipe(recipe, keep_complaints=True)

    def set_recipe(self, recipe: Recipe, *, keep_complaints: bool = False) -> None:
        """Take a whole recipe in hand, as "duplicate recipe" does."""
        before, self.recipe, self.refusals = self.recipe, recipe, ()
        if not keep_complaints:
            self.complaints = ()
        self.recipe_changed.emit()
        if self.data is None or DataRequest.of(before) != DataRequest.of(recipe):
            self.look_at_data()

    def choose_data(self, source: str, part: str = "") -> None:
        """Take a data set: a shipped name, a file, a folder, or several of them, one a line; `part` is the split,
        sheet or member to open. Column choices of the previous one are forgotten, and the task and model follow
        from what a shipped set is made for."""
        data = self.recipe.model_dump()
        data["data"] |= {
            "train": source,
            "text": "",
            "label": "",
            "header": "auto",
            "encoding": "",
            "delimiter": "",
            "records": part,
            "split": "stratified",
            "split_column": "",
            "folds": 0,
            "fold": 1,
            "learn_share": 1.0,
            "sides": "",
            "patch": self.edits_of(source),
            "steps": (),
        }
        shipped = next((d for d in self.datasets if d.name == source), None)
        self._unguessed = "" if shipped else source
        self._take(data, shipped.task if shipped else task_by_name(source, self.recipe.task.kind))

    def edits_of(self, source: str) -> str:
        """The edits by hand that belong to a data set; the workspace knows them."""
        return ""

    def _take(self, recipe: dict[str, Any], task: str) -> None:
        """Take a recipe in hand with this task, and a model that suits it where the task is another one."""
        if task != self.recipe.task.kind:
            recipe["task"]["kind"] = task
            recipe["model"]["source"] = fitting_model(self.models, task, self.recipe.model.source)
        self.set_recipe(Recipe.model_validate(recipe))

    def _takes_likely_task(self, preview: DataPreview) -> bool:
        """Whether the columns of a file that was just opened speak for another task, which is taken then."""
        if preview.source != self._unguessed:
            return False
        self._unguessed, present = "", self.recipe.task.kind
        task = task_by_columns(preview.likely_task, present)
        if task != present:
            self._take(self.recipe.model_dump(), task)
        return task != present

    def set_refusals(self, problems: Sequence[Problem]) -> None:
        """Mark the fields for which a start or a check was refused, until the next edit."""
        self.refusals = tuple(problem for problem in problems if problem.field)
        self.recipe_changed.emit()

    def look_at_data(self) -> None:
        """Ask for a fresh preview of the recipe's data; an older question is cancelled."""
        if self._data_ticket:
            self._data_ticket.cancel()
        request = DataRequest.of(self.recipe)
        self.data_busy, self.data_problem = True, None
        self.data_changed.emit()

        def arrived(preview: DataPreview) -> None:
            if self._takes_likely_task(preview):
                return
            self.data, self.data_busy, self.data_problem = preview, False, None
            self.data_changed.emit()

        def failed(problem: Problem) -> None:
            self.data, self.data_busy, self.data_problem = None, False, problem
            self.data_changed.emit()
            self.problem_raised.emit(problem)

        self._data_ticket = self.session.look_at_data(request, arrived, failed, self.data_read.emit)

    def refresh_shelf(self) -> None:
        """Read the lists of models and data sets again."""

        def models_arrived(models: tuple[ModelEntry, ...]) -> None:
            self.models = models
            self.shelf_changed.emit()

        def datasets_arrived(datasets: tuple[ShippedDataset, ...]) -> None:
            self.datasets = datasets
            self.shelf_changed.emit()

        self.session.list_models(models_arrived, self.problem_raised.emit)
        self.session.list_datasets(datasets_arrived, self.problem_raised.emit)
