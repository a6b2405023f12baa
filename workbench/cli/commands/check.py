"""`workbench check`: whether a run fits and how long it takes, before it starts."""

from __future__ import annotations

import argparse

from workbench.cli.asked import add_download_argument, add_recipe_arguments

NAME = "check"
HELP = "say whether a run fits and how long it will take, from a few real steps; nothing is written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_recipe_arguments(parser)
    add_download_argument(parser)
    parser.add_argument("--watts", type=float, default=0.0, help="the machine's power, to estimate energy")
    parser.add_argument("--price", type=float, default=0.0, help="the price of a kilowatt-hour")


def run(args: argparse.Namespace) -> int:
    """Check; returns 0 when the run fits, 1 when it does not."""
    from workbench.cli.asked import asked_recipe, get_model_ready
    from workbench.cli.console import problem_as_plain
    from workbench.cli.forecast import as_plain, in_words
    from workbench.session import preflight
    from workbench.session.lanes import lone_desk

    recipe = asked_recipe(args.what, args.set, args.name)
    get_model_ready(args, recipe.model.source)
    found = preflight.check(
        args.home, recipe, lone_desk(args.console.hear), watts=args.watts, price=args.price
    )
    args.console.answer(as_plain(found) | {"problem": problem_as_plain(found.problem)})
    for line in in_words(found):
        args.console.result(line)
    if found.problem:
        args.console.problems((found.problem,))
    for offer in found.offers:
        flags = " ".join(f"--set {path}={value}" for path, value in offer.changes)
        args.console.result(f"  {offer.title}: {offer.help}\n    {flags}")
    return 0 if found.fits else 1
