"""`workbench learning-curve`: learns from more and more rows, and says what twice as many would bring."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from workbench.cli.asked import add_download_argument, add_recipe_arguments
from workbench.cli.commands.cross_validate import add_series_arguments
from workbench.cli.tables import table

if TYPE_CHECKING:
    from workbench.run.learning_curve import LearningCurve
    from workbench.run.power_law import Predicted

NAME = "learning-curve"
HELP = "learn from 10, 25, 50 and 100 percent of the rows, and say what twice as many would bring"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_recipe_arguments(parser)
    parser.add_argument(
        "--shares", default="0.1,0.25,0.5,1", metavar="A,B,…", help="the shares of the rows (0.1,0.25,0.5,1)"
    )
    parser.add_argument(
        "--same-epochs",
        action="store_true",
        help="learn from a smaller share for a shorter time; quicker, but it makes more rows look better than they are",
    )
    add_series_arguments(parser)
    add_download_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Do a learning curve, or show one; returns the exit code."""
    from workbench.cli.asked import asked_recipe, get_model_ready
    from workbench.cli.follow import stopping
    from workbench.cli.series import SeriesView
    from workbench.run.learning_curve import LearningCurve
    from workbench.session.controls import Control
    from workbench.session.lanes import lone_desk
    from workbench.session.learning_curves import (
        LearningCurveRequest,
        learning_curve,
        read_learning_curve,
    )

    if args.show:
        return _conclude(args, read_learning_curve(args.home, args.show))
    shares = _shares(args.shares)
    recipe = None if args.resume else asked_recipe(args.what, args.set)
    if recipe is not None:
        get_model_ready(args, recipe.model.source)
    name = args.resume or args.name or ""
    request = LearningCurveRequest(recipe, name, shares, not args.same_epochs, args.keep, args.apart)
    control = Control()

    def told(found: LearningCurve) -> None:
        if found.points:
            point = found.points[-1]
            score = (
                point.problem
                or f"{found.metric.replace('_', ' ')} {point.metrics.get(found.metric, 0.0):.4g}"
            )
            args.console.say(f"{point.rows} rows ({point.share:.0%}): {score}")

    with stopping(control, args.console):
        desk = lone_desk(SeriesView(args.console, "run", LearningCurve, told).hear)
        found = learning_curve(args.home, request, desk, control)
    return _conclude(args, found)


def _shares(text: str) -> tuple[float, ...]:
    from workbench.run.problem import bad_input

    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise bad_input(f"{text!r} are no shares.", "", "Give such as 0.1,0.25,0.5,1.") from None


def _conclude(args: argparse.Namespace, found: LearningCurve) -> int:
    console = args.console
    console.answer(_as_plain(found))
    names = list(dict.fromkeys(name for point in found.points for name in point.metrics))
    rows = [
        (f"{point.share:.0%}", str(point.rows), *(f"{point.metrics[name]:.4f}" for name in names), point.run)
        for point in found.points
        if point.metrics
    ]
    if rows:
        console.result(table(("share", "rows", *(name.replace("_", " ") for name in names), "run"), rows))
    console.result(" ".join(part for part in (found.words, found.over) if part))
    if found.over:
        console.result(f"Go on with: workbench {NAME} --resume {found.name}")
    return 0 if rows else 1


def _as_plain(found: LearningCurve) -> dict[str, Any]:
    outlook = found.outlook()
    return {
        "name": found.name,
        "metric": found.metric,
        "points": [
            {
                "share": point.share,
                "rows": point.rows,
                "run": point.run or None,
                "metrics": dict(point.metrics),
                "problem": point.problem or None,
            }
            for point in found.points
        ],
        "outlook": {
            "now": _predicted(outlook.now),
            "twice": _predicted(outlook.then),
            "error_less": _predicted(outlook.gain),
        }
        if outlook
        else None,
        "words": found.words,
        "over": found.over,
        "problem": None,
    }


def _predicted(value: Predicted) -> dict[str, float]:
    return {"rows": value.rows, "value": value.value, "low": value.low, "high": value.high}
