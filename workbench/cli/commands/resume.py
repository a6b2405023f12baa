"""`workbench resume`: go on with a run that was stopped, failed or was cut off."""

from __future__ import annotations

import argparse

NAME = "resume"
HELP = "go on with a run from its newest checkpoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", metavar="RUN", help="a run's name, a part of it, or its folder")


def run(args: argparse.Namespace) -> int:
    """Resume; returns the exit code."""
    from workbench.cli.follow import conclude, follow
    from workbench.run.folder import find_run
    from workbench.session import training

    folder = find_run(args.home, args.run)
    args.console.progress.show(f"getting {folder.name} ready")
    prepared = training.reopen(folder, args.home)
    return conclude(prepared.folder, follow(prepared, args.console), args.console)
