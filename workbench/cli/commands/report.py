"""`workbench report`: the report of a run, written anew."""

from __future__ import annotations

import argparse

NAME = "report"
HELP = "write the report of a run anew, as one HTML file that needs nothing else"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", metavar="RUN", help="a run's name, a part of it, or its folder")
    parser.add_argument(
        "-o",
        "--output",
        default="",
        metavar="FILE.html",
        help="where to (else report.html in the run's folder)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the report; returns the exit code."""
    from pathlib import Path

    from workbench.run.folder import find_run
    from workbench.run.problem import bad_input
    from workbench.session.lanes import lone_desk
    from workbench.session.reporting import write_anew

    output = Path(args.output).expanduser() if args.output else None
    if output is not None and output.suffix.lower() not in (".html", ".htm"):
        raise bad_input(
            "The report is one HTML file.",
            f"{output.name} is called otherwise.",
            "Give -o a name that ends with .html; a browser, or the window's menu of the run, makes a PDF of it.",
        )
    folder = find_run(args.home, args.run)

    def hear(message: object) -> None:
        args.console.hear(getattr(message, "words", message))

    written = write_anew(args.home, folder, lone_desk(hear), output)
    for line in written.missing:
        args.console.say(f"Left out. {line}")
    args.console.answer(
        {
            "run": str(folder.path),
            "report": str(written.path),
            "missing": list(written.missing),
            "problem": None,
        }
    )
    args.console.result(f"Report: {written.path}")
    return 0
