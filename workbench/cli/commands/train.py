"""`workbench train`: fine-tune a model as a recipe says."""

from __future__ import annotations

import argparse

from workbench.cli.asked import add_download_argument, add_recipe_arguments

NAME = "train"
HELP = "fine-tune a model on a data set, as a recipe says"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_recipe_arguments(parser)
    add_download_argument(parser)
    parser.add_argument(
        "--fit",
        action="store_true",
        help="when the run does not fit or gets into trouble, take the first way out that is offered",
    )


def run(args: argparse.Namespace) -> int:
    """Train; returns the exit code."""
    from workbench.cli.asked import asked_recipe, get_model_ready
    from workbench.cli.follow import conclude, follow
    from workbench.session import training

    recipe = asked_recipe(args.what, args.set, args.name)
    get_model_ready(args, recipe.model.source)
    args.console.progress.show(f"getting {recipe.model.source} and {recipe.data.train} ready")
    prepared = training.begin(args.home, recipe)
    control = training.TakesFirstOffer() if args.fit else training.Control()
    return conclude(prepared.folder, follow(prepared, args.console, control), args.console)
