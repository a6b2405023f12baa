"""`workbench again`: go on from a run's model with corrected data, and hold out the same rows."""

from __future__ import annotations

import argparse

NAME = "again"
HELP = "train a run's model again on its corrected data, with the same rows held out"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", metavar="RUN", help="a run's name, a part of it, or its folder")
    parser.add_argument(
        "--edits",
        default="",
        metavar="FILE.jsonl",
        help="the edits by hand, as workbench suspects --fix-file writes them (else the newest that the Data page kept "
        "for this data)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="change a field of the recipe, such as training.epochs=1; may be given many times",
    )
    parser.add_argument("--recipe", default="", metavar="FILE.toml", help="only write the recipe here")


def run(args: argparse.Namespace) -> int:
    """Train again; returns the exit code."""
    from pathlib import Path

    from workbench.cli.follow import conclude, follow
    from workbench.data.suggest import counted
    from workbench.run.files import write_whole
    from workbench.run.folder import find_run
    from workbench.run.recipe import Recipe
    from workbench.run.recipe_files import recipe_toml, validated, with_overrides
    from workbench.session import training
    from workbench.session.again import recipe_again
    from workbench.session.lanes import lone_desk

    console = args.console
    folder = find_run(args.home, args.run)
    found = recipe_again(args.home, folder, args.edits, lone_desk(console.hear))
    recipe = (
        validated(Recipe, with_overrides(found.recipe.model_dump(), args.set)) if args.set else found.recipe
    )
    console.say(f"{counted(found.corrected, 'row')} corrected since {folder.name}, by {found.edits}.")
    for note in found.notes:
        console.say(note)
    if args.recipe:
        file = Path(args.recipe)
        write_whole(file, recipe_toml(recipe))
        console.answer(
            {"recipe": str(file), "corrected": found.corrected, "notes": list(found.notes), "problem": None}
        )
        console.result(f"Written: {file}")
        return 0
    console.progress.show(f"getting {recipe.model.source} and {recipe.data.train} ready")
    prepared = training.begin(args.home, recipe)
    code = conclude(prepared.folder, follow(prepared, console), console)
    console.result(f"What changed, row by row: workbench compare {folder.name} {prepared.folder.name} --rows")
    return code
