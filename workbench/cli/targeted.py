"""What `workbench evaluate` says of a model with labels, numbers or marks: metrics with intervals, details and rows."""

from __future__ import annotations

import argparse
import csv
import json
import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.asked import get_model_ready, hear_progress
from workbench.cli.classified_plain import plain_comparison, plain_slice
from workbench.cli.deciding import plain_tracked, show_tracked, slice_table
from workbench.cli.tables import table
from workbench.run.metric_titles import shown, words_of_metric
from workbench.run.target_scores import EntityScores, MultiLabelScores, RegressionScores

if TYPE_CHECKING:
    from workbench.run.row_slices import Slice
    from workbench.run.scores import Number
    from workbench.run.target_rows import TargetRows, TargetsAgainst
    from workbench.session.scoring.rows import Side
    from workbench.session.scoring.tracking import Tracked

_SIDES = {"held-out": "validation", "test": "test", "training": "train"}
#: The faults of marks in words.
FAULT_WORDS = {
    "boundary": "right kind, wrong words",
    "kind": "right words, wrong kind",
    "both": "wrong words and kind",
    "missed": "missed",
    "spurious": "nothing was there",
}


def run(args: argparse.Namespace) -> int:
    """Evaluate; returns the exit code."""
    from workbench.run.problem import bad_input
    from workbench.session.lanes import lone_desk
    from workbench.session.scoring.targets import evaluate_targets

    if args.output and Path(args.output).suffix.lower() not in (".csv", ".jsonl", ".ndjson"):
        raise bad_input(
            "Rows are written as CSV or JSON Lines.", "", "Give -o a name that ends with .csv or .jsonl."
        )
    if args.beside:
        raise bad_input(
            "Answers that are written stand beside each other.",
            f"{args.model} gives something else.",
            "Compare it with another model on the same rows: --against.",
        )
    side: Any = _SIDES[args.side]
    desk = lone_desk(partial(hear_progress, args.console))
    found = evaluate_targets(args.home, args.model, desk, data=args.data, side=side, again=args.again)
    other = _against(args, found, side) if args.against else None
    slices = _slices(args, found)
    runs = _tracked(args, found, slices)
    if args.output:
        _write(Path(args.output), found)
    _show(args, found, other, slices)
    show_tracked(args.console, slices, runs)
    groups = [
        plain_slice(one) | {"runs": [plain_tracked(each) for each in those]}
        for one, those in zip(slices, runs, strict=True)
    ]
    args.console.answer(_plain(args, found, other) | {"slices": groups})
    return 0


def _slices(args: argparse.Namespace, found: TargetRows) -> list[Slice]:
    """The groups that were asked for, then those on which more is wrong than on the others."""
    from workbench.session.scoring.row_query import RowTable
    from workbench.session.scoring.slices import find_slices, slice_of
    from workbench.session.scoring.target_slices import right_and_wrong

    rows = right_and_wrong(found)
    ready = RowTable(rows)
    asked = [slice_of(rows, query, ready) for query in args.slice]
    return asked if args.no_slices else [*asked, *find_slices(rows).slices]


def _tracked(args: argparse.Namespace, found: TargetRows, slices: list[Slice]) -> list[tuple[Tracked, ...]]:
    """How the other runs that were measured do on each group, where that is asked for."""
    from workbench.session.scoring.measuring import RowsRequest
    from workbench.session.scoring.target_slices import right_and_wrong
    from workbench.session.scoring.tracking import through_runs

    side: Any = _SIDES[args.side]
    request, rows = RowsRequest(args.model, args.data, side), right_and_wrong(found)
    answers = (found.task, *found.names)
    return [
        through_runs(args.home, request, rows, one, answers=answers) if args.track else () for one in slices
    ]


def _against(args: argparse.Namespace, found: TargetRows, side: Side) -> TargetsAgainst:
    """The paired answer: is the model better than the other?"""
    from workbench.session.evaluating import BASE, run_behind
    from workbench.session.lanes import lone_desk
    from workbench.session.scoring.measuring import RowsRequest, source_of
    from workbench.session.scoring.targets import measured_against

    other = source_of(args.home, args.model) if args.against == BASE else args.against
    get_model_ready(args, other)
    own = not args.data and run_behind(args.home, other) is not None
    request = RowsRequest(other, args.data, side, "" if own else args.model, again=args.again)
    return measured_against(
        args.home, found, request, lone_desk(partial(hear_progress, args.console)), args.metric
    )


def _show(
    args: argparse.Namespace, found: TargetRows, other: TargetsAgainst | None, slices: list[Slice]
) -> None:
    console, scores = args.console, found.scores
    console.result(f"{found.model} on {len(found.texts)} rows, {found.told}:\n")
    if scores is None:
        console.result(f"{found.accuracy:.1%} of the words have the right tag.")
    else:
        lines = [_line(name, number) for name, number in scores.numbers.items()]
        console.result(table(("", "", "95 % interval"), lines))
    match scores:
        case MultiLabelScores():
            console.result("\n" + _labels(scores))
        case RegressionScores() if len(scores.columns) > 1:
            console.result("\n" + _columns(scores))
        case EntityScores():
            console.result("\n" + _kinds(scores))
    if other is not None:
        console.result(f"\nIs it better than {args.against}? {other.comparison.words}")
    if slices:
        console.result(f"\nGroups of rows:\n{slice_table(slices[: 10 + len(args.slice)])}")
    worst = sorted((i for i in range(len(found.texts)) if found.wrong[i]), key=lambda i: -found.losses[i])
    for i in worst[: max(0, args.samples)]:
        text = found.texts[i] if len(found.texts[i]) <= 200 else f"{found.texts[i][:199]}…"
        console.result(
            f"\nRow {found.rows[i] + 1}: {found.true[i] or 'nothing'}, said to be {found.said[i] or 'nothing'}\n{text}"
        )
    if args.output:
        console.result(f"\nWritten: {args.output}")


