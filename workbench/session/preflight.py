"""The check before the start: complaints about the recipe, then a few real steps."""

from __future__ import annotations

from workbench.run.home import Home
from workbench.run.preflight import Preflight
from workbench.run.recipe import Recipe
from workbench.session import training
from workbench.session.lanes import Desk


def check(home: Home, recipe: Recipe, desk: Desk, *, watts: float = 0.0, price: float = 0.0) -> Preflight:
    """Whether a run of the recipe would fit, and how long it would take; nothing is written.

    Raises:
        WorkbenchError: With every complaint about the recipe.
    """
    desk.report("reading the data")
    prepared = training.begin(home, recipe, make_folder=False)
    desk.check()
    desk.report("trying the longest batch")
    return training.look_ahead(prepared, watts=watts, price=price, check=desk.check)
