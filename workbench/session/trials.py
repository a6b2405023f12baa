"""Trials on a model that is thrown away: which learning rate a recipe wants."""

from __future__ import annotations

from workbench.run.home import Home
from workbench.run.rates import RateCurve, RatePoint, suggested
from workbench.run.recipe import Recipe
from workbench.session import training
from workbench.session.lanes import Desk


def find_rate(home: Home, recipe: Recipe, desk: Desk, *, steps: int = 100) -> RateCurve:
    """Try rising learning rates in real steps of the recipe; nothing is written.

    Reports texts on the way, and each `RatePoint` as it comes.

    Raises:
        WorkbenchError: With every complaint about the recipe.
    """
    from workbench.engine.rate_finder import find_rate as search

    desk.report("reading the data")
    prepared = training.begin(home, recipe, make_folder=False)
    desk.check()
    desk.report("loading the model")
    goods = training.load_goods(prepared)
    points: list[RatePoint] = []
    for point in search(
        prepared.recipe,
        prepared.task,
        prepared.rows,
        goods,
        desk.check,
        steps=steps,
        resolve=prepared.resolve,
    ):
        points.append(point)
        desk.report(point)
    return RateCurve(tuple(points), suggested(points))
