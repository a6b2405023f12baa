"""`workbench interpolate`: models between a run's base model and what it became."""

from __future__ import annotations

import argparse
from pathlib import Path

NAME = "interpolate"
HELP = "mix a run's weights with its base model's: θ = α·tuned + (1 − α)·base"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", metavar="RUN", help="a run's name, or a part of it")
    parser.add_argument(
        "--alpha", metavar="A", help="the share of the tuned weights: 0 is the base, 1 the run"
    )
    parser.add_argument("-o", "--output", metavar="FOLDER", help="write the mixture as a model here")
    parser.add_argument(
        "--along",
        nargs="?",
        const="",
        metavar="A,A,…",
        help="measure the held-out rows at several alphas (0 to 1 in steps of 0.2)",
    )


def run(args: argparse.Namespace) -> int:
    """Mix or measure; returns the exit code."""
    from workbench.run.problem import bad_input

    if args.along is not None:
        return _along(args)
    if args.alpha is None or not args.output:
        raise bad_input(
            "It is not said what to do.", "", "Give --alpha A with -o FOLDER to write a mixture, or --along."
        )
    from workbench.session.interpolation import save_mixture
    from workbench.session.lanes import lone_desk

    console = args.console
    alpha = _number(args.alpha)
    written = save_mixture(args.home, args.run, alpha, Path(args.output), lone_desk(console.hear))
    console.answer({"run": args.run, "alpha": alpha, "output": str(written), "problem": None})
    console.result(f"Written: {written}")
    return 0


def _along(args: argparse.Namespace) -> int:
    from workbench.cli.tables import table
    from workbench.session.interpolation import ALPHAS, AlongRequest, measure_along
    from workbench.session.lanes import lone_desk

    alphas = tuple(_number(part) for part in args.along.split(",")) if args.along else ALPHAS
    if args.alpha is not None:
        alphas = (*alphas, _number(args.alpha))
    console = args.console
    found = measure_along(args.home, AlongRequest(args.run, alphas), lone_desk(console.hear))
    console.answer(
        {
            "run": found.run,
            "base": found.base,
            "metric": found.metric,
            "points": [{"alpha": point.alpha, **point.metrics} for point in found.points],
            "best": found.best,
            "kept": list(found.kept),
            "problem": None,
        }
    )
    names = list(found.points[0].metrics)
    rows = [(f"{point.alpha:g}", *(f"{point.metrics[name]:.4f}" for name in names)) for point in found.points]
    console.result(f"From {found.base} (α = 0) to {found.run} (α = 1):")
    console.result(table(("alpha", *names), rows))
    console.result(f"Best by {found.metric}: α = {found.best:g}")
    return 0


def _number(text: str) -> float:
    from workbench.run.problem import bad_input

    try:
        return float(text)
    except ValueError:
        raise bad_input(f"{text!r} is no number.", "", "Give a share such as 0.5.") from None
