"""`workbench fill`: what a masked language model would write into the gaps of a text."""

from __future__ import annotations

import argparse

from workbench.cli.asked import add_download_argument, get_model_ready
from workbench.cli.tables import table

NAME = "fill"
HELP = "tell what a masked language model would write into the gaps of a text"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar="RUN|MODEL", help="a run, a folder, a short name or a Hub id")
    parser.add_argument("text", metavar="TEXT", help='the text, with __ for each gap: "the sea was __"')
    add_download_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Fill; returns the exit code."""
    from workbench.session import inspection
    from workbench.session.lanes import lone_desk
    from workbench.session.requests import FillRequest

    get_model_ready(args, args.model)
    console = args.console
    found = inspection.fill(args.home, FillRequest(args.model, args.text), lone_desk(console.hear))
    console.result(found.text)
    for number, words in enumerate(found.gaps, 1):
        console.result(table([f"gap {number}", "probability"], [[word, f"{p:.2%}"] for word, p in words]))
    if found.note:
        console.result(found.note)
    gaps = [[{"token": word, "probability": p} for word, p in words] for words in found.gaps]
    console.answer({"text": found.text, "gaps": gaps, "note": found.note, "problem": None})
    return 0
