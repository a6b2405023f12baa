"""Getting a run ready: every complaint settled, its folder made or opened again, its data and model loaded."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.data.limits import limits_of
from workbench.data.step import Context
from workbench.run.files import write_whole
from workbench.run.folder import RunFolder, make_run
from workbench.run.home import Home
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed, recipe_toml
from workbench.run.scratch_fields import is_new
from workbench.run.task_kinds import MODEL_KIND, writes

if TYPE_CHECKING:
    from workbench.engine.task import Goods, Rows, Task


#: What to choose where a model does not suit a task.
_FITTING = {
    "causal-lm": "Choose a language model, such as smollm2, or the task text-classification.",
    "chat": "Choose a language model, such as smollm2, or the task text-classification.",
    "preference": "Choose a language model, such as smollm2, or the task text-classification.",
    "masked-lm": "Choose an encoder, such as minilm, or the task causal-lm.",
    "seq2seq": "Choose one that has both, such as T5 or BART; or the task chat, which language models learn.",
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that is ready to be carried out: its complaints are settled and its folder exists. `fits` says that
    nothing needs to be tried before it starts; `seconds` and `remarks` are what a trial found."""

    folder: RunFolder
    recipe: Recipe
    task: Task
    rows: Rows
    home: Home
    checkpoint: Path | None = None
    notes: tuple[str, ...] = ()
    writes: bool = True
    fits: bool = False
    seconds: float = 0.0
    remarks: tuple[str, ...] = ()

    def resolve(self, name: str) -> Path:
        """The folder of a model by a recipe's name for it."""
        from workbench.shelf.models import resolve_model

        return resolve_model(name, self.home).path

    @property
    def model(self) -> Path:
        """The folder of the weights to begin with: the checkpoint's, where it holds a whole model."""
        from workbench.session.fresh import model_folder

        whole = self.checkpoint / "model" if self.checkpoint else None
        if whole and whole.is_dir():
            return whole
        return model_folder(self.recipe, self.task, self.rows, self.home)


def is_main_process() -> bool:
    """Whether this process writes: always, but under torchrun, where only rank 0 does."""
    return os.environ.get("RANK", "0") == "0"


def alone() -> bool:
    """Whether this process trains by itself, not as one of several under torchrun."""
    return os.environ.get("WORLD_SIZE", "1") == "1"


def begin(home: Home, recipe: Recipe, *, make_folder: bool = True) -> Prepared:
    """Settle all complaints, then make the run folder (unless the run is only looked at beforehand).

    Raises:
        WorkbenchError: With every complaint that can be found without training.
    """
    from workbench.engine.devices import choose_device, choose_precision
    from workbench.engine.method import method_complaints
    from workbench.engine.optimizers import optimizer_problems
    from workbench.engine.sharing import sharding_problems
    from workbench.run.schedules import schedule_problems
    from workbench.run.scratch_fields import scratch_problems
    from workbench.session.fresh import place_of
    from workbench.tasks import task_named

    problems: list[Problem] = []
    found: dict[str, Any] = {}

    def attempt(name: str, work: Any) -> None:
        try:
            found[name] = work()
        except WorkbenchError as error:
            problems.extend(error.problems)

    attempt("task", lambda: task_named(recipe.task.kind))
    attempt("model", lambda: place_of(recipe, home))
    attempt("device", lambda: choose_device(recipe.training.device))
    problems += schedule_problems(recipe.training) + scratch_problems(recipe)
    if "device" in found:
        attempt("precision", lambda: choose_precision(recipe.training.precision, found["device"]))
        problems += optimizer_problems(recipe, found["device"])
    if "task" in found:
        task: Task = found["task"]
        wanted = recipe.training.best_metric
        if wanted and wanted not in task.metrics:
            problems.append(
                Problem(
                    f"training.best_metric (Best model by): {wanted!r} is not measured by this task.",
                    f"It measures: {', '.join(task.metrics)}.",
                    "Choose one of these, or leave it empty.",
                    field="training.best_metric",
                )
            )
        problems += method_complaints(recipe, task)
        attempt("loss", lambda: task.loss_section(recipe.loss))
        problems += sharding_problems(recipe)
        attempt("rows", lambda: task.read(recipe, step_context(recipe, home)))
        if "model" in found:
            problems += _misfit(task, found["model"])
    if recipe.distillation.teacher:
        problems += _missing_teacher(recipe.distillation.teacher, home)
    if problems:
        raise WorkbenchError(*problems)
    for path, value in found["rows"].resolved.items():  # so that the run's recipe guesses nothing again
        recipe = changed(recipe, path, value)
    folder = (
        make_run(home, recipe) if make_folder and is_main_process() else RunFolder(home.runs / "elsewhere")
    )
    if make_folder and is_main_process():
        recipe = _with_edits(folder, recipe)
    return Prepared(folder, recipe, found["task"], found["rows"], home, writes=is_main_process())


