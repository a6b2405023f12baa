"""`workbench rates`: which learning rate a recipe wants, from a short trial."""

from __future__ import annotations

import argparse
import dataclasses

from workbench.cli.asked import add_download_argument, add_recipe_arguments, asked_length
from workbench.run.problem import bad_input
from workbench.run.rates import RateCurve, RatePoint

NAME = "rates"
HELP = "try rising learning rates for a recipe and suggest one"

#: Lines of the printed curve, and how wide the bar of the largest shown loss is.
LINES, WIDTH = 25, 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_recipe_arguments(parser)
    parser.add_argument("--steps", default="100", metavar="N", help="how many steps to try at most (100)")
    add_download_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Try; returns the exit code."""
    from workbench.cli.asked import asked_recipe, get_model_ready
    from workbench.session import trials
    from workbench.session.lanes import lone_desk

    steps = asked_length(args.steps)
    if steps < 2:
        raise bad_input("One step shows nothing.", "", "Give --steps a number of at least 2.")
    recipe = asked_recipe(args.what, args.set, args.name)
    get_model_ready(args, recipe.model.source)
    console = args.console

    def hear(value: str | RatePoint) -> None:
        if isinstance(value, RatePoint):
            value = f"step {value.step} of {steps}: rate {value.rate:.1e}, loss {value.loss:.3f}"
        console.hear(value)

    curve = trials.find_rate(args.home, recipe, lone_desk(hear), steps=steps)
    console.answer(
        {
            "suggested": curve.suggested,
            "points": [dataclasses.asdict(point) for point in curve.points],
            "problem": None,
        }
    )
    for line in _drawn(curve):
        console.result(line)
    if curve.suggested is None:
        console.result("\nThe losses show no rate at which this recipe learns best; try more steps.")
    else:
        console.result(f"\nSuggested: --set training.learning_rate={curve.suggested:g}")
    return 0


def _drawn(curve: RateCurve) -> list[str]:
    """The smoothed losses as bars over their rates; those above twice the first one are cut there."""
    if not curve.points:
        return []
    every = max(1, -(-len(curve.points) // LINES))
    shown = curve.points[::every]
    most = min(max(p.smoothed for p in shown), 2 * curve.points[0].smoothed) or 1.0
    return [
        f"{p.rate:9.1e}  {p.smoothed:8.4f}  {'█' * max(0, round(WIDTH * min(p.smoothed / most, 1)))}"
        for p in shown
    ]
