"""From a recipe to a run folder full of events: beginning, carrying out and resuming runs."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import workbench
from workbench.run.events import Ended, Event, Notice, Started
from workbench.run.files import write_whole
from workbench.run.folder import RunFolder, make_run
from workbench.run.home import Home
from workbench.run.journal import Journal
from workbench.run.problem import Problem, WorkbenchError, bad_input, explain
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed, recipe_toml
from workbench.session.cards import model_card

if TYPE_CHECKING:
    from workbench.engine.loading import LoadedModel
    from workbench.engine.task import Rows, Task
    from workbench.engine.train import Control as EngineControl

PACKAGES = (
    "torch",
    "transformers",
    "accelerate",
    "tokenizers",
    "safetensors",
    "numpy",
    "pyarrow",
    "pydantic",
)


class Control:
    """A plain control: stops when told to."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def stop(self) -> None:
        """End within one step, with a checkpoint."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether the run is to end after the present step."""
        return self._stop.is_set()

    def between_steps(self, live: object) -> None:
        """Nothing to serve."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that is ready to be carried out: its complaints are settled and its folder exists."""

    folder: RunFolder
    recipe: Recipe
    task: Task
    rows: Rows
    model: Path
    checkpoint: Path | None = None
    notes: tuple[str, ...] = ()
    writes: bool = True


def is_main_process() -> bool:
    """Whether this process writes: always, but under torchrun, where only rank 0 does."""
    return os.environ.get("RANK", "0") == "0"


def begin(home: Home, recipe: Recipe) -> Prepared:
    """Settle all complaints, then make the run folder.

    Raises:
        WorkbenchError: With every complaint that can be found without training.
    """
    from workbench.engine.devices import choose_device, choose_precision
    from workbench.shelf.models import resolve_model
    from workbench.tasks import task_named

    problems: list[Problem] = []
    found: dict[str, Any] = {}

    def attempt(name: str, work: Any) -> None:
        try:
            found[name] = work()
        except WorkbenchError as error:
            problems.extend(error.problems)

    attempt("task", lambda: task_named(recipe.task.kind))
    attempt("model", lambda: resolve_model(recipe.model.source, home))
    attempt("device", lambda: choose_device(recipe.training.device))
    if "device" in found:
        attempt("precision", lambda: choose_precision(recipe.training.precision, found["device"]))
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
        attempt("rows", lambda: task.read(recipe))
        if "model" in found:
            problems += _misfit(task, found["model"])
    if problems:
        raise WorkbenchError(*problems)
    for path, value in found["rows"].resolved.items():  # so that the run's recipe guesses nothing again
        recipe = changed(recipe, path, value)
    folder = make_run(home, recipe) if is_main_process() else RunFolder(home.runs / "elsewhere")
    return Prepared(
        folder, recipe, found["task"], found["rows"], found["model"].path, writes=is_main_process()
    )


def _misfit(task: Task, place: Any) -> list[Problem]:
    if place.needs_conversion:
        return [
            Problem(
                f"The model {place.name} is not ready yet.",
                "It has to be converted once into a form that can be trained.",
                f"In the window, choose it and agree; on the command line: workbench models fetch {place.name}",
                field="model.source",
            )
        ]
    if task.kind == "causal-lm" and place.kind == "encoder":
        return [
            Problem(
                f"The model {place.name} cannot learn to write.",
                f"{place.architecture} is an encoder: it reads whole texts and has no next-token head.",
                "Choose a language model, such as smollm2, or the task text-classification.",
                field="model.source",
            )
        ]
    return []


def reopen(folder: RunFolder) -> Prepared:
    """Get a stopped or interrupted run ready to go on from its newest whole checkpoint.

    Raises:
        WorkbenchError: When it has ended, has no whole checkpoint, or its data has changed or gone.
    """
    from workbench.engine.checkpoints import newest_good
    from workbench.tasks import task_named

    history = folder.history()
    if history.ended and history.ended.status == "finished":
        raise bad_input(
            f"The run {folder.name} has finished already.",
            "There is nothing left to do in it.",
            "To train longer, start a new run from it: choose it as the model.",
        )
    recipe = folder.recipe()
    checkpoint, notes = newest_good(folder.checkpoint_folders())
    task = task_named(recipe.task.kind)
    rows = _same_rows(folder, task, recipe)
    known = folder.environment().get("data_fingerprint")
    if known and known != rows.fingerprint:
        raise bad_input(
            f"The run {folder.name} cannot be resumed.",
            f"The data in {recipe.data.train} has changed since the run began.",
            "Put the old file back, or start a new run.",
            field="data.train",
        )
    return Prepared(
        folder, recipe, task, rows, checkpoint / "model", checkpoint, tuple(notes), is_main_process()
    )


def _same_rows(folder: RunFolder, task: Task, recipe: Recipe) -> Rows:
    try:
        return task.read(recipe)
    except WorkbenchError as error:
        problem = error.problem
        raise bad_input(
            f"The run {folder.name} cannot be resumed.",
            f"Its data cannot be read as before. {problem.title} {problem.cause}",
            f"Put the file back, or correct its place under [data] in {folder.recipe_file}.",
            field=problem.field,
        ) from error