def _with_edits(folder: RunFolder, recipe: Recipe) -> Recipe:
    """The run keeps the edits by hand and the sides that it began with; what is edited afterwards belongs to later
    runs."""
    before = recipe
    for path, own in (("data.patch", folder.edits_file), ("data.sides", folder.sides_file)):
        if recipe.value(path):
            write_whole(own, Path(recipe.value(path)).expanduser().read_text(encoding="utf-8"))
            recipe = changed(recipe, path, str(own))
    if recipe is not before:
        write_whole(folder.recipe_file, recipe_toml(recipe))
    return recipe


def own_recipe(folder: RunFolder) -> Recipe:
    """A run's recipe with its own edits by hand and its own sides, wherever the folder lies now."""
    recipe = folder.recipe()
    for path, own in (("data.patch", folder.edits_file), ("data.sides", folder.sides_file)):
        if recipe.value(path) and own.is_file():
            recipe = changed(recipe, path, str(own))
    return recipe


def step_context(recipe: Recipe, home: Home, check: Callable[[], object] = lambda: None) -> Context:
    """What the recipe's steps are told; the tokenizer is None where the model is not on this machine."""
    from workbench.shelf.models import resolve_model

    file = None
    with contextlib.suppress(WorkbenchError):
        file = resolve_model(recipe.model.source, home).path / "tokenizer.json"
    known = file if file is not None and file.is_file() else None
    context = Context(
        recipe.training.seed, recipe.training.max_length, known, check, home.cache,
        limits=limits_of(home.settings),
    )  # fmt: skip
    if file is not None and any(step.on and step.kind == "augment-mask" for step in recipe.data.steps):
        from workbench.engine.devices import choose_device
        from workbench.engine.word_replacement import word_replacement

        words = word_replacement(file.parent, recipe.model.source, choose_device(recipe.training.device))
        context = dataclasses.replace(context, replace_words=words)
    return context


def _misfit(task: Task, place: Any) -> list[Problem]:
    """Whether a model's kind cannot learn the task; a kind that is not known is tried."""
    if place.needs_conversion:
        return _not_converted(place)
    if is_new(place.name):
        return []  # what does not fit there is told by the scratch section
    can, why = "", ""
    wanted = MODEL_KIND.get(task.kind)
    if writes(task.kind) and place.kind == "encoder":
        can = "learn to write"
        why = f"{place.architecture} is an encoder: it reads whole texts and has no next-token head."
    elif task.kind == "masked-lm" and place.kind == "causal-lm":
        can = "fill in masked words"
        why = f"{place.architecture} reads from left to right and sees nothing of what follows."
    elif wanted == "seq2seq" and place.kind == "causal-lm":
        can = "be trained to write one text from another"
        why = f"{place.architecture} has no encoder with a decoder beside it."
    elif wanted == "causal-lm" and place.kind == "seq2seq":
        can = "go on from a text"
        why = f"{place.architecture} reads with an encoder and writes another text with its decoder."
    if not can:
        return []
    title, remedy = f"The model {place.name} cannot {can}.", _FITTING[task.kind]
    return [Problem(title, why, remedy, field="model.source")]


def _missing_teacher(name: str, home: Home) -> list[Problem]:
    """Whether it can teach is seen when it is loaded; that it is here, before a run is made."""
    from workbench.shelf.models import resolve_model

    try:
        place = resolve_model(name, home)
    except WorkbenchError as error:
        problems = list(error.problems)
    else:
        problems = _not_converted(place)
    return [dataclasses.replace(problem, field="distillation.teacher") for problem in problems]


