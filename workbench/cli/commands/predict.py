"""`workbench predict`: what a model says of all texts of a file, as CSV."""

from __future__ import annotations

import argparse
import csv
import json
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
HELP = "what a trained model says of the texts of a file (classes, labels, numbers, marked words), as CSV"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar="RUN", help="a run, or a folder with a trained model")
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
    counts = _counts(predictions)
    classes = sorted(counts)
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


def _counts(predictions: Sequence[Prediction]) -> dict[str, int]:
    """How many texts got each class or label; of marks, how many there are of each kind. None of numbers."""
    found = Counter(name for one in predictions for name in _answers(one))
    known = [name for name, _ in predictions[0].classes] if predictions else []
    return {name: found[name] for name in (*known, *found)}


def _answers(prediction: Prediction) -> Sequence[str]:
    match prediction.kind:
        case "labels":
            return prediction.chosen
        case "numbers":
            return ()
        case "marks":
            return [mark.kind for mark in prediction.marks]
    return (prediction.label,)


def _write(file: IO[Any], predictions: Sequence[Prediction]) -> None:
    """One row per text: text, predicted, and a probability per class in the order of the classes' names. Of several
    numbers each has a column, and what is marked stands in one as a JSON list."""
    if predictions and predictions[0].kind in ("numbers", "marks"):
        _write_others(file, predictions)
        return
    classes = sorted(name for name, _ in predictions[0].classes) if predictions else []
    writer = csv.writer(file, lineterminator="\n")
    own = ["text", "predicted"]
    writer.writerow([*own, *(f"{name} (class)" if name in own else name for name in classes)])
    for prediction in predictions:
        found = dict(prediction.classes)
        writer.writerow([prediction.text, prediction.label, *(f"{found[name]:.6f}" for name in classes)])


def _write_others(file: IO[Any], predictions: Sequence[Prediction]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    names = [name for name, _ in predictions[0].numbers]
    writer.writerow(["text", *(["predicted"] if len(names) < 2 else names)])
    for prediction in predictions:
        if prediction.kind == "numbers":
            cells = [f"{value:.6g}" for _, value in prediction.numbers]
        else:
            cells = [json.dumps(_marks(prediction), ensure_ascii=False)]
        writer.writerow([prediction.text, *cells])


def _marks(prediction: Prediction) -> list[dict[str, object]]:
    return [
        {
            "start": mark.start,
            "end": mark.end,
            "label": mark.kind,
            "text": prediction.text[mark.start : mark.end],
            "probability": round(mark.probability, 6),
        }
        for mark in prediction.marks
    ]


def _plain(prediction: Prediction) -> dict[str, object]:
    match prediction.kind:
        case "numbers":
            return {"text": prediction.text, "predicted": dict(prediction.numbers)}
        case "marks":
            return {"text": prediction.text, "predicted": _marks(prediction)}
        case "labels":
            return {
                "text": prediction.text,
                "predicted": list(prediction.chosen),
                "probabilities": dict(prediction.classes),
            }
    return {
        "text": prediction.text,
        "predicted": prediction.label,
        "probabilities": dict(prediction.classes),
    }
