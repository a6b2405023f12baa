"""`workbench prompts`: the prompts that are saved in the home, and the templates that come with the workbench."""

from __future__ import annotations

import argparse
from dataclasses import asdict

NAME = "prompts"
HELP = "list, save, rename or delete the saved prompts; `generate --saved NAME` asks one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--save",
        nargs=2,
        metavar=("NAME", "TEXT"),
        help="keep a prompt; {names} in braces are filled in later",
    )
    what.add_argument("--rename", nargs=2, metavar=("NAME", "NEW"), help="give a saved prompt another name")
    what.add_argument("--delete", metavar="NAME", help="let go of a saved prompt")


def run(args: argparse.Namespace) -> int:
    """Do what is asked and list the prompts; returns the exit code."""
    from workbench.run.saved_prompts import (
        TEMPLATES,
        delete_prompt,
        placeholders,
        read_prompts,
        rename_prompt,
        save_prompt,
    )

    if args.save:
        found = save_prompt(args.home, *args.save)
    elif args.rename:
        found = rename_prompt(args.home, *args.rename)
    elif args.delete is not None:
        found = delete_prompt(args.home, args.delete)
    else:
        found = read_prompts(args.home)
    console = args.console
    for title, prompts in (("Saved", found), ("Templates", TEMPLATES)):
        console.result(f"{title}:" if prompts else f"{title}: none")
        for one in prompts:
            names = ", ".join(placeholders(one.text))
            console.result(f"  {one.name}" + (f"  (fill in: {names})" if names else ""))
    console.answer(
        {
            "saved": [asdict(one) for one in found],
            "templates": [asdict(one) for one in TEMPLATES],
            "problem": None,
        }
    )
    return 0
