"""What `workbench evaluate` says of a classifier: metrics with intervals, classes, confusion, slices and rows."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.asked import get_model_ready, hear_progress
from workbench.cli.classified_plain import check_output, write
from workbench.cli.classified_plain import plain as as_plain
from workbench.cli.deciding import curves_as_plain, decide, plain_tracked, show_tracked, slice_table
from workbench.cli.tables import table
from workbench.run.metric_titles import shown, words_of_metric

if TYPE_CHECKING:
    from workbench.run.row_scores import RowScores
    from workbench.run.row_slices import Slice
    from workbench.run.scores import ClassificationScores, Comparison
    from workbench.session.scoring.rows import Side

#: The confusion of more classes is no table that can be read.
_MOST_CLASSES = 12
_TOLD = ("accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "matthews", "log_loss", "auc", "average_precision",
         "calibration_error", "top_3")  # fmt: skip
_SIDES: dict[str, Side] = {"held-out": "validation", "test": "test", "training": "train"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what concerns classifiers alone."""
    group = parser.add_argument_group("of a classifier, and where it fits of labels, numbers and marks")
    group.add_argument(
        "--against", default="", metavar="RUN|MODEL",
        help="is it better than this one, on the same rows? The word base means what the run started from",
    )  # fmt: skip
    group.add_argument(
        "--metric",
        default="",
        help="what --against compares (accuracy; for other tasks what decides in training)",
    )
    group.add_argument(
        "--side", choices=tuple(_SIDES), default="held-out", help="which of the run's own rows (held-out)"
    )
    group.add_argument(
        "--text", default="", metavar="COLUMN", help="the column of texts (else the run's, or guessed)"
    )
    group.add_argument("--label", default="", metavar="COLUMN", help="the column of labels, likewise")
    group.add_argument(
        "--slice", action="append", default=[], metavar="QUESTION",
        help='a group of rows to look at, such as \'words > 30 and text contains "not"\'; may be given many times',
    )  # fmt: skip
    group.add_argument(
        "--track", action="store_true", help="say how the other runs that were measured do on these groups"
    )
    group.add_argument(
        "--costs", nargs=2, type=float, metavar=("ALARM", "MISS"),
        help="what a false alarm and a miss cost: from which probability of a class on is it cheapest to act?",
    )  # fmt: skip
    group.add_argument(
        "--positive",
        default="",
        metavar="CLASS",
        help="the class that --costs is about (of two, the second one)",
    )
    group.add_argument("--no-slices", action="store_true", help="look for no weak groups of rows")
    group.add_argument("--again", action="store_true", help="measure anew, though it was measured before")


def run(args: argparse.Namespace) -> int:
    """Evaluate a classifier; returns the exit code."""
    from workbench.session.lanes import lone_desk
    from workbench.session.scoring.classification import scores_of
    from workbench.session.scoring.measuring import RowsRequest, evaluate_rows
    from workbench.session.scoring.row_query import RowTable
    from workbench.session.scoring.slices import SliceWish, find_slices, slice_of
    from workbench.session.scoring.tracking import through_runs

    console = args.console
    check_output(args.output)
    get_model_ready(args, args.model)
    desk = lone_desk(partial(hear_progress, console))
    request = RowsRequest(
        args.model, args.data, _SIDES[args.side], text=args.text, label=args.label,
        vectors=not args.no_slices, again=args.again,
    )  # fmt: skip
    rows = evaluate_rows(args.home, request, desk)
    scores = scores_of(rows) if rows.true is not None else None
    comparison = _against(args, request, rows) if args.against else None
    asked: list[Slice] = []
    found: list[Slice] = []
    notes: tuple[str, ...] = ()
    decided = decide(rows, args.costs, args.positive) if args.costs else None
    if scores is not None:
        ready = RowTable(rows)
        asked = [slice_of(rows, query, ready) for query in args.slice]
        if not args.no_slices:
            console.progress.show("looking for weak groups of rows")
            search = find_slices(rows, SliceWish())
            found, notes = list(search.slices), search.notes
    slices = [*asked, *found]
    tracked = [through_runs(args.home, request, rows, one) if args.track else () for one in slices]
    if args.output:
        write(Path(args.output), rows)
    _show(args, rows, scores, asked, found, comparison)
    for note in notes:
        console.say(note)
    show_tracked(console, slices, tracked)
    if decided is not None:
        console.result(f"\n{decided.words}")
    found_plain = as_plain(args, rows, scores, slices, comparison)
    for one, runs in zip(found_plain["slices"], tracked, strict=True):
        one["runs"] = [plain_tracked(each) for each in runs]
    console.answer(
        found_plain | {"decision": decided and decided.as_plain(), **curves_as_plain(rows, scores)}
    )
    return 0


