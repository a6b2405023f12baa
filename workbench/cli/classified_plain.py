"""A classifier's evaluation as JSON, and its rows as a file."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.run.metric_titles import METRICS

if TYPE_CHECKING:
    from workbench.run.row_scores import RowScores
    from workbench.run.row_slices import Slice
    from workbench.run.scores import ClassificationScores, Comparison


def plain(
    args: argparse.Namespace,
    rows: RowScores,
    scores: ClassificationScores | None,
    slices: list[Slice],
    comparison: Comparison | None,
) -> dict[str, Any]:
    """Everything that was measured, as JSON has it."""
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
        "slices": [plain_slice(one) for one in slices],
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


def plain_slice(one: Slice) -> dict[str, Any]:
    """A group of rows as JSON has it."""
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


def check_output(output: str | None) -> None:
    """See that rows can be written so.

    Raises:
        WorkbenchError: When the file's ending says nothing of a table.
    """
    from workbench.run.problem import bad_input

    if output and Path(output).suffix.lower() not in (".csv", ".jsonl", ".ndjson"):
        raise bad_input(
            "Rows are written as CSV or JSON Lines.", "", "Give -o a name that ends with .csv or .jsonl."
        )


def write(path: Path, rows: RowScores) -> None:
    """Write every row as CSV or JSON Lines, whichever the file's ending says."""
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
