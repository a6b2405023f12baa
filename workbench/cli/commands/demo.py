"""`workbench demo`: fine-tunes the embedded model on shipped data, and shows what came of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.run.history import History
    from workbench.run.results import AttentionMaps
    from workbench.session.training import Prepared

NAME = "demo"
HELP = "fine-tune the embedded model on shipped data, and show what came of it"

# The shipped set with the shortest texts, and two quick passes: it is over soonest.
DEMO = (
    "data.train=company-headlines",
    "model.source=minilm",
    "training.epochs=2",
    "training.learning_rate=2e-4",
)
_LONGEST = 24  # tokens of the text in the attention picture: more could not be told apart


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="set a field, as in train"
    )


def run(args: argparse.Namespace) -> int:
    """Run the demonstration; returns the exit code."""
    from workbench.cli.asked import asked_recipe
    from workbench.cli.follow import conclude, follow
    from workbench.session import training

    console = args.console
    recipe = asked_recipe(None, [*DEMO, *args.set], "Demo")
    console.say(f"Teaching {recipe.model.source} to sort {recipe.data.train}.")
    console.progress.show("getting the model and the data ready")
    prepared = training.begin(args.home, recipe)
    history = follow(prepared, console)
    if history.ended is None or history.ended.status == "failed" or not prepared.writes:
        return conclude(prepared.folder, history, console)
    console.progress.show("drawing the pictures")
    pictures = _draw(args, prepared, history)
    code = conclude(prepared.folder, history, console)
    console.result(f"Pictures: {', '.join(str(path) for path in pictures)}")
    console.result("Try it with: workbench predict or workbench generate, or look at it in the window.")
    return code


def _draw(args: argparse.Namespace, prepared: Prepared, history: History) -> list[Path]:
    """Write the curves and the attention atlas of one held-out text; the report is there already."""
    from workbench.run.files import writing
    from workbench.session.pictures import atlas_png, curves_png

    folder = prepared.folder
    args.home.make(folder.pictures)
    pictures = {folder.pictures / "curves.png": curves_png(history)}
    maps = _attention(args, prepared)
    if maps:
        pictures[folder.pictures / "attention.png"] = atlas_png(maps)
    for path, data in pictures.items():
        with writing(path, "wb") as file:
            file.write(data)
    return list(pictures)


def _attention(args: argparse.Namespace, prepared: Prepared) -> AttentionMaps | None:
    from workbench.run.results import AttentionMaps
    from workbench.session import inspection
    from workbench.session.lanes import lone_desk
    from workbench.session.requests import AttentionRequest

    text = prepared.task.sample_text(prepared.rows)
    if not text or not prepared.folder.model.is_dir():
        return None
    request = AttentionRequest(str(prepared.folder.path), text, _LONGEST)
    maps = inspection.attend(args.home, request, lone_desk(args.console.hear))
    # Longer texts than these would come as maxima of blocks.
    return maps if isinstance(maps, AttentionMaps) else None
