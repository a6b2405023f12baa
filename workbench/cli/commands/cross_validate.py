"""`workbench cross-validate`: a run for each fold of the rows, so that every row is judged by a model new to it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from workbench.cli.asked import add_download_argument, add_recipe_arguments
from workbench.cli.tables import table

if TYPE_CHECKING:
    from workbench.run.cross_validation import CrossValidation

NAME = "cross-validate"
HELP = "train on all but one fold of the rows, once for each fold, and say how much the scores vary"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_recipe_arguments(parser)
    parser.add_argument("--folds", type=int, default=5, metavar="K", help="into how many folds (5)")
    parser.add_argument(
        "--group",
        default="",
        metavar="COLUMN",
        help="keep all rows with one value of this column in one fold",
    )
    add_series_arguments(parser)
    add_download_argument(parser)


def add_series_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of every series of runs."""
    parser.add_argument(
        "--keep",
        choices=("model", "all", "none"),
        default="model",
        help="what each run keeps: its model, all with its checkpoints, or only curves and scores (model)",
    )
    parser.add_argument("--apart", action="store_true", help="train each run in a process of its own")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--resume", metavar="NAME", help="go on with one that was stopped")
    instead.add_argument("--show", metavar="NAME", help="show what one found so far")


def run(args: argparse.Namespace) -> int:
    """Cross-validate, or show one; returns the exit code."""
    from workbench.cli.asked import asked_recipe, get_model_ready
    from workbench.cli.follow import stopping
    from workbench.cli.series import SeriesView
    from workbench.run.cross_validation import CrossValidation
    from workbench.session.controls import Control
    from workbench.session.cross_validating import (
        CrossValidationRequest,
        cross_validate,
        read_cross_validation,
    )
    from workbench.session.lanes import lone_desk

    if args.show:
        return _conclude(args, read_cross_validation(args.home, args.show))
    recipe = None if args.resume else asked_recipe(args.what, args.set)
    if recipe is not None:
        get_model_ready(args, recipe.model.source)
    request = CrossValidationRequest(
        recipe, args.resume or args.name or "", args.folds, args.group, args.keep, args.apart
    )
    control = Control()

    def told(found: CrossValidation) -> None:
        if found.done:
            fold = found.done[-1]
            score = (
                fold.problem or f"{found.metric.replace('_', ' ')} {fold.metrics.get(found.metric, 0.0):.4g}"
            )
            args.console.say(f"fold {fold.number} of {found.folds}: {score}")

    with stopping(control, args.console):
        desk = lone_desk(SeriesView(args.console, "fold", CrossValidation, told).hear)
        found = cross_validate(args.home, request, desk, control)
    return _conclude(args, found)


def _conclude(args: argparse.Namespace, found: CrossValidation) -> int:
    from workbench.cli.series import in_words

    console = args.console
    console.answer(_as_plain(found))
    spreads = found.spreads
    names = list(spreads)
    if names:
        rows = [
            (str(fold.number), str(fold.rows), *(f"{fold.metrics[name]:.4f}" for name in names), fold.run)
            for fold in found.done
            if fold.metrics
        ]
        rows.append(("mean", "", *(f"{spreads[name].mean:.4f}" for name in names), ""))
        rows.append(("± sd", "", *(f"{spreads[name].deviation:.4f}" for name in names), ""))
        console.result(table(("fold", "rows", *(name.replace("_", " ") for name in names), "run"), rows))
    if found.pooled:
        shown = [found.pooled[name] for name in ("accuracy", "f1_macro", "log_loss") if name in found.pooled]
        said = "; ".join(f"{one.name.replace('_', ' ')} {in_words(one)}" for one in shown)
        console.result(f"All held-out rows together: {said}")
    console.result(" ".join(part for part in (found.words, found.over) if part))
    if found.over:
        console.result(f"Go on with: workbench {NAME} --resume {found.name}")
    return 0 if any(fold.metrics for fold in found.done) else 1


def _as_plain(found: CrossValidation) -> dict[str, Any]:
    from workbench.cli.series import number_as_plain

    return {
        "name": found.name,
        "metric": found.metric,
        "folds": found.folds,
        "group": found.group or None,
        "runs": [
            {
                "fold": fold.number,
                "run": fold.run or None,
                "rows": fold.rows,
                "metrics": dict(fold.metrics),
                "problem": fold.problem or None,
            }
            for fold in found.done
        ],
        "metrics": {
            name: {"mean": spread.mean, "sd": spread.deviation, "values": list(spread.values)}
            for name, spread in found.spreads.items()
        },
        "pooled": {name: number_as_plain(number) for name, number in found.pooled.items()},
        "words": found.words,
        "over": found.over,
        "problem": None,
    }