def _not_converted(place: Any) -> list[Problem]:
    if not place.needs_conversion:
        return []
    return [
        Problem(
            f"The model {place.name} is not ready yet.",
            "It has to be converted once into a form that can be trained.",
            f"In the window, choose it and agree; on the command line: workbench models fetch {place.name}",
            field="model.source",
        )
    ]


def reopen(folder: RunFolder, home: Home | None = None) -> Prepared:
    """Get a stopped or interrupted run ready to go on from its newest whole checkpoint, or from its beginning
    when it had not saved any.

    Args:
        folder: The run.
        home: Where models are looked up; by default the home that the run lies in.

    Raises:
        WorkbenchError: When it has ended, has only damaged checkpoints, or its data has changed or gone.
    """
    from workbench.engine.damage import mend_checkpoints
    from workbench.tasks import task_named

    history = folder.history()
    if history.ended and history.ended.status == "finished":
        raise bad_input(
            f"The run {folder.name} has finished already.",
            "There is nothing left to do in it.",
            "To train longer, start a new run from it: choose it as the model.",
        )
    recipe = own_recipe(folder)
    if not folder.is_alive():
        mend_checkpoints(folder.checkpoints)
    checkpoint, notes = _where_to_go_on(folder)
    task = task_named(recipe.task.kind)
    home = home or Home(folder.path.parent.parent)
    rows = _same_rows(folder, task, recipe, home)
    known = folder.environment().get("data_fingerprint")
    if known and known != rows.fingerprint:
        raise bad_input(
            f"The run {folder.name} cannot be resumed.",
            f"The data in {recipe.data.train} has changed since the run began.",
            "Put the old file back, or start a new run.",
            field="data.train",
        )
    return Prepared(folder, recipe, task, rows, home, checkpoint, tuple(notes), is_main_process())


def _where_to_go_on(folder: RunFolder) -> tuple[Path | None, list[str]]:
    """The newest whole checkpoint and what is to be said about it; none where none was saved yet."""
    from workbench.engine.checkpoints import newest_good

    saved = folder.checkpoint_folders()
    if not saved:
        return None, ["The run had not saved a checkpoint yet: it begins again, and comes to the same."]
    return newest_good(saved)


def take_up(folder: RunFolder, home: Home) -> Prepared:
    """Get a run folder ready: to go on from its newest whole checkpoint, or to begin where it has none.

    Raises:
        WorkbenchError: As `reopen`.
    """
    if folder.checkpoint_folders():
        return reopen(folder, home)
    from workbench.tasks import task_named

    recipe = own_recipe(folder)
    task = task_named(recipe.task.kind)
    return Prepared(
        folder, recipe, task, _same_rows(folder, task, recipe, home), home, writes=is_main_process()
    )


def _same_rows(folder: RunFolder, task: Task, recipe: Recipe, home: Home) -> Rows:
    try:
        return task.read(recipe, step_context(recipe, home))
    except WorkbenchError as error:
        problem = error.problem
        raise bad_input(
            f"The run {folder.name} cannot be resumed.",
            f"Its data cannot be read as before. {problem.title} {problem.cause}",
            f"Put the file back, or correct its place under [data] in {folder.recipe_file}.",
            field=problem.field,
        ) from error


def load_goods(prepared: Prepared) -> Goods:
    """Model, tokenizer and encoded rows; a new head's or a new model's first weights come from the seed."""
    from workbench.engine.assembly import seed_chance
    from workbench.engine.encoding import keeping_tokens

    seed_chance(prepared.recipe.training.seed)
    model, tokenizer = prepared.task.load(prepared.recipe, prepared.rows, prepared.model)
    with keeping_tokens(prepared.home.cache / "tokens"):
        goods = prepared.task.encode(prepared.recipe, prepared.rows, model, tokenizer)
    if not is_new(prepared.recipe.model.source):
        return goods
    from workbench.engine.scratch import in_words

    return dataclasses.replace(goods, notes=(in_words(prepared.recipe, goods), *goods.notes))
