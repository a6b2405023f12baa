"""From a recipe to a run folder full of events: beginning, carrying out and resuming runs."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import logging
import os
import platform
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import workbench
from workbench.run.events import Changed, Ended, Event, Notice, Paused, Started, WentOn
from workbench.run.files import write_whole
from workbench.run.folder import RunFolder, make_run
from workbench.run.home import Home
from workbench.run.journal import Journal
from workbench.run.offers import STOP, Answer, Offer
from workbench.run.orders import Order
from workbench.run.preflight import Preflight
from workbench.run.problem import CutOffError, Problem, WorkbenchError, bad_input, explain
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed, recipe_toml
from workbench.session.cards import model_card

if TYPE_CHECKING:
    from workbench.engine.loading import LoadedModel
    from workbench.engine.task import Goods, Rows, Task
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

    @property
    def paused(self) -> bool:
        """Nobody pauses it."""
        return False

    @property
    def releases(self) -> bool:
        """Nothing to give back."""
        return False

    def orders(self) -> Sequence[Order]:
        """Nobody orders anything."""
        return ()

    def serve(self, live: object) -> None:
        """Nothing to serve."""

    def between_steps(self, live: object) -> None:
        """Nothing to serve, nothing to wait for."""

    def hold(self, problem: Problem, offers: Sequence[Offer], live: object | None) -> Answer:
        """Nobody is there to decide: the run ends."""
        return STOP


class TakesFirstOffer(Control):
    """Takes the first offer that changes something, a few times; it never waits for a person."""

    def __init__(self, times: int = 4) -> None:
        super().__init__()
        self._left = times

    def hold(self, problem: Problem, offers: Sequence[Offer], live: object | None) -> Answer:
        """The first offer with changes, or the end of the run."""
        self._left -= 1
        changes = next((offer.changes for offer in offers if offer.changes), ())
        return Answer("retry", changes) if changes and self._left >= 0 else STOP


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
        whole = self.checkpoint / "model" if self.checkpoint else None
        return whole if whole and whole.is_dir() else self.resolve(self.recipe.model.source)


def is_main_process() -> bool:
    """Whether this process writes: always, but under torchrun, where only rank 0 does."""
    return os.environ.get("RANK", "0") == "0"


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
    problems += schedule_problems(recipe.training)
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
        problems += sharding_problems(recipe)
        attempt("rows", lambda: task.read(recipe))
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
    return Prepared(folder, recipe, found["task"], found["rows"], home, writes=is_main_process())


def _misfit(task: Task, place: Any) -> list[Problem]:
    if place.needs_conversion:
        return _not_converted(place)
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
    recipe = folder.recipe()
    if not folder.is_alive():
        mend_checkpoints(folder.checkpoints)
    checkpoint, notes = _where_to_go_on(folder)
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
    home = home or Home(folder.path.parent.parent)
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

    recipe = folder.recipe()
    task = task_named(recipe.task.kind)
    return Prepared(folder, recipe, task, _same_rows(folder, task, recipe), home, writes=is_main_process())


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
    """Train, journal and yield every event; the last one is the only `Ended`. A run that loses one of its processes
    has none: it stays interrupted.

    In a process that does not write (another rank under torchrun) the events are yielded without a journal.
    """
    if not prepared.writes:
        yield from _attempts(prepared, control, [])
        return
    with ExitStack() as stack:
        stack.enter_context(prepared.folder.working())
        journal = stack.enter_context(Journal(prepared.folder.journal_file))
        driver = _Driver(control)
        ended = False
        looked_at: list[LoadedModel] = []
        try:
            for event in _attempts(prepared, driver, looked_at):
                for recorded in _record(prepared, journal, event, driver):
                    if isinstance(recorded, Ended):
                        ended = True
                        _report(prepared, recorded, looked_at)
                    yield recorded
        except CutOffError as error:
            with contextlib.suppress(OSError):
                said = f"{error.problem.title} {error.problem.cause}"
                journal.append(Notice(text=said, level="warning"))
            raise
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

    @property
    def paused(self) -> bool:
        return self._control.paused

    @property
    def releases(self) -> bool:
        return self._control.releases

    def orders(self) -> Sequence[Order]:
        return self._control.orders()

    def serve(self, live: Any) -> None:
        self._control.serve(live)

    def between_steps(self, live: Any) -> None:
        self._control.between_steps(live)

    def hold(self, problem: Problem, offers: Sequence[Offer], live: Any) -> Answer:
        return self._control.hold(problem, offers, live) if self.problem is None else STOP


def _record(prepared: Prepared, journal: Journal, event: Event, driver: _Driver) -> Iterator[Event]:
    """The event as it stands in the journal. While that cannot be written the run waits; when the person gives
    up, the engine is told to stop and save, and the run ends as failed, which is told even though it cannot be
    recorded."""
    if isinstance(event, Ended) and driver.problem:
        event = dataclasses.replace(event, status="failed", problem=driver.problem)
    waited = False
    while True:
        try:
            recorded = journal.append(event)
            if isinstance(recorded, Started):
                prepared.folder.write_environment(_environment(prepared, recorded))
            yield recorded
            if waited:
                yield journal.append(WentOn(step=getattr(event, "step", 0)))
            return
        except OSError as error:
            problem = driver.problem or _unrecorded(prepared, error)
        # Told, though it cannot be recorded.
        offers = (Offer("Try again", "Does the same once more, after you have mended the cause."),)
        if driver.problem is None:
            waited = True
            yield Paused(step=getattr(event, "step", 0), problem=problem, offers=offers)
            if driver.hold(problem, offers, None).what == "retry":
                continue
            driver.problem = problem
        if isinstance(event, Ended):
            event = dataclasses.replace(event, status="failed", problem=problem)
        yield event
        return


def _unrecorded(prepared: Prepared, error: OSError) -> Problem:
    return Problem(
        f"The run {prepared.folder.name} cannot be recorded any more.",
        f"Writing into {prepared.folder.path} failed: {error.strerror or error}.",
        "Free some space or mend the folder's permissions, then try again: the run waits and its last checkpoint is "
        "kept.",
        str(error),
    )


def _attempts(prepared: Prepared, control: EngineControl, looked_at: list[LoadedModel]) -> Iterator[Event]:
    """Train; begin again from the newest whole checkpoint whenever the person chose to change something."""
    from workbench.engine.trouble import Restart

    while True:
        try:
            yield from _attempt(prepared, control, looked_at)
            return
        except Restart as again:
            changes = again.changes
        looked_at.clear()
        gc.collect()  # the model of the failed attempt, before another one is loaded
        try:
            prepared = _changed(prepared, changes)
        except WorkbenchError as error:
            yield Ended(status="failed", problem=error.problem)
            return
        step = int(prepared.checkpoint.name.removeprefix("step-")) if prepared.checkpoint else 0
        for path, value in changes:
            yield Changed(step=step, path=path, value=value)


def _changed(prepared: Prepared, changes: Sequence[tuple[str, float | str | bool]]) -> Prepared:
    """The run with changed recipe fields, from its newest whole checkpoint, or else from its beginning."""
    from workbench.engine.checkpoints import newest_good

    recipe = prepared.recipe
    for path, value in changes:
        recipe = changed(recipe, path, value)
    if prepared.writes and changes:
        write_whole(prepared.folder.recipe_file, recipe_toml(recipe))
    saved = prepared.folder.checkpoint_folders()
    checkpoint, notes = newest_good(saved) if saved else (None, [])
    return dataclasses.replace(prepared, recipe=recipe, checkpoint=checkpoint, notes=tuple(notes))


def _attempt(prepared: Prepared, control: EngineControl, looked_at: list[LoadedModel]) -> Iterator[Event]:
    """Load, check that the run fits, and train, once."""
    from workbench.engine.loading import trained_model
    from workbench.engine.train import train
    from workbench.engine.trouble import Restart

    try:
        for note in prepared.notes:
            yield Notice(text=note, level="warning")
        if prepared.checkpoint is None and not prepared.fits and alone():
            prepared = yield from _fitted(prepared, control)
        goods = load_goods(prepared)
        goods = dataclasses.replace(goods, notes=(*goods.notes, *prepared.remarks))
    except Restart:
        raise
    except Exception as error:
        yield Ended(status="failed", problem=explain(error))
        return
    looked_at.append(trained_model(goods, prepared.rows))
    yield from train(
        prepared.recipe,
        prepared.task,
        prepared.rows,
        goods,
        control,
        folder=prepared.folder.path if prepared.writes else None,
        checkpoint=prepared.checkpoint,
        card=model_card(prepared.recipe, prepared.rows),
        resolve=prepared.resolve,
        seconds=prepared.seconds,
    )


def alone() -> bool:
    """Whether this process trains by itself, not as one of several under torchrun."""
    return os.environ.get("WORLD_SIZE", "1") == "1"


def load_goods(prepared: Prepared) -> Goods:
    """Model, tokenizer and encoded rows; a new head's first weights come from the seed."""
    from workbench.engine.assembly import seed_chance

    seed_chance(prepared.recipe.training.seed)
    model, tokenizer = prepared.task.load(prepared.recipe, prepared.rows, prepared.model)
    return prepared.task.encode(prepared.recipe, prepared.rows, model, tokenizer)


