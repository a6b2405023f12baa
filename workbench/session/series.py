"""Carries out the runs of a series one after the other: each a run folder of its own, whose errors end only itself."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from workbench.run.events import Event
from workbench.run.folder import RunFolder
from workbench.run.garbage import collect
from workbench.run.history import History
from workbench.run.home import Home
from workbench.run.lock import Lock
from workbench.run.offers import STOP, Answer, Offer
from workbench.run.orders import Order
from workbench.run.problem import Problem, bad_input, explain
from workbench.run.recipe import Recipe
from workbench.run.run_notes import notes_of
from workbench.run.series import PartOf, SeriesEvent, runs_of, series_folder, write_part
from workbench.session.lanes import Desk, JobCancelled

if TYPE_CHECKING:
    from workbench.engine.train import Control as EngineControl
    from workbench.session.training import Prepared

#: What may be changed when a run does not fit into memory: the result stays the same.
_HARMLESS = frozenset({"training.accumulation", "training.gradient_checkpointing"})
_TRIES = 4

#: Told of each event of a run; True ends the run after its present step.
Hears = Callable[[Event, History], bool]


@dataclass(frozen=True, slots=True)
class Came:
    """How one run of a series came out. `stopped` says that somebody outside ended it, so that it can go on."""

    folder: RunFolder | None
    history: History
    problem: Problem | None = None
    stopped: bool = False


class OneRun:
    """The control of one run: what the person does, and the series' own reasons to end it."""

    def __init__(self, outer: EngineControl, desk: Desk) -> None:
        self._outer, self._desk = outer, desk
        self._tries = _TRIES
        #: Whether the series has seen enough of this run.
        self.enough = False

    @property
    def interrupted(self) -> bool:
        """Whether the person wants the series to end now."""
        return self._desk.hurried or self._outer.stopping

    @property
    def stopping(self) -> bool:
        """Whether the run is to end after the present step."""
        return self.enough or self.interrupted

    @property
    def paused(self) -> bool:
        """Whether the person wants a pause."""
        return self._outer.paused and not self.stopping

    @property
    def releases(self) -> bool:
        """Whether a GPU's memory is given back meanwhile."""
        return self._outer.releases

    def orders(self) -> Sequence[Order]:
        """Nothing is ordered of a single run: all runs of a series are made alike."""
        self._outer.orders()  # or a paused run would not come to rest
        return ()

    def serve(self, live: Any) -> None:
        """Answer questions to models."""
        self._outer.serve(live)

    def between_steps(self, live: Any) -> None:
        """Serve questions, and wait while paused."""
        self._outer.between_steps(live)

    def hold(self, problem: Problem, offers: Sequence[Offer], live: Any) -> Answer:
        """Take a way out that leaves the result as it is; otherwise this run ends, and the series goes on."""
        self._tries -= 1
        for offer in offers:
            if offer.changes and {path for path, _ in offer.changes} <= _HARMLESS and self._tries >= 0:
                return Answer("retry", offer.changes)
        return STOP


@dataclass(frozen=True, slots=True)
class Series:
    """What the runs of a series share.

    Attributes:
        home: Where they lie.
        name: What the series is called.
        desk: Hears `SeriesEvent`s and texts.
        control: What the person does meanwhile.
        apart: Whether each run trains in a process of its own, whose crash leaves the series alive.
        of: How many runs there will be; 0 where nobody knows.
    """

    home: Home
    name: str
    desk: Desk
    control: EngineControl
    apart: bool = False
    of: int = 0

    def begin(self, recipe: Recipe, part: PartOf, hears: Hears, begun: Callable[[RunFolder], object]) -> Came:
        """Do a new run; `begun` is told its folder before the first step. Complaints become its problem."""
        from workbench.session import training

        try:
            prepared = training.begin(self.home, recipe)
        except Exception as error:  # whatever it is, it ends this run alone
            return Came(None, History(), explain(error))
        write_part(prepared.folder, part)
        begun(prepared.folder)
        return self._follow(prepared, part, hears)

    def go_on(self, folder: RunFolder, part: PartOf, hears: Hears) -> Came:
        """Go on with a run that was cut off, or say how it came out where it had ended."""
        from workbench.session import training

        history = folder.history()
        if history.ended and history.ended.status in ("finished", "failed"):
            return Came(folder, history, history.ended.problem)
        try:
            prepared = training.reopen(folder, self.home)
        except Exception as error:
            return Came(folder, history, explain(error))
        return self._follow(prepared, part, hears)

    def _follow(self, prepared: Prepared, part: PartOf, hears: Hears) -> Came:
        from workbench.session import apart, training

        control = OneRun(self.control, self.desk)
        carry_out = apart.carry_out if self.apart else training.carry_out
        history = prepared.folder.history()
        history.ended = None
        events = cast("Generator[Event]", carry_out(prepared, control))
        try:
            with contextlib.closing(events):
                for event in events:
                    history.fold((event,))
                    self.desk.report(SeriesEvent(part.number, self.of, prepared.folder.name, event))
                    if hears(event, history):
                        control.enough = True
        except JobCancelled:
            raise
        except Exception as error:
            return Came(prepared.folder, history, explain(error))
        finally:
            collect()  # the model of this run, before the next one is loaded
        return _came(prepared.folder, history, enough=control.enough)


def _came(folder: RunFolder, history: History, *, enough: bool) -> Came:
    ended = history.ended
    stopped = ended is not None and ended.status == "stopped" and not enough
    return Came(folder, history, ended.problem if ended else None, stopped)


def all_of(
    series: Series, planned: Sequence[tuple[PartOf, Recipe]], told: Callable[[PartOf, Came], object]
) -> str:
    """Do the planned runs one after the other; those that are done already are only read, and those that were cut off
    go on. A run that failed before is tried again.

    Args:
        series: What they share.
        planned: What each run is, and its recipe.
        told: Hears how each came out.

    Returns:
        Why the series ends before its time, in words; empty when all were done.
    """
    known = runs_of(series.home, series.name)
    for part, recipe in planned:
        folder = known.get(part.number)
        again = folder is not None and folder.status() not in ("failed", "new")
        if folder is not None and again:
            came = series.go_on(folder, part, _hears_nothing)
        else:
            came = series.begin(recipe, part, _hears_nothing, lambda folder: None)
        if came.stopped:
            return "It was stopped, and can go on."
        told(part, came)
        if series.control.stopping or series.desk.hurried:
            return "" if part is planned[-1][0] else "It was stopped, and can go on."
    return ""


def _hears_nothing(event: Event, history: History) -> bool:
    return False


def let_go(folder: RunFolder, keep: str) -> None:
    """Delete what is not to be kept of a run's weights; those of one with a star stay."""
    if keep == "all" or notes_of(folder).star:
        return
    shutil.rmtree(folder.checkpoints, ignore_errors=True)
    if keep == "none":
        shutil.rmtree(folder.model, ignore_errors=True)


@contextlib.contextmanager
def working_on(home: Home, name: str) -> Iterator[None]:
    """Hold a series while working on it.

    Raises:
        WorkbenchError: When another living process works on it.
    """
    folder = home.make(series_folder(home, name))
    try:
        with Lock(folder / "series.lock").held():
            yield
    except FileExistsError:
        raise bad_input(
            f"The series {name} is being worked on already.",
            "Another window or command goes on with it.",
            "Wait until it ends, or stop it there.",
        ) from None
