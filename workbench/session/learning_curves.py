"""A learning curve: runs that learn from more and more of the same rows, measured on the same held-out ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.learning_curve import CurvePoint, LearningCurve
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.run.series import PartOf, load_plan, new_name, runs_of, save_plan, with_values
from workbench.run.sources import stem_of
from workbench.session.controls import Control
from workbench.session.lanes import Desk
from workbench.session.series import Came, Series, all_of, let_go, working_on

if TYPE_CHECKING:
    from workbench.engine.train import Control as EngineControl

_KIND: Literal["learning-curve"] = "learning-curve"
SHARES = (0.1, 0.25, 0.5, 1.0)
_MOST_EPOCHS = 1000.0


@dataclass(frozen=True, slots=True)
class LearningCurveRequest:
    """Begin a learning curve, or go on with one.

    Attributes:
        recipe: What is followed; None goes on with the one of this name.
        name: What it is called; empty for a name made from the recipe.
        shares: The shares of the training rows to learn from; each is a part of the next.
        same_steps: Whether every run has as many steps as the one with all rows. Without, a small share is also learned
            from for a shorter time, which makes more rows look better than they are.
        keep: What each run keeps: its "model", "all" with its checkpoints, or only curves and scores ("none").
        apart: Whether each run trains in a process of its own.
    """

    recipe: Recipe | None = None
    name: str = ""
    shares: tuple[float, ...] = SHARES
    same_steps: bool = True
    keep: Literal["model", "all", "none"] = "model"
    apart: bool = False


def learning_curve(
    home: Home, request: LearningCurveRequest, desk: Desk, control: EngineControl | None = None
) -> LearningCurve:
    """Do the runs for all shares, or go on with them.

    Reports a `LearningCurve` after each run, and a `SeriesEvent` for each event of a run.

    Raises:
        WorkbenchError: With every complaint about the recipe and the shares.
    """
    name, recipe, shares, same_steps = _planned(home, request)
    planned = [
        (
            PartOf(_KIND, name, i, {"data.learn_share": share}),
            _recipe(recipe, share, same_steps, f"{name[:70]} · {i}"),
        )
        for i, share in enumerate(shares, 1)
    ]
    if not runs_of(home, name):
        from workbench.session import training

        desk.report("looking at the recipe")
        training.begin(home, planned[0][1], make_folder=False)
    with working_on(home, name):
        save_plan(home, name, _KIND, recipe, {"shares": list(shares), "same_steps": same_steps})
        series = Series(home, name, desk, control or Control(), request.apart, len(shares))

        def told(part: PartOf, came: Came) -> None:
            if came.folder is not None and came.problem is None:
                let_go(came.folder, request.keep)
            desk.report(read_learning_curve(home, name))

        over = all_of(series, planned, told)
        return replace(read_learning_curve(home, name), over=over)


def read_learning_curve(home: Home, name: str) -> LearningCurve:
    """A learning curve as it stands.

    Raises:
        WorkbenchError: When there is no such one.
    """
    recipe, table = load_plan(home, name, _KIND)
    shares = tuple(float(share) for share in table["shares"])
    runs = {i: folder for i, folder in runs_of(home, name).items() if i <= len(shares)}
    points = tuple(_point(shares[i - 1], folder) for i, folder in sorted(runs.items()))
    metric, highest = next((found for found in map(_metric, runs.values()) if found[0]), ("", True))
    ended = tuple(point for point in points if point.metrics or point.problem)
    return LearningCurve(name, recipe, shares, bool(table["same_steps"]), ended, metric, highest)


def _planned(home: Home, request: LearningCurveRequest) -> tuple[str, Recipe, tuple[float, ...], bool]:
    if request.recipe is None:
        recipe, table = load_plan(home, request.name, _KIND)
        return request.name, recipe, tuple(map(float, table["shares"])), bool(table["same_steps"])
    shares = tuple(sorted(set(request.shares)))
    if len(shares) < 3 or shares[0] <= 0 or shares[-1] > 1:
        raise bad_input(
            "A learning curve needs three or more shares between 0 and 1.",
            f"Given were {', '.join(f'{share:g}' for share in request.shares) or 'none'}.",
            "Give such as 0.1,0.25,0.5,1.",
            field="shares",
        )
    title = request.recipe.name or stem_of(request.recipe.data.train)
    return request.name or new_name(home, title, _KIND), request.recipe, shares, request.same_steps


def _recipe(recipe: Recipe, share: float, same_steps: bool, name: str) -> Recipe:
    part = share * recipe.data.learn_share
    epochs = recipe.training.epochs / share if same_steps else recipe.training.epochs
    return with_values(
        recipe, {"data.learn_share": part, "training.epochs": min(epochs, _MOST_EPOCHS), "name": name}
    )


def _point(share: float, folder: RunFolder) -> CurvePoint:
    history = folder.history()
    started, ended = history.started, history.ended
    metrics: dict[str, float] = {}
    if ended and ended.status == "finished":
        measured = history.best_evaluation or history.last_evaluation
        metrics = dict(ended.metrics or (measured.metrics if measured else {}))
    return CurvePoint(
        share,
        started.train_rows if started else 0,
        folder.name,
        metrics,
        started.validation_rows if started else 0,
        ended.problem.title if ended and ended.problem else "",
    )


def _metric(folder: RunFolder) -> tuple[str, bool]:
    started = folder.history().started
    return (started.best_metric, started.best_is_highest) if started else ("", True)