def carry_out(prepared: Prepared, control: EngineControl) -> Iterator[Event]:
    """Train, journal and yield every event; the last one is the only `Ended`.

    In a process that does not write (another rank under torchrun) the events are yielded without a journal.
    """
    if not prepared.writes:
        yield from _events(prepared, control, [])
        return
    with ExitStack() as stack:
        stack.enter_context(prepared.folder.working())
        journal = stack.enter_context(Journal(prepared.folder.journal_file))
        driver = _Driver(control)
        ended = False
        looked_at: list[LoadedModel] = []
        try:
            for event in _events(prepared, driver, looked_at):
                recorded = _record(prepared, journal, event, driver)
                if isinstance(recorded, Ended):
                    ended = True
                    _report(prepared, recorded, looked_at)
                yield recorded
        finally:
            if not ended and sys.exc_info()[0] is GeneratorExit:
                journal.append(Ended(status="stopped"))


class _Driver:
    """The person's control, and our own reason to stop: the journal cannot be written any more."""

    def __init__(self, control: EngineControl) -> None:
        self._control = control
        self.problem: Problem | None = None

    @property
    def stopping(self) -> bool:
        return self.problem is not None or self._control.stopping

    def between_steps(self, live: Any) -> None:
        self._control.between_steps(live)


def _record(prepared: Prepared, journal: Journal, event: Event, driver: _Driver) -> Event:
    """The event as it stands in the journal. When that cannot be written, the engine is told to stop and save,
    and the run ends as failed, which is told even though it cannot be recorded."""
    if isinstance(event, Ended) and driver.problem:
        event = dataclasses.replace(event, status="failed", problem=driver.problem)
    try:
        recorded = journal.append(event)
        if isinstance(recorded, Started):
            prepared.folder.write_environment(_environment(prepared, recorded))
        return recorded
    except OSError as error:
        if driver.problem is None:
            driver.problem = Problem(
                f"The run {prepared.folder.name} cannot be recorded any more.",
                f"Writing into {prepared.folder.path} failed: {error.strerror or error}.",
                "Free some space or mend the folder's permissions, then resume the run: its last checkpoint is kept.",
                str(error),
            )
        if isinstance(event, Ended):
            return dataclasses.replace(event, status="failed", problem=driver.problem)
        return event


def _events(prepared: Prepared, control: EngineControl, looked_at: list[LoadedModel]) -> Iterator[Event]:
    try:
        from workbench.engine.loading import trained_model
        from workbench.engine.train import seed_chance, train

        task, recipe, rows = prepared.task, prepared.recipe, prepared.rows
        for note in prepared.notes:
            yield Notice(text=note, level="warning")
        seed_chance(recipe.training.seed)  # the new head's first weights come from the seed
        model, tokenizer = task.load(recipe, rows, prepared.model)
        goods = task.encode(recipe, rows, model, tokenizer)
    except Exception as error:
        yield Ended(status="failed", problem=explain(error))
        return
    looked_at.append(trained_model(goods, rows))
    yield from train(
        recipe,
        task,
        rows,
        goods,
        control,
        folder=prepared.folder.path if prepared.writes else None,
        checkpoint=prepared.checkpoint,
        card=model_card(recipe, rows),
    )


def _report(prepared: Prepared, ended: Ended, looked_at: list[LoadedModel]) -> None:
    """Write the report and its pictures; that they cannot be written is no reason to lose the run."""
    if not ended.step or not looked_at:
        return
    from workbench.engine.attention import attention_maps
    from workbench.session.report import write_report

    try:
        maps = None
        sample = prepared.task.sample_text(prepared.rows)
        if sample and ended.status != "failed":  # after a failure the weights in memory may be anything
            with contextlib.suppress(WorkbenchError):  # a model without readable attention has no picture
                maps = attention_maps(looked_at[0], sample, max_tokens=24)
        write_report(prepared.folder, attention=maps)
    except Exception:
        logging.getLogger(__name__).exception("the report of %s could not be written", prepared.folder.name)


def _environment(prepared: Prepared, started: Started) -> dict[str, Any]:
    return {
        "workbench": workbench.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": installed_versions(),
        "device": started.device,
        "precision": started.precision,
        "seed": prepared.recipe.training.seed,
        "data_fingerprint": prepared.rows.fingerprint,
        "model": prepared.recipe.model.source,
    }


def installed_versions() -> dict[str, str]:
    """The versions of the packages that make up the numbers of a run."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def rename(folder: RunFolder, title: str) -> RunFolder:
    """Give the run another title; its folder keeps its name."""
    recipe = folder.recipe()
    renamed = Recipe.model_validate(recipe.model_dump() | {"name": title.strip()[:80]})
    write_whole(folder.recipe_file, recipe_toml(renamed))
    return folder


def trash(folder: RunFolder) -> RunFolder:
    """Move the run to the system's trash.

    Raises:
        WorkbenchError: When it is in work, or the system has no trash for it.
    """
    if folder.is_alive():
        raise bad_input(f"The run {folder.name} is in work.", "", "Stop it first.")
    from send2trash import TrashPermissionError, send2trash

    try:
        send2trash(str(folder.path))
    except (TrashPermissionError, OSError) as error:
        raise bad_input(
            f"The run {folder.name} could not be moved to the trash.",
            f"The system says: {error}.",
            f"Delete the folder {folder.path} by hand.",
        ) from error
    return folder
