"""`workbench robustness`: how many predictions of a classifier small changes of the texts flip."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.tables import table

if TYPE_CHECKING:
    from workbench.run.robustness import Flip, Robustness, SetOutcome

NAME = "robustness"
HELP = "try a classifier with typing errors, capitals, other names and the like: how many predictions flip"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar="RUN|MODEL", help="a run, or another classifier")
    parser.add_argument(
        "data", metavar="FILE", nargs="?", default="", help="texts to try (else the run's own held-out rows)"
    )
    parser.add_argument(
        "--sets",
        default="",
        metavar="NAME,…",
        help="typos, case, punctuation, names, synonyms and negation, or some of them (else all)",
    )
    parser.add_argument(
        "--rows", type=int, default=500, metavar="N", help="texts, evenly from all (500); 0 for all"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="the same seed makes the same changes (0)"
    )
    parser.add_argument("--text", default="", metavar="COLUMN", help="the column to read (else the run's)")
    parser.add_argument(
        "--label", default="", metavar="COLUMN", help="the column of right classes (else the run's)"
    )
    parser.add_argument(
        "-n", type=int, default=2, metavar="N", help="how many flips of each set are shown (2)"
    )
    parser.add_argument("-o", "--output", metavar="FILE.jsonl", help="write every flip here, one a line")


def run(args: argparse.Namespace) -> int:
    """Try; returns the exit code."""
    from workbench.run.files import writing
    from workbench.session.lanes import lone_desk
    from workbench.session.robustness import RobustnessRequest, robustness

    sets = tuple(name.strip() for name in args.sets.split(",") if name.strip())
    request = RobustnessRequest(
        args.model, args.data, sets, max(0, args.rows), args.seed, args.text, args.label
    )
    found = robustness(args.home, request, lone_desk(args.console.hear))
    if args.output:
        with writing(Path(args.output), newline="\n") as file:
            for one in found.sets:
                for flip in one.flips:
                    file.write(json.dumps({"set": one.name} | _plain_flip(flip), ensure_ascii=False) + "\n")
    _show(args, found)
    args.console.answer(
        {
            "model": found.model,
            "data": found.data,
            "rows": found.rows[0],
            "of": found.rows[1],
            "seed": found.seed,
            "sets": [_plain(one) for one in found.sets],
            "notes": list(found.notes),
            "output": args.output or "",
            "problem": None,
        }
    )
    return 0


def _show(args: argparse.Namespace, found: Robustness) -> None:
    console = args.console
    for note in found.notes:
        console.say(note)
    of = f" of {found.rows[1]}" if found.rows[1] > found.rows[0] else ""
    console.result(f"{found.rows[0]}{of} texts, {found.data}, asked of {found.model}:")
    rows = []
    for one in found.sets:
        low, high = one.flipped.interval
        share = f"{one.flipped.value:.1%} ({low:.1%} to {high:.1%})" if one.flipped.of else "–"
        right = "" if one.accuracy is None else f"{one.accuracy[0]:.1%} → {one.accuracy[1]:.1%}"
        rows.append((one.title, str(one.flipped.of), str(one.unchanged), str(one.flipped.hits), share, right))
    head = ("changes", "texts", "left out", "flips", "share (95 % interval)", "accuracy")
    console.result(table(head, rows))
    if any(one.unchanged for one in found.sets):
        console.result("Left out are texts in which there was nothing to change.")
    for one in found.sets:
        if one.flips and args.n > 0:
            console.result(f"\n{one.title}. {one.help}")
        for flip in one.flips[: max(0, args.n)]:
            console.result(f"  {flip.before[0]} ({flip.before[1]:.0%}): {_line(flip.text)}")
            console.result(f"  {flip.after[0]} ({flip.after[1]:.0%}): {_line(flip.changed)}")
    if args.output:
        console.result(f"Written: {args.output}")


def _line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 160 else f"{words[:159]}…"


def _plain(one: SetOutcome) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "help": one.help,
        "meaning": one.meaning,
        "texts": one.flipped.of,
        "unchanged": one.unchanged,
        "flipped": {
            "share": one.flipped.value,
            "hits": one.flipped.hits,
            "of": one.flipped.of,
            "interval": list(one.flipped.interval),
        },
        "accuracy": None if one.accuracy is None else {"before": one.accuracy[0], "after": one.accuracy[1]},
        "flips": [_plain_flip(flip) for flip in one.flips],
    }


def _plain_flip(flip: Flip) -> dict[str, Any]:
    return {
        "row": flip.row,
        "text": flip.text,
        "changed": flip.changed,
        "before": {"label": flip.before[0], "probability": flip.before[1]},
        "after": {"label": flip.after[0], "probability": flip.after[1]},
        "label": flip.label,
    }
