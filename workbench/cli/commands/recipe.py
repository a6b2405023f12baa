"""`workbench recipe`: a recipe as TOML, the JSON schema of all recipes, or a recipe as a job for a cluster."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.asked import add_recipe_arguments
from workbench.cli.fleet import add_fleet_arguments

if TYPE_CHECKING:
    from workbench.run.recipe import Recipe

NAME = "recipe"
HELP = "print a recipe as TOML, ready to be edited, or the JSON schema of recipes; write it as a job for a cluster"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_recipe_arguments(parser)
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--schema", action="store_true", help="print the JSON schema")
    kinds.add_argument(
        "--accelerate", action="store_true", help="write a configuration for accelerate launch"
    )
    kinds.add_argument("--slurm", action="store_true", help="write a script for sbatch")
    kinds.add_argument("--skypilot", action="store_true", help="write a task for sky launch")
    parser.add_argument(
        "-o", "--output", metavar="DIR", default=".", help="the folder for these files (else the current one)"
    )
    parser.add_argument(
        "--gpu", metavar="NAME", default="A100", help="the kind of GPU that SkyPilot is to rent (A100)"
    )
    add_fleet_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the recipe or the schema, or write a job; returns the exit code."""
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
    if args.accelerate or args.slurm or args.skypilot:
        return _write_job(args, recipe)
    console.answer(recipe.model_dump())
    console.result(recipe_toml(recipe), end="")
    return 0


def _write_job(args: argparse.Namespace, recipe: Recipe) -> int:
    from workbench.cli.fleet import asked_fleet
    from workbench.run.files import writing
    from workbench.run.folder import slug
    from workbench.session import launch_files, launching

    fleet = asked_fleet(args)
    if args.accelerate:
        launching.settled(fleet)  # Slurm and SkyPilot know where their machines meet
    stem = Path(args.what).stem if args.what else Path(recipe.data.train).stem
    name = slug(recipe.name or stem)
    if args.accelerate:
        job = launch_files.accelerate_files(recipe, fleet, name)
    elif args.slurm:
        job = launch_files.slurm_files(recipe, fleet, name)
    else:
        job = launch_files.skypilot_files(recipe, fleet, name, args.gpu)
    folder = Path(args.output)
    args.home.make(folder)
    for file, text in job.files.items():
        with writing(folder / file, newline="\n") as stream:
            stream.write(text)
    args.console.answer({"folder": str(folder.resolve()), "files": list(job.files), "command": job.command})
    args.console.result("\n".join(f"Wrote {folder / file}" for file in job.files))
    args.console.result(f"Start it in that folder with: {job.command}")
    return 0
