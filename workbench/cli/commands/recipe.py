"""`workbench recipe`: a recipe as TOML, or the JSON schema of all recipes."""

from __future__ import annotations

import argparse
import json

from workbench.cli.asked import add_recipe_arguments

NAME = "recipe"
HELP = "print a recipe as TOML, ready to be edited, or the JSON schema of recipes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_recipe_arguments(parser)
    parser.add_argument("--schema", action="store_true", help="print the JSON schema")


def run(args: argparse.Namespace) -> int:
    """Print the recipe or the schema; returns the exit code."""
    from workbench.cli.asked import asked_recipe
    from workbench.run.recipe import Recipe
    from workbench.run.recipe_files import recipe_toml

    console = args.console
    if args.schema:
        schema = Recipe.model_json_schema()
        console.answer(schema)
        console.result(json.dumps(schema, ensure_ascii=False, indent=2))
        return 0
    recipe = asked_recipe(args.what, args.set, args.name)
    console.answer(recipe.model_dump())
    console.result(recipe_toml(recipe), end="")
    return 0
