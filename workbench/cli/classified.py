"""What `workbench evaluate` says of a classifier: metrics with intervals, classes, confusion, slices and rows."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.asked import get_model_ready
from workbench.cli.tables import table
from workbench.run.metric_titles import METRICS, shown, words_of_metric

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
    group.add_argument("--no-slices", action="store_true", help="look for no weak groups of rows")
    group.add_argument("--again", action="store_true", help="measure anew, though it was measured before")


def run(args: argparse.Namespace) -> int:
    """Evaluate a classifier; returns the exit code."""
    from workbench.session.lanes import lone_desk
    from workbench.session.scoring.classification import scores_of
    from workbench.session.scoring.measuring import RowsRequest, evaluate_rows
    from workbench.session.scoring.row_query import RowTable
    from workbench.session.scoring.slices import SliceWish, find_slices, slice_of

    console = args.console
    _check_output(args.output)
    get_model_ready(args, args.model)
    desk = lone_desk(lambda message: _hear(args, message))
    request = RowsRequest(
        args.model, args.data, _SIDES[args.side], text=args.text, label=args.label,
        vectors=not args.no_slices, again=args.again,
    )  # fmt: skip
    rows = evaluate_rows(args.home, request, desk)
    scores = scores_of(rows) if rows.true is not None else None
    comparison = _against(args, request, rows) if args.against else None
    asked: list[Slice] = []
    found: list[Slice] = []
    if scores is not None:
        ready = RowTable(rows)
        asked = [slice_of(rows, query, ready) for query in args.slice]
        if not args.no_slices:
            console.progress.show("looking for weak groups of rows")
            found = list(find_slices(rows, SliceWish()).slices)
    if args.output:
        _write(Path(args.output), rows)
    _show(args, rows, scores, asked, found, comparison)
    console.answer(_plain(args, rows, scores, [*asked, *found], comparison))
    return 0


def _hear(args: argparse.Namespace, message: object) -> None:
    from workbench.run.evaluation import Progress

    if isinstance(message, Progress):
        message = f"{message.words}: {message.done} of {message.of}"
    args.console.hear(message)


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
    theirs = evaluate_rows(args.home, asked, lone_desk(lambda message: _hear(args, message)))
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
        console.result(f"\nAsked for:\n{_slices(asked)}")
    if found:
        console.result(f"\nWeak groups of rows:\n{_slices(found[:10])}")
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
         shown("auc", one.auc))
        for one in scores.classes
    ]  # fmt: skip
    console.result("\n" + table(("class", "rows", "precision", "recall", "F1", "AUC"), classes))
    if len(scores.classes) <= _MOST_CLASSES:
        names = [one.name for one in scores.classes]
        counts = [
            (f"{name}", *map(str, row.tolist())) for name, row in zip(names, scores.confusion, strict=True)
        ]
        console.result("\n" + table(("true ↓  said →", *names), counts))


def _slices(slices: list[Slice]) -> str:
    lines = []
    for one in slices:
        interval = f"{_percent(one.low)} to {_percent(one.high)}" if one.size else ""
        lines.append((one.name, str(one.size), _percent(one.score), interval, _percent(one.rest)))
    return table(("", "rows", "right", "95 % interval", "others"), lines)


def _percent(share: float) -> str:
    return shown("accuracy", share)


def _show_worst(console: Any, rows: RowScores, most: int) -> None:
    import numpy as np

    assert rows.true is not None
    worst = [i for i in np.argsort(-rows.losses, kind="stable") if rows.wrong[i]][:most]
    for i in worst:
        text = rows.texts[i] if len(rows.texts[i]) <= 200 else f"{rows.texts[i][:199]}…"
        said, right = rows.names[rows.predicted[i]], rows.names[rows.true[i]]
        sure = f"{100 * rows.sureness[i]:.0f} %"
        console.result(f"\nRow {rows.row_ids.rows[i] + 1}: {right}, said to be {said} ({sure})\n{text}")


# ---- as JSON, and as a file


def _plain(
    args: argparse.Namespace,
    rows: RowScores,
    scores: ClassificationScores | None,
    slices: list[Slice],
    comparison: Comparison | None,
) -> dict[str, Any]:
    return {
        "model": rows.model,
        "kind": "text-classification",
        "data": rows.told,
        "file": rows.row_ids.file,
        "fingerprint": rows.fingerprint,
        "classes": list(rows.names),
        "metrics": _plain_numbers(scores),
        "confusion": scores.confusion.tolist() if scores else None,
        "per_class": [_plain_class(one) for one in scores.classes] if scores else None,
        "calibration": _plain_calibration(scores),
        "slices": [_plain_slice(one) for one in slices],
        "against": plain_comparison(args.against, comparison),
        "rows": plain_rows(rows),
        "notes": list(rows.notes),
        "output": args.output,
        "problem": None,
    }


def _plain_numbers(scores: ClassificationScores | None) -> dict[str, Any] | None:
    if scores is None:
        return None
    order = {name: place for place, name in enumerate(METRICS)}
    names = sorted(scores.numbers, key=lambda name: order.get(name, len(order)))
    found = {name: scores.numbers[name] for name in names}
    return {name: {"value": one.value, "low": one.low, "high": one.high} for name, one in found.items()}


def _plain_class(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in
            ("name", "rows", "precision", "recall", "f1", "auc", "average_precision")}  # fmt: skip


def _plain_calibration(scores: ClassificationScores | None) -> dict[str, Any] | None:
    if scores is None:
        return None
    found = scores.calibration
    bins = {"sureness": found.sureness, "accuracy": found.accuracy, "rows": found.counts}
    return {"error": found.error, **{name: values.tolist() for name, values in bins.items()}}


def _plain_slice(one: Slice) -> dict[str, Any]:
    told = (
        "name",
        "kind",
        "query",
        "size",
        "score",
        "low",
        "high",
        "rest",
        "loss",
        "lost",
        "p_value",
        "q_value",
    )
    return {**{name: getattr(one, name) for name in told}, "also": list(one.also), "rows": one.rows.tolist()}


def plain_comparison(other: str, found: Comparison | None) -> dict[str, Any] | None:
    """The answer of a paired test as JSON has it."""
    if found is None:
        return None
    told = ("metric", "difference", "low", "high", "p_value", "only_first", "only_second", "words")
    return {"model": other, **{name: getattr(found, name) for name in told}}


def plain_rows(rows: RowScores) -> list[dict[str, Any]]:
    """Each row as JSON has it; `row` is its number in the file, from 1."""
    true = [None] * len(rows) if rows.true is None else [rows.names[i] for i in rows.true]
    said, sure = rows.predicted, rows.sureness
    return [
        {
            "row": int(rows.row_ids.rows[i]) + 1,
            "text": rows.texts[i],
            "true": true[i],
            "predicted": rows.names[said[i]],
            "probability": float(sure[i]),
            "loss": None if rows.true is None else float(rows.losses[i]),
            "probabilities": dict(zip(rows.names, rows.probabilities[i].tolist(), strict=True)),
        }
        for i in range(len(rows))
    ]


def _check_output(output: str | None) -> None:
    from workbench.run.problem import bad_input

    if output and Path(output).suffix.lower() not in (".csv", ".jsonl", ".ndjson"):
        raise bad_input(
            "Rows are written as CSV or JSON Lines.", "", "Give -o a name that ends with .csv or .jsonl."
        )


def _write(path: Path, rows: RowScores) -> None:
    from workbench.data.saving import made_harmless
    from workbench.run.files import writing

    records = plain_rows(rows)
    if path.suffix.lower() != ".csv":
        with writing(path, newline="\n") as file:
            for record in records:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        return
    own = ("row", "text", "true", "predicted", "probability", "loss")
    with writing(path, newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([*own, *(made_harmless(f"probability of {name}") for name in rows.names)])
        for record in records:
            cells = [record[name] for name in own]
            cells = [
                "" if cell is None else made_harmless(cell) if isinstance(cell, str) else cell
                for cell in cells
            ]
            writer.writerow([*cells, *record["probabilities"].values()])
