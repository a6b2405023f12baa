"""`workbench suspects`: rows of a run whose label may be wrong, and what is to become of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.tables import table
from workbench.run.problem import bad_input

if TYPE_CHECKING:
    from workbench.run.suspects import Decision, Suspect, Suspects

NAME = "suspects"
HELP = "list training rows whose label may be wrong, and keep, fix or drop them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", metavar="RUN", help="a run of text classification")
    parser.add_argument(
        "--by",
        choices=("margin", "cleanlab", "both"),
        default="margin",
        help="margin: how sure the model was while it trained, at no cost (the default); cleanlab: what models that "
        "never saw the row say; both: the two together",
    )
    parser.add_argument("-n", type=int, default=20, metavar="N", help="how many are listed (20); 0 for all")
    for decision, words in (("keep", "the label of this row is right"), ("drop", "leave this row out")):
        parser.add_argument(
            f"--{decision}", action="append", default=[], type=int, metavar="ROW",
            help=f"{words}; rows are counted from 1, as they are listed; may be given many times",
        )  # fmt: skip
    parser.add_argument(
        "--fix",
        action="append",
        default=[],
        metavar="ROW[=LABEL]",
        help="give this row another label (else the likely one); may be given many times",
    )
    parser.add_argument(
        "--fix-file",
        default="",
        metavar="FILE.jsonl",
        help="the edits by hand into which decisions are written, and in which earlier ones are looked up: a recipe "
        "names it as data.patch. Where it is not there, it begins with the edits of the run",
    )


def run(args: argparse.Namespace) -> int:
    """List suspects, and write decisions; returns the exit code."""
    from workbench.data import patch as patches
    from workbench.data.edits import Patch
    from workbench.run.folder import find_run
    from workbench.session.lanes import lone_desk
    from workbench.session.preparing import own_recipe
    from workbench.session.suspects import SuspectsRequest, decide, suspects

    asked = _asked(args)
    file = Path(args.fix_file).expanduser() if args.fix_file else None
    if asked and file is None:
        raise bad_input(
            "It is not said where the decisions are to be written.",
            "The run and its data stay as they are.",
            "Name a file of edits by hand with --fix-file, such as reviews.edits.jsonl.",
        )
    if file is not None and file.is_file():
        edits = patches.read(file)
    else:
        own = own_recipe(find_run(args.home, args.run)).data.patch
        edits = patches.read(Path(own).expanduser()) if own else Patch()
    desk = lone_desk(args.console.hear)
    most = 0 if asked else max(0, args.n)
    found = suspects(args.home, SuspectsRequest(args.run, args.by, most, edits), desk)
    if asked:
        assert file is not None
        edits = decide(found, edits, _placed(found, asked))
        patches.write(file, edits)
        found = suspects(args.home, SuspectsRequest(args.run, args.by, max(0, args.n), edits), desk)
    _show(args, found, file if asked else None, len(asked))
    args.console.answer(
        {
            "run": found.run,
            "file": found.file,
            "column": found.label,
            "by": found.by,
            "rows": found.of,
            "flagged": found.flagged,
            "suspects": [_plain(one) for one in found.queue],
            "told": found.told,
            "notes": list(found.notes),
            "edits": str(file) if asked else "",
            "problem": None,
        }
    )
    return 0


def _asked(args: argparse.Namespace) -> dict[int, tuple[Decision, str]]:
    found: dict[int, tuple[Decision, str]] = {}
    for row in args.keep:
        found[row] = "keep", ""
    for row in args.drop:
        found[row] = "drop", ""
    for given in args.fix:
        row, _, label = given.partition("=")
        if not row.strip().isdecimal():
            raise bad_input(
                f"--fix {given} names no row.",
                "It wants a row's number, and maybe a label.",
                "Write --fix 12=sport.",
            )
        found[int(row)] = "fix", label.strip()
    return found


def _placed(found: Suspects, asked: dict[int, tuple[Decision, str]]) -> list[tuple[Suspect, Decision, str]]:
    known = {one.row + 1: one for one in found.queue}
    missing = [row for row in asked if row not in known]
    if missing:
        raise bad_input(
            f"Row {missing[0]} is not among the rows of {found.run}.",
            f"{found.of} rows were looked at; they have the numbers of {found.file}, counted from 1.",
            "List them with -n 0.",
        )
    return [(known[row], *decision) for row, decision in asked.items()]


def _show(args: argparse.Namespace, found: Suspects, written: Path | None, decisions: int) -> None:
    console = args.console
    for note in found.notes:
        console.say(note)
    console.result(f"{found.verdict} {found.told}")
    head = ("row", "label", "likely", "margin", "quality", "decided", "text")
    rows = [
        (
            str(one.row + 1), one.label, one.likely, _number(one.margin), _number(one.quality),
            one.decision + (f" {one.decided}" if one.decision == "fix" else ""),
            " ".join(one.text.split())[:70],
        )
        for one in found.queue
    ]  # fmt: skip
    console.result(table(head, rows))
    if written is not None:
        console.result(f"{decisions} decision{'s' if decisions != 1 else ''} written: {written}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _plain(one: Suspect) -> dict[str, Any]:
    return {
        "row": one.row + 1,
        "key": f"{one.key:016x}",
        "side": one.side,
        "text": one.text,
        "label": one.label,
        "likely": one.likely,
        "margin": one.margin,
        "quality": one.quality,
        "flagged": one.flagged,
        "decision": one.decision,
        "decided": one.decided,
    }
