"""`workbench note`: a note, tags and a star for a run."""

from __future__ import annotations

import argparse

NAME = "note"
HELP = "write a note, tags or a star to a run, or read what was written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", metavar="RUN", help="a run's name, or a part of it")
    parser.add_argument(
        "text", nargs="?", metavar="TEXT", help="the note, in the place of an earlier one; “” for none"
    )
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="add a tag; may be given many times"
    )
    parser.add_argument("--untag", action="append", default=[], metavar="TAG", help="take a tag away")
    star = parser.add_mutually_exclusive_group()
    star.add_argument(
        "--star", action="store_true", help="give a star: a search then keeps the run's weights"
    )
    star.add_argument("--unstar", action="store_true", help="take the star away")


def run(args: argparse.Namespace) -> int:
    """Write or read; returns the exit code."""
    from workbench.run.folder import find_run
    from workbench.run.run_notes import RunNotes, notes_of, write_notes

    folder = find_run(args.home, args.run)
    before = notes_of(folder)
    notes = RunNotes(
        before.note if args.text is None else args.text.strip(),
        before.tagged(tuple(args.tag), tuple(args.untag)),
        args.star or (before.star and not args.unstar),
    )
    if notes != before:
        write_notes(folder, notes)
    console = args.console
    console.answer(
        {
            "run": folder.name,
            "note": notes.note,
            "tags": list(notes.tags),
            "star": notes.star,
            "problem": None,
        }
    )
    marks = ["★"] if notes.star else []
    marks += [notes.note] if notes.note else []
    marks += [f"#{tag}" for tag in notes.tags]
    console.result(f"{folder.name}: {' '.join(marks) or 'nothing is written about it'}")
    return 0
