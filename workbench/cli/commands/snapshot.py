"""`workbench snapshot`: every page of the real window as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path

NAME = "snapshot"
HELP = "render every page of the window on a recorded run, light and dark, as PNG"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("folder", metavar="OUT_DIR", help="where the pictures go")
    parser.add_argument("--run", metavar="RUN", help="the run to show (else the newest)")
    parser.add_argument(
        "--page",
        action="append",
        default=[],
        choices=("data", "train", "attention", "prompt"),
        help="only this page; may be given several times",
    )


def run(args: argparse.Namespace) -> int:
    """Render; returns the exit code."""
    from workbench.gui.snapshot import snapshot
    from workbench.run.folder import find_run

    folder = Path(args.folder).expanduser().resolve()
    chosen = find_run(args.home, args.run) if args.run else None
    pictures = snapshot(args.home, folder, chosen, args.page)
    args.console.answer({"pictures": [str(path) for path in pictures], "problem": None})
    for path in pictures:
        args.console.result(str(path))
    return 0
