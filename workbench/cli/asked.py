"""What a person asked for on the command line, as a recipe."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.cli.console import Console
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import anchored, parse_recipe, read_toml, with_overrides


def add_recipe_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that make a recipe: a file or data, and fields that are set."""
    parser.add_argument(
        "what",
        nargs="?",
        metavar="RECIPE|DATA",
        help="a recipe (.toml), a data file (CSV, TSV, JSON Lines, Parquet, text), or a shipped data set's name",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="set a field of the recipe, such as training.epochs=2; may be given many times",
    )
    parser.add_argument(
        "--new",
        action=_NewModel,
        choices=("gpt", "bert"),
        help="start from nothing instead of a model that is there, with a rate and a schedule that suit it; the fields "
        "scratch.layers, .heads, .width, .tokeniser and .vocabulary shape it, training.max_length is its context",
    )
    parser.add_argument("--name", help="what the run is called")


class _NewModel(argparse.Action):
    """Sets the fields of a new model before all that `--set` says, wherever it stands on the line."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None
    ) -> None:
        from workbench.run.scratch_fields import STARTING

        source = f"new-{values}"
        fields = [("model.source", source), *STARTING]
        if source == "new-bert":
            fields.append(("task.kind", "masked-lm"))
        setattr(namespace, self.dest, values)
        namespace.set = [*(f"{path}={value}" for path, value in fields), *(namespace.set or [])]


def asked_recipe(
    what: str | None, overrides: Sequence[str], name: str | None = None, beside: dict[str, Any] | None = None
) -> Recipe:
    """The recipe behind the arguments.

    Args:
        what: A recipe file, a data file, a shipped data set's name, or None for the default.
        overrides: `field=value` texts; data files in them are relative to the current folder.
        name: What the run is called.
        beside: Names tables that the file may have beside the recipe's; those that are there are put into it.

    Raises:
        WorkbenchError: With every complaint at once, each naming its field.
    """
    data: dict[str, Any] = {}
    if what and what.lower().endswith(".toml"):
        data = anchored(read_toml(Path(what)), Path(what).resolve().parent)
        for table in beside or ():
            assert beside is not None
            beside[table] = data.pop(table, beside[table])
    elif what:
        data = {"data": {"train": what}}
        set_already = {override.partition("=")[0].strip() for override in overrides}
        if _is_running_text(what) and "task.kind" not in set_already:
            data["task"] = {"kind": "causal-lm"}
            if "model.source" not in set_already:
                data["model"] = {"source": "smollm2"}
    if name is not None:
        data["name"] = name
    problems: list[Problem] = []
    for override in overrides:
        try:
            data = with_overrides(data, (override,))
        except WorkbenchError as error:
            problems += error.problems
    try:
        recipe = parse_recipe(_with_model_folder(anchored(data, Path.cwd())))
    except WorkbenchError as error:
        raise WorkbenchError(*problems, *error.problems) from None
    if problems:
        raise WorkbenchError(*problems)
    return recipe


def _is_running_text(what: str) -> bool:
    """Whether the data has no classes, so that what can be learned from it is how it goes on."""
    from workbench.shelf.datasets import shipped

    tasks = {dataset.name: dataset.task for dataset in shipped()}
    return tasks.get(what) == "causal-lm" or what.lower().endswith((".txt", ".md"))


def _with_model_folder(data: dict[str, Any]) -> dict[str, Any]:
    """The values with a relative model folder made absolute, so that the saved recipe works anywhere."""
    section = data.get("model")
    if not isinstance(section, dict):
        return data
    source = section.get("source")
    if isinstance(source, str) and ("/" in source or "\\" in source) and Path(source).expanduser().is_dir():
        return {**data, "model": {**section, "source": str(Path(source).expanduser().resolve())}}
    return data


def add_download_argument(parser: argparse.ArgumentParser) -> None:
    """The argument that allows the network."""
    parser.add_argument(
        "--download",
        action="store_true",
        help="fetch the model if it is not on this machine; without this, the network is never used",
    )


def get_model_ready(args: argparse.Namespace, source: str) -> None:
    """Convert an embedded model that is here but never was used; fetch what is not, where `--download` allows it.

    Raises:
        WorkbenchError: When it cannot be fetched or converted.
    """
    from workbench.run.scratch_fields import is_new
    from workbench.session import inspection
    from workbench.shelf.models import resolve_model
    from workbench.shelf.packages import installed_folder, package_named

    if is_new(source):
        return
    console: Console = args.console
    row = package_named(source)
    if row and (args.download or installed_folder(row)):
        inspection.prepare_model(args.home, source, console.hear)
    elif args.download and not row:
        console.progress.show(f"looking for {source}")
        resolve_model(source, args.home, download=True)


def asked_length(value: str) -> int:
    """A count of at least 1 from an argument.

    Raises:
        WorkbenchError: When it is no such number.
    """
    if not value.isdecimal() or int(value) < 1:
        raise bad_input(f"{value!r} is not a count.", "", "Give a whole number of at least 1.")
    return int(value)


def hear_progress(console: Console, message: object) -> None:
    """Take what a measurement reports on the way: texts, and how many of the rows are done."""
    from workbench.run.evaluation import Progress

    if isinstance(message, Progress):
        message = f"{message.words}: {message.done} of {message.of}"
    console.hear(message)