def look_ahead(
    prepared: Prepared,
    *,
    watts: float = 0.0,
    price: float = 0.0,
    check: Callable[[], object] = lambda: None,
) -> Preflight:
    """A few real steps on a model that is thrown away; needs a prepared run, and writes nothing."""
    from workbench.engine.preflight import preflight

    where = next(p for p in (prepared.home.runs, *prepared.home.runs.parents) if p.is_dir())
    return preflight(
        prepared.recipe,
        prepared.task,
        prepared.rows,
        load_goods(prepared),
        where,
        resolve=prepared.resolve,
        check=check,
        watts=watts,
        price=price,
    )


def _fitted(prepared: Prepared, control: EngineControl) -> Generator[Event, None, Prepared]:
    """Check that the run fits, and remark what it will take; where it does not fit, wait for a decision."""
    from workbench.engine.trouble import Restart, offers_for, out_of_memory, training_problem

    problem: Problem | None = None
    offers: tuple[Offer, ...] = ()
    try:
        found = look_ahead(prepared)
        problem, offers = found.problem, found.offers
    except Exception as error:
        if not out_of_memory(error):
            raise
        problem, offers = training_problem(error), offers_for(error, prepared.recipe)
    if problem is not None:
        yield Paused(step=0, problem=problem, offers=offers)
        answer = control.hold(problem, offers, None)
        if answer.what == "stop":
            raise WorkbenchError(problem, usage=False)
        yield WentOn(step=0)
        if answer.changes:
            raise Restart(answer.changes)
        return prepared  # tried all the same
    prepared = dataclasses.replace(
        prepared, fits=True, seconds=found.training_seconds, remarks=(forecast_in_words(found),)
    )
    if prepared.recipe.training.accumulation:
        return prepared
    recipe = changed(prepared.recipe, "training.accumulation", found.accumulation)
    if prepared.writes:
        write_whole(prepared.folder.recipe_file, recipe_toml(recipe))
    split = f"Each batch is worked through in {found.accumulation} parts, the fewest that fit."
    return dataclasses.replace(prepared, recipe=recipe, remarks=(*prepared.remarks, split))


def forecast_in_words(found: Preflight) -> str:
    """A check before the start, in one sentence."""
    peak, room = found.memory_peak / 1e9, found.memory_total / 1e9
    minutes = found.seconds / 60
    time = f"{minutes:.0f} minutes" if minutes >= 1.5 else f"{max(1, round(found.seconds))} seconds"
    return f"The run fits: about {peak:.1f} of {room:.1f} GB of memory, and about {time}."


def _report(prepared: Prepared, ended: Ended, looked_at: list[LoadedModel]) -> None:
    """Write the report and its pictures; that they cannot be written is no reason to lose the run."""
    if not ended.step or not looked_at:
        return
    from workbench.engine.attention import attention_maps
    from workbench.engine.sharing import sharding_wanted
    from workbench.session.report import write_report

    try:
        maps = None
        sample = prepared.task.sample_text(prepared.rows)
        # After a failure the weights in memory may be anything; a part of a model cannot look alone.
        if sample and ended.status != "failed" and not sharding_wanted():
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
