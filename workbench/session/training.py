"""From a recipe to a run folder full of events: beginning, carrying out and resuming runs."""

from __future__ import annotations

import contextlib
import dataclasses
import platform
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, cast

import workbench
from workbench.run.events import Changed, Ended, Event, Notice, Paused, Started, WentOn
from workbench.run.files import write_whole
from workbench.run.garbage import collect
from workbench.run.journal import Journal
from workbench.run.offers import STOP, Answer, Offer
from workbench.run.orders import Order
from workbench.run.problem import CutOffError, Problem, WorkbenchError, explain
from workbench.run.recipe_files import changed, recipe_toml
from workbench.session.cards import model_card
from workbench.session.controls import Control, TakesFirstOffer
from workbench.session.held_out_print import HELD_OUT, held_out_print
from workbench.session.preflight import StoppedEarly, fitted, look_ahead
from workbench.session.preparing import Prepared, alone, begin, load_goods, reopen, take_up
from workbench.session.report_looks import Subject, report

if TYPE_CHECKING:
    from workbench.engine.train import Control as EngineControl


#: What a script needs to carry out a run, in one place.
__all__ = [
    "Control",
    "Prepared",
    "TakesFirstOffer",
    "begin",
    "carry_out",
    "installed_versions",
    "load_goods",
    "look_ahead",
    "reopen",
    "take_up",
]
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
        looked_at: list[Subject] = []
        try:
            for event in _attempts(prepared, driver, looked_at):
                for recorded in _record(prepared, journal, event, driver):
                    if isinstance(recorded, Ended):
                        ended = True
                        report(prepared, recorded, looked_at[0] if looked_at else None)
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
            warning = ""
            if isinstance(event, Started):
                environment = _environment(prepared, event)
                warning = _unlike(prepared.folder.environment(), environment)
                prepared.folder.write_environment(environment)
            yield journal.append(event)
            if warning:
                yield journal.append(Notice(text=warning, level="warning"))
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


def _unlike(before: dict[str, Any], now: dict[str, Any]) -> str:
    """What is different from the environment in which the run began, and may change the last bits; or nothing."""
    changed = [
        f"{name}: {before[name]}, now {now[name]}"
        for name in ("device", "precision")
        if before.get(name, now[name]) != now[name]
    ]
    packages = before.get("packages", now["packages"])
    changed += [
        f"{name} {packages[name]}, now {version}"
        for name, version in now["packages"].items()
        if name in ("torch", "transformers") and packages.get(name, version) != version
    ]
    if not changed:
        return ""
    return f"The run began elsewhere ({'; '.join(changed)}): it goes on, but not equal to the bit."


def _unrecorded(prepared: Prepared, error: OSError) -> Problem:
    return Problem(
        f"The run {prepared.folder.name} cannot be recorded any more.",
        f"Writing into {prepared.folder.path} failed: {error.strerror or error}.",
        "Free some space or mend the folder's permissions, then try again: the run waits and its last checkpoint is "
        "kept.",
        str(error),
    )


def _attempts(prepared: Prepared, control: EngineControl, looked_at: list[Subject]) -> Iterator[Event]:
    """Train; begin again from the newest whole checkpoint whenever the person chose to change something."""
    from workbench.engine.trouble import Restart

    stop_at_epoch = False
    while True:
        try:
            try:
                if prepared.checkpoint is None and not prepared.fits and alone():
                    prepared = yield from fitted(prepared, control)
            except StoppedEarly:
                yield Ended(status="stopped")
                return
            except Exception as error:
                if isinstance(error, Restart):
                    raise
                yield Ended(status="failed", problem=explain(error))
                return
            yield from _attempt(prepared, control, looked_at, stop_at_epoch)
            return
        except Restart as again:
            changes, stop_at_epoch = again.changes, again.stop_at_epoch
        looked_at.clear()
        collect()  # the model of the failed attempt, before another one is loaded
        try:
            prepared = _changed(prepared, changes)
        except (WorkbenchError, OSError) as error:
            yield Ended(status="failed", problem=explain(error))
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


def _attempt(
    prepared: Prepared, control: EngineControl, looked_at: list[Subject], stop_at_epoch: bool
) -> Iterator[Event]:
    """Load and train, once."""
    from workbench.engine.devices import choose_device
    from workbench.engine.energy import measuring_energy
    from workbench.engine.loading import trained_model
    from workbench.engine.train import train

    try:
        for note in prepared.notes:
            yield Notice(text=note, level="warning")
        goods = load_goods(prepared)
        goods = dataclasses.replace(goods, notes=(*goods.notes, *prepared.remarks))
    except Exception as error:
        yield Ended(status="failed", problem=explain(error))
        return
    looked_at.append(Subject(trained_model(goods, prepared.rows), goods.validation))
    folder = prepared.folder.path if prepared.writes else None
    events = train(
        prepared.recipe,
        prepared.task,
        prepared.rows,
        goods,
        control,
        folder=folder,
        checkpoint=prepared.checkpoint,
        card=model_card(prepared.recipe, prepared.rows),
        resolve=prepared.resolve,
        seconds=prepared.seconds,
        stop_at_epoch=stop_at_epoch,
    )
    device = choose_device(prepared.recipe.training.device)
    with (
        measuring_energy(folder, device) as end_measuring,
        contextlib.closing(cast("Generator[Event]", events)),
    ):
        for event in events:
            if isinstance(event, Ended):
                end_measuring()  # the report, which is written next, tells of it
            yield event


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
        HELD_OUT: held_out_print(prepared.rows),
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