def _against(args: argparse.Namespace, request: Any, rows: RowScores) -> Comparison:
    """The paired answer: is the model better than the other?"""
    from dataclasses import replace

    from workbench.session.evaluating import BASE, run_behind
    from workbench.session.lanes import lone_desk
    from workbench.session.scoring.comparing import compare_rows
    from workbench.session.scoring.measuring import evaluate_rows, source_of

    other = source_of(args.home, args.model) if args.against == BASE else args.against
    get_model_ready(args, other)
    own = bool(args.data) or run_behind(args.home, other) is not None
    asked = replace(request, model=other, rows_of="" if own else args.model, vectors=False)
    theirs = evaluate_rows(args.home, asked, lone_desk(partial(hear_progress, args.console)))
    return compare_rows(theirs, rows, args.metric or "accuracy")


# ---- for people


def _show(
    args: argparse.Namespace,
    rows: RowScores,
    scores: ClassificationScores | None,
    asked: list[Slice],
    found: list[Slice],
    comparison: Comparison | None,
) -> None:
    console = args.console
    for note in rows.notes:
        console.say(note)
    console.result(f"{rows.model} on {len(rows)} rows, {rows.told}:\n")
    if scores is not None:
        _show_numbers(console, scores)
    if comparison is not None:
        console.result(f"\nIs it better than {args.against}? {comparison.words}")
    if asked:
        console.result(f"\nAsked for:\n{slice_table(asked)}")
    if found:
        console.result(f"\nWeak groups of rows:\n{slice_table(found[:10])}")
    elif scores is not None and not args.no_slices:
        console.result("\nNo group of rows is surely worse than the others.")
    if rows.true is not None:
        _show_worst(console, rows, max(0, args.samples))
    if args.output:
        console.result(f"\nWritten: {args.output}")


def _show_numbers(console: Any, scores: ClassificationScores) -> None:
    lines = []
    for name in _TOLD:
        number = scores.numbers.get(name)
        if number is not None:
            between = "" if number.low is None or number.high is None else (
                f"{shown(name, number.low)} to {shown(name, number.high)}"
            )  # fmt: skip
            lines.append((words_of_metric(name).title, shown(name, number.value), between))
    console.result(table(("", "", "95 % interval"), lines))
    classes = [
        (one.name, str(one.rows), f"{100 * one.precision:.1f} %", f"{100 * one.recall:.1f} %", f"{100 * one.f1:.1f} %",
         shown("auc", one.auc), shown("average_precision", one.average_precision))
        for one in scores.classes
    ]  # fmt: skip
    console.result("\n" + table(("class", "rows", "precision", "recall", "F1", "AUC", "AP"), classes))
    if len(scores.classes) <= _MOST_CLASSES:
        names = [one.name for one in scores.classes]
        counts = [
            (f"{name}", *map(str, row.tolist())) for name, row in zip(names, scores.confusion, strict=True)
        ]
        console.result("\n" + table(("true ↓  said →", *names), counts))


def _show_worst(console: Any, rows: RowScores, most: int) -> None:
    import numpy as np

    assert rows.true is not None
    worst = [i for i in np.argsort(-rows.losses, kind="stable") if rows.wrong[i]][:most]
    for i in worst:
        text = rows.texts[i] if len(rows.texts[i]) <= 200 else f"{rows.texts[i][:199]}…"
        said, right = rows.names[rows.predicted[i]], rows.names[rows.true[i]]
        sure = f"{100 * rows.sureness[i]:.0f} %"
        console.result(f"\nRow {rows.row_ids.rows[i] + 1}: {right}, said to be {said} ({sure})\n{text}")
