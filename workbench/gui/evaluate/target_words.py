"""What is said of labels, numbers and marks: the tiles, the table of their parts, and which rows a part chooses."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.gui.attention.rows_model import Cell, Heading, Row
from workbench.gui.evaluate.tiles import figure
from workbench.run.inside.tables import Table
from workbench.run.scores import Number
from workbench.run.target_rows import TargetRows, TargetsAgainst
from workbench.run.target_scores import EntityScores, MultiLabelScores, RegressionScores

Mask = NDArray[np.bool_]

#: Names, titles and meanings of the numbers that stand as tiles.
LABEL_TILES = (
    (
        "f1_macro",
        "Macro F1",
        "The mean over the labels of F1, which falls with false alarms and with misses.",
    ),
    ("f1_micro", "Micro F1", "F1 of all decisions about all labels together."),
    ("f1_samples", "F1 by row", "The mean over the rows of F1 of their labels."),
    ("accuracy", "All labels right", "The share of rows on which every single label is right."),
    ("hamming", "Hamming loss", "The share of decisions about single labels that are wrong."),
    ("loss", "Log loss", "How surprised the model is by what is right, in nats; smaller is better."),
)
NUMBER_TILES = (
    (
        "r2",
        "R²",
        "The share of the spread that the model explains; 1 is perfect, 0 is no better than the mean.",
    ),
    ("mae", "MAE", "By how much it is wrong on average, in the data's own unit."),
    ("rmse", "RMSE", "The same, where large mistakes count more."),
    ("spearman", "Spearman", "How far it puts rows into the right order; 1 is perfect."),
)
MARK_TILES = (
    ("f1", "Entity F1", "A stretch counts as found only where its kind and both its ends are right."),
    ("precision", "Precision", "Of the stretches that are marked, the share that is right."),
    ("recall", "Recall", "Of the stretches that are there, the share that is found."),
    ("f1_macro", "Macro F1", "The mean of F1 over the kinds."),
    ("accuracy", "Words right", "The share of words with the right tag."),
)
#: So many pairs of kinds that are taken for each other are told.
_CONFUSED = 8
FAULTS = {
    "boundary": "Right kind, wrong ends",
    "kind": "Right ends, wrong kind",
    "both": "Overlaps, wrong kind and ends",
    "missed": "Missed",
    "spurious": "Marked where nothing is",
}


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """What a line of the table chooses: its words, the rows, and which column of numbers it is about (-1 for none)."""

    words: str
    rows: Mask
    part: int = -1


def tiles_of(found: TargetRows) -> tuple[tuple[str, str, str], ...]:
    """The tiles of a task."""
    return {"multi-label": LABEL_TILES, "regression": NUMBER_TILES}.get(found.task, MARK_TILES)


def numbers_of(found: TargetRows) -> dict[str, Number]:
    """The numbers by name."""
    if found.scores is not None:
        return found.scores.numbers
    return {} if math.isnan(found.accuracy) else {"accuracy": Number("accuracy", found.accuracy)}


def headings_of(found: TargetRows, tr: Callable[[str], str]) -> list[Heading]:
    """The headings of the table of labels, columns or kinds."""
    names = {
        "multi-label": ("Label", "Rows", "Precision", "Recall", "F1", "AUC", "Threshold"),
        "regression": ("Column", "R²", "MAE", "RMSE", "Spearman"),
    }.get(found.task, ("Kind", "There", "Marked", "Precision", "Recall", "F1"))
    return [Heading(tr(name), wide=not i, number=bool(i)) for i, name in enumerate(names)]


def lines_of(found: TargetRows) -> list[Row]:
    """The lines of that table, each with the rows that it chooses: those on which something of it is wrong."""
    scores = found.scores
    if isinstance(scores, MultiLabelScores):
        return [
            Row(
                (
                    Cell(one.name), _count(one.rows),
                    *(_cell(getattr(one, name)) for name in ("precision", "recall", "f1", "auc", "threshold")),
                ),
                Chosen(f"mistakes about “{one.name}”", _label_mistakes(found, one.name)),
            )
            for one in scores.labels
        ]  # fmt: skip
    if isinstance(scores, RegressionScores):
        return [
            Row(
                (
                    Cell(one.name),
                    *(_cell(one.numbers[name].value) for name in ("r2", "mae", "rmse", "spearman")),
                ),
                Chosen(
                    f"the tenth with the largest errors of “{one.name}”", _far_off(scores, number), number
                ),
            )
            for number, one in enumerate(scores.columns)
        ]
    if isinstance(scores, EntityScores):
        return [
            Row(
                (
                    Cell(one.name), _count(one.there), _count(one.said),
                    *(_cell(getattr(one, name)) for name in ("precision", "recall", "f1")),
                ),
                Chosen(f"mistakes about “{one.name}”", _kind_mistakes(found, scores, one.name)),
            )
            for one in scores.kinds
        ]  # fmt: skip
    return []


def faults_of(found: TargetRows) -> list[Row]:
    """What is wrong with marks, each with its rows; nothing of other tasks."""
    scores = found.scores
    if not isinstance(scores, EntityScores):
        return []
    lines = [
        Row(
            (Cell(FAULTS.get(what, what)), _count(count)),
            Chosen(FAULTS.get(what, what), _faulty(found, scores, what)),
        )
        for what, count in scores.fault_counts.items()
    ]
    pairs = sorted(scores.confused.items(), key=lambda pair: -pair[1])
    for (true, said), count in pairs[:_CONFUSED]:
        words = f"“{true}” marked as “{said}”"
        lines.append(Row((Cell(words), _count(count)), Chosen(words, _confused(found, scores, true, said))))
    return lines


def number_table(found: TargetRows) -> Table:
    """A line for each number, with the ends of its interval."""
    lines = [["metric", "value", "low", "high"]]
    for one in numbers_of(found).values():
        ends = ("" if end is None else f"{end:.6f}" for end in (one.low, one.high))
        lines.append([one.name, f"{one.value:.6f}", *ends])
    return lines


def row_table(found: TargetRows, against: TargetsAgainst | None = None) -> Table:
    """A line for each row, with what another model says of it."""
    lines = [["file", "row", "text", "true", "said", "wrong", "loss"]]
    labels = found.names if found.task == "multi-label" else ()
    lines[0] += [f"p({name})" for name in labels]
    lines[0] += ["other_said", "apart"] if against else []
    for i, text in enumerate(found.texts):
        wrong = "yes" if found.wrong[i] else "no"
        line = [found.file, str(int(found.rows[i]) + 1), text, found.true[i], found.said[i], wrong]
        line += [f"{found.losses[i]:.6f}", *(f"{p:.6f}" for p in (found.given[i] if labels else ()))]
        lines.append([*line, against.said[i], f"{against.apart[i]:.6f}"] if against else line)
    return lines


def _label_mistakes(found: TargetRows, name: str) -> Mask:
    pairs = zip(found.true, found.said, strict=True)
    return np.array([(name in a.split(", ")) != (name in b.split(", ")) for a, b in pairs], dtype=np.bool_)


def _far_off(scores: RegressionScores, number: int) -> Mask:
    """The tenth of the rows with the largest residuals."""
    apart = np.abs(scores.residuals[:, number])
    far: Mask = apart >= np.quantile(apart, 0.9)
    return far


def _kind_mistakes(found: TargetRows, scores: EntityScores, kind: str) -> Mask:
    rows = np.zeros(len(found.texts), dtype=np.bool_)
    for fault in scores.faults:
        if kind in {one.kind for one in (fault.true, fault.said) if one is not None}:
            rows[fault.row] = True
    return rows


def _faulty(found: TargetRows, scores: EntityScores, what: str) -> Mask:
    rows = np.zeros(len(found.texts), dtype=np.bool_)
    rows[[fault.row for fault in scores.faults if fault.what == what]] = True
    return rows


def _confused(found: TargetRows, scores: EntityScores, true: str, said: str) -> Mask:
    rows = np.zeros(len(found.texts), dtype=np.bool_)
    for fault in scores.faults:
        if (
            fault.true is not None
            and fault.said is not None
            and (fault.true.kind, fault.said.kind) == (true, said)
        ):
            rows[fault.row] = True
    return rows


def _count(value: int) -> Cell:
    return Cell(str(value), value)


def _cell(value: float) -> Cell:
    return Cell(figure(value), value)
