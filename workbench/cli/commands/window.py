"""`workbench` with no command: the window."""

from __future__ import annotations

import argparse
import contextlib

NAME = "window"
HELP = "open the window (the same as no command at all)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--quit-when-shown",
        action="store_true",
        help="print the milliseconds from the start of the process to the first painted frame, and quit",
    )


def run(args: argparse.Namespace) -> int:
    """Open the window and stay until it is closed; returns the exit code."""
    from workbench.gui.app import run_app

    with contextlib.redirect_stdout(args.console.out):
        return run_app(args.home, quit_when_shown=args.quit_when_shown)
