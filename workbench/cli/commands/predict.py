"""`workbench predict`: the classes of all texts of a file, as CSV."""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from workbench.run.problem import WorkbenchError
from workbench.run.results import Prediction

if TYPE_CHECKING:
    from workbench.data.tables import Table
    from workbench.run.home import Home

NAME = "predict"
HELP = "put the texts of a file into classes, with probabilities, as CSV"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar="RUN", help="a run, or a folder with a trained classifier")
    parser.add_argument("file", metavar="FILE", help="a CSV, TSV, JSON Lines, Parquet or text file")
    parser.add_argument("-o", "--output", metavar="FILE.csv", help="write here; else to standard output")
    parser.add_argument(
        "--text", default="", metavar="COLUMN", help="the column to read (else the run's, or guessed)"
    )


def run(args: argparse.Namespace) -> int:
    """Predict; returns the exit code."""
    from workbench.data.tables import read_table
    from workbench.run.files import writing
    from workbench.session import inspection
    from workbench.session.lanes import lone_desk
    from workbench.session.requests import PredictionRequest

    source = read_table(args.file, field="")
    column = _text_column(args.home, args.model, source, args.text)
    texts = tuple(value or "" for value in source.column(column))
    console = args.console
    console.progress.show(f"reading {len(texts)} texts from the column {column}")
    request = PredictionRequest(args.model, texts)
    predictions = inspection.predict(args.home, request, lone_desk(console.hear))
    counts = Counter(prediction.label for prediction in predictions)
    classes = sorted(name for name, _ in predictions[0].classes) if predictions else []
    if args.output:
        with writing(Path(args.output), newline="") as file:
            _write(file, predictions)
    elif not console.json:
        _write(console.out, predictions)
    console.answer(
        {
            "output": args.output,
            "rows": len(predictions),
            "column": column,
            "classes": {name: counts[name] for name in classes},
            "predictions": None if args.output else [_plain(prediction) for prediction in predictions],
            "problem": None,
        }
    )
    if args.output:
        console.result(f"{len(predictions)} rows written: {args.output}")
        for name in classes:
            console.result(f"  {counts[name]:6}  {name}")
    return 0


def _text_column(home: Home, model: str, table: Table, named: str) -> str:
    """The column to read: the named one, the one that the run learned from, or the guessed one."""
    from workbench.data.guess import guess_columns
    from workbench.data.tables import no_such_column
    from workbench.run.folder import find_run

    if named:
        if named not in table.columns:
            raise no_such_column(table, named, field="--text")
        return named
    try:
        learned = find_run(home, model).recipe().data.text
    except WorkbenchError:  # a model that is no run, or a run whose recipe cannot be read: guess
        learned = ""
    if learned in table.columns:
        return learned
    if learned and len(table.columns) > 1:  # reading another column in silence would give wrong answers
        raise no_such_column(table, learned, field="--text")
    return guess_columns(table).text or table.columns[0]


def _write(file: IO[Any], predictions: Sequence[Prediction]) -> None:
    """One row per text: text, predicted, and a probability per class in the order of the classes' names."""
    classes = sorted(name for name, _ in predictions[0].classes) if predictions else []
    writer = csv.writer(file, lineterminator="\n")
    own = ["text", "predicted"]
    writer.writerow([*own, *(f"{name} (class)" if name in own else name for name in classes)])
    for prediction in predictions:
        found = dict(prediction.classes)
        writer.writerow([prediction.text, prediction.label, *(f"{found[name]:.6f}" for name in classes)])


def _plain(prediction: Prediction) -> dict[str, object]:
    return {
        "text": prediction.text,
        "predicted": prediction.label,
        "probabilities": dict(prediction.classes),
    }
