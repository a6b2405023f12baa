"""The check before the start: complaints about the recipe, then a few real steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from workbench.run.events import Event, Paused, WentOn
from workbench.run.files import write_whole
from workbench.run.home import Home
from workbench.run.offers import Offer
from workbench.run.preflight import Preflight
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed, recipe_toml

if TYPE_CHECKING:
    from workbench.engine.train import Control as EngineControl

from workbench.session.lanes import Desk
from workbench.session.preparing import Prepared, begin, load_goods


class StoppedEarly(Exception):  # noqa: N818 - it is no error
    """The person stopped the run before its first step."""


def check(home: Home, recipe: Recipe, desk: Desk, *, watts: float = 0.0, price: float = 0.0) -> Preflight:
    """Whether a run of the recipe would fit, and how long it would take; nothing is written.

    Raises:
        WorkbenchError: With every complaint about the recipe.
    """
    desk.report("reading the data")
    prepared = begin(home, recipe, make_folder=False)
    desk.check()
    desk.report("trying the longest batch")
    return look_ahead(prepared, watts=watts, price=price, check=desk.check)


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


def fitted(prepared: Prepared, control: EngineControl) -> Generator[Event, None, Prepared]:
    """Check that the run fits, and remark what it will take; where it does not fit, wait for a decision."""
    from workbench.engine.trouble import Restart, offers_for, out_of_memory, training_problem

    problem: Problem | None = None
    offers: tuple[Offer, ...] = ()

    def check() -> None:
        if control.stopping:
            raise StoppedEarly

    try:
        found = look_ahead(prepared, check=check)
        problem, offers = found.problem, found.offers
    except Exception as error:
        if not out_of_memory(error):
            raise
        problem, offers = training_problem(error), offers_for(error, prepared.recipe)
    if problem is not None:
        yield Paused(step=0, problem=problem, offers=offers)
        answer = control.hold(problem, offers, None)
        if answer.what == "stop":
            raise StoppedEarly if control.stopping else WorkbenchError(problem, usage=False)
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
