"""`workbench turns`: a conversation of the data as a model reads it, and which of its tokens are learned."""

from __future__ import annotations

import argparse
from itertools import groupby

from workbench.cli.asked import add_download_argument, asked_length, asked_recipe, get_model_ready

NAME = "turns"
HELP = "show a conversation as a model reads it, and which of its tokens chat tuning learns"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("what", metavar="FILE", help="a file of conversations, or a recipe (.toml)")
    parser.add_argument("--row", default="1", metavar="N", help="which row, counted from 1 (1)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="a recipe field, such as model.source, chat.template or chat.system; may be given several times",
    )
    add_download_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Show; returns the exit code."""
    from workbench.session.chat_preview import chat_preview
    from workbench.session.lanes import lone_desk

    usual = [] if args.what.lower().endswith(".toml") else ["task.kind=chat", "model.source=smollm2"]
    recipe = asked_recipe(args.what, [*usual, *args.set])
    get_model_ready(args, recipe.model.source)
    found = chat_preview(args.home, recipe, asked_length(args.row) - 1, lone_desk(args.console.hear))
    stretches = [
        (learned, "".join(token.text for token in part))
        for learned, part in groupby(found.tokens, key=lambda token: token.learned)
    ]
    text = "".join(f"«{words}»" if learned else words for learned, words in stretches)
    args.console.result(text.rstrip("\n"))
    args.console.result()
    args.console.result(
        f"{len(found.tokens)} tokens, of which those in « » are learned: {found.learned}."
        + (f" All after the first {found.limit} are cut off." if len(found.tokens) > found.limit else "")
    )
    if found.note:
        args.console.result(found.note)
    args.console.answer(
        {
            "row": found.row + 1,
            "turns": [dict(turn) for turn in found.turns],
            "tokens": [token.text for token in found.tokens],
            "learned": [token.learned for token in found.tokens],
            "limit": found.limit,
            "note": found.note,
            "problem": None,
        }
    )
    return 0
