"""`workbench doctor`: what is here, what is missing, and what helps."""

from __future__ import annotations

import argparse
import dataclasses

NAME = "doctor"
HELP = "look at versions, device, fonts, disk and models, and say what is missing"

_MARKS = {"good": "  ", "note": "· ", "missing": "✗ "}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """This command has no arguments of its own."""


def run(args: argparse.Namespace) -> int:
    """Examine; returns 0 when nothing is missing, else 1."""
    from workbench.cli.checks import examine

    console = args.console
    console.progress.show("looking")
    checks = []
    for check in examine(args.home):
        checks.append(check)
        console.result(f"{_MARKS[check.state]}{check.name:<20} {check.found}")
        if check.remedy:
            console.result(f"  {'':<20} {check.remedy}")
    missing = [check.name for check in checks if check.state == "missing"]
    console.answer({"well": not missing, "checks": [dataclasses.asdict(check) for check in checks]})
    console.result(f"\nMissing: {', '.join(missing)}" if missing else "\nAll is well.")
    return 1 if missing else 0