def _line(name: str, number: Number) -> tuple[str, str, str]:
    between = ""
    if number.low is not None and number.high is not None:
        between = f"{_value(name, number.low)} to {_value(name, number.high)}"
    return words_of_metric(name).title, _value(name, number.value), between


def _value(name: str, value: float) -> str:
    """A measure as it is shown; errors are in the data's own unit, which may be thousands."""
    return f"{value:.4g}" if name in ("mae", "rmse") else shown(name, value)


def _labels(scores: MultiLabelScores) -> str:
    lines = [
        (one.name, str(one.rows), *(f"{100 * value:.1f} %" for value in (one.precision, one.recall, one.f1)),
         shown("auc", one.auc), f"{one.threshold:.2f}", f"{one.best_threshold:.2f}")
        for one in scores.labels
    ]  # fmt: skip
    head = ("label", "rows", "precision", "recall", "F1", "AUC", "given from", "best from")
    return table(head, lines)


def _columns(scores: RegressionScores) -> str:
    names = ("r2", "mae", "rmse", "spearman")
    lines = [(one.name, *(_value(name, one.numbers[name].value) for name in names)) for one in scores.columns]
    return table(("column", *(words_of_metric(name).title for name in names)), lines)


def _kinds(scores: EntityScores) -> str:
    lines = [
        (one.name, str(one.there), str(one.said), *(f"{100 * v:.1f} %" for v in (one.precision, one.recall, one.f1)))
        for one in scores.kinds
    ]  # fmt: skip
    kinds = table(("kind", "there", "marked", "precision", "recall", "F1"), lines)
    faults = [(FAULT_WORDS[what], str(count)) for what, count in scores.fault_counts.items()]
    pairs = sorted(scores.confused.items(), key=lambda pair: -pair[1])
    confused = [f"{count} × {true} marked as {said}" for (true, said), count in pairs]
    return "\n\n".join(
        part for part in (kinds, table(("what is wrong", "marks"), faults), ", ".join(confused[:8])) if part
    )


def _plain(args: argparse.Namespace, found: TargetRows, other: TargetsAgainst | None) -> dict[str, Any]:
    scores = found.scores
    metrics = None
    if scores is not None:
        metrics = {
            name: {"value": one.value, "low": one.low, "high": one.high}
            for name, one in scores.numbers.items()
        }
    return {
        "model": found.model,
        "kind": found.task,
        "data": found.told,
        "file": found.file,
        "metrics": metrics or {"accuracy": {"value": found.accuracy, "low": None, "high": None}},
        "per_class": _details(scores),
        "faults": dict(scores.fault_counts) if isinstance(scores, EntityScores) else None,
        "against": plain_comparison(args.against, other.comparison) if other else None,
        "rows": plain_rows(found, other),
        "notes": list(found.notes),
        "output": args.output,
        "problem": None,
    }


def _details(scores: Any) -> list[dict[str, Any]] | None:
    """Each label, column or kind by itself."""
    match scores:
        case MultiLabelScores():
            names = (
                "name",
                "rows",
                "precision",
                "recall",
                "f1",
                "auc",
                "average_precision",
                "threshold",
                "best_threshold",
            )
            return [{name: _number(getattr(one, name)) for name in names} for one in scores.labels]
        case RegressionScores():
            return [
                {"name": one.name, **{name: number.value for name, number in one.numbers.items()}}
                for one in scores.columns
            ]
        case EntityScores():
            told = ("name", "there", "said", "precision", "recall", "f1")
            return [{name: getattr(one, name) for name in told} for one in scores.kinds]
    return None


def _number(value: Any) -> Any:
    """NaN has no place in JSON."""
    return None if isinstance(value, float) and math.isnan(value) else value


def plain_rows(found: TargetRows, other: TargetsAgainst | None = None) -> list[dict[str, Any]]:
    """Each row as JSON has it; `row` is its number in the file, from 1."""
    rows = []
    for i in range(len(found)):
        row: dict[str, Any] = {
            "row": int(found.rows[i]) + 1,
            "text": found.texts[i],
            "true": found.true[i],
            "predicted": found.said[i],
            "probability": _number(float(found.sureness[i])),
            "loss": float(found.losses[i]),
        }
        if found.task == "multi-label":
            row["probabilities"] = dict(zip(found.names, found.given[i].tolist(), strict=True))
        if other is not None:
            row |= {"other_predicted": other.said[i], "apart": float(other.apart[i])}
        rows.append(row)
    return rows


def _write(path: Path, found: TargetRows) -> None:
    from workbench.data.saving import made_harmless
    from workbench.run.files import writing

    records = plain_rows(found)
    csv_wanted = path.suffix.lower() == ".csv"
    with writing(path, newline="" if csv_wanted else "\n") as file:
        if not csv_wanted:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
            return
        writer = csv.writer(file, lineterminator="\r\n")
        own = ("row", "text", "true", "predicted", "probability", "loss")
        labels = found.names if found.task == "multi-label" else ()
        writer.writerow([*own, *(made_harmless(f"probability of {name}") for name in labels)])
        for record in records:
            cells = [record[name] for name in own]
            cells = ["" if c is None else made_harmless(c) if isinstance(c, str) else c for c in cells]
            writer.writerow([*cells, *record.get("probabilities", {}).values()])
