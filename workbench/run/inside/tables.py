"""What was found inside a model as tables of plain texts, for files and for the clipboard; the first line is the
heading. Layers, heads and positions are counted from 1."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

import numpy as np

from workbench.run.inside.ablation import Importance, Measured
from workbench.run.inside.census import Census
from workbench.run.inside.comparison import Comparison
from workbench.run.inside.edit import Edited
from workbench.run.inside.explanation import Explanation
from workbench.run.inside.film import Reel
from workbench.run.inside.generation import WrittenRows
from workbench.run.inside.lens import ClassLens, Lens, row_name
from workbench.run.inside.links import Found

Table = list[list[str]]


def delimited(rows: Iterable[Iterable[str]], delimiter: str = ",") -> str:
    """A table as delimited text: commas for a file, tabs for a spreadsheet's clipboard."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def scores_table(found: Explanation) -> Table:
    """A line for each token, a column for each method."""
    lines = [["position", "token", "special", *(row.method for row in found.attributions)]]
    for i, token in enumerate(found.tokens):
        scores = [number(row.scores[i], 9) for row in found.attributions]
        lines.append([str(i + 1), token, "yes" if found.special[i] else "no", *scores])
    return lines


def deletion_table(found: Explanation) -> Table:
    """A line for each number of tokens that are gone, a column for each method, then the mean of random orders."""
    test = found.test
    if test is None:
        return []
    lines = [["tokens removed", *(curve.method for curve in test.curves), "random"]]
    for i, gone in enumerate(test.removed):
        values = [*(curve.first[i] for curve in test.curves), test.random[:, i].mean()]
        lines.append([str(int(gone)), *(number(value) for value in values)])
    return lines


def lens_table(found: Lens) -> Table:
    """A line for each layer, with a column for each class; of a language model a line for each layer and place."""
    if isinstance(found, ClassLens):
        layers: list[list[float]] = found.probabilities.tolist()
        rows = ([row_name(at), *map(number, values)] for at, values in enumerate(layers))
        return [["after", *found.class_names], *rows]
    lines = [
        [
            "after",
            "position",
            "token",
            "guess",
            "probability",
            "really follows",
            "its probability",
            "its rank",
        ]
    ]
    for at, place in np.ndindex(found.rows, len(found.tokens)):
        guess, chance = found.likely(at, place)[0]
        follows = ["", "", ""]
        if found.following[place] >= 0:
            name = found.words[int(found.following[place])]
            follows = [
                name,
                number(float(found.following_probability[at, place])),
                str(found.following_rank[at, place]),
            ]
        lines.append([row_name(at), str(place + 1), found.tokens[place], guess, number(chance), *follows])
    return lines


def importance_table(found: Importance) -> Table:
    """A line for each head that is known: how much the loss and the metric suffer without it."""
    quick = found.kind == "gradient"
    heading = (
        ["layer", "head", "mean gradient"] if quick else ["layer", "head", "loss rises by", "low", "high"]
    )
    lines = [heading if quick else [*heading, f"{found.metric} suffers by", "low", "high"]]
    sides = (found.side("loss")[:1],) if quick else (found.side("loss"), found.side("metric"))
    for layer, head in np.argwhere(np.isfinite(found.losses)).tolist():
        values = [number(array[layer, head]) for side in sides for array in side]
        lines.append([str(layer + 1), str(head + 1), *values])
    return lines


def pruning_table(points: Mapping[int, Measured]) -> Table:
    """A line for each number of heads that were taken away together, the least important first."""
    lines: Table = []
    for count, found in sorted(points.items()):
        lines = lines or [["heads gone", found.metric, "change, low", "change, high", "loss"]]
        values = (found.after, found.low, found.high, found.loss_after)
        lines.append([str(count), *map(number, values)])
    return lines


def change_table(found: Edited) -> Table:
    """A line for each class, or likely next token, with its probability before and after the edit."""
    return [
        ["next token" if found.language else "class", "original", "edited", "points"],
        *([row.name, *map(number, (row.before, row.after, row.points))] for row in found.changes),
    ]


def divergence_table(found: Comparison) -> Table:
    """A line for each head, the most changed first, in bits."""
    ranked = found.ranked()
    return [
        ["layer", "head", "changed by (bit)"],
        *([str(layer + 1), str(head + 1), number(found.divergence[layer, head])] for layer, head in ranked),
    ]


def census_table(found: Census) -> Table:
    """A line for each head: its kind, the next one, and its measures."""
    lines = [["layer", "head", "kind", "score", "next kind", "its score", "entropy", "distance", "offset"]]
    for each in found.heads():
        measures = (each.runner_up_score, each.entropy, each.distance, each.offset)
        second, *rest = map(number, measures)
        name = [str(each.layer + 1), str(each.head + 1), each.kind.title, number(each.score)]
        lines.append([*name, each.runner_up.title, second, *rest])
    return lines


def links_table(found: Found) -> Table:
    """A line for each head in which the words look at each other, the strongest first."""
    lines = [["layer", "head", "kind", "weight", "from", "to", "sentence", "model"]]
    for hit in found.hits:
        place = [str(hit.layer + 1), str(hit.head + 1), hit.kind, number(hit.weight)]
        lines.append([*place, hit.source, hit.target, hit.text, hit.title])
    return lines


def film_table(reel: Reel) -> Table:
    """A line for each frame: the sentence's loss, and what was held likely."""
    names = list(dict.fromkeys(name for i in range(len(reel.frames)) for name, _ in reel.said(i).prediction))
    names = names if len(names) <= 40 else []  # the next tokens of a language model are others in each frame
    lines = [["step", "loss", *names]]
    for i, frame in enumerate(reel.frames):
        said = reel.said(i)
        chances = dict(said.prediction)
        values = [said.loss, *(chances.get(name, float("nan")) for name in names)]
        lines.append([str(frame.step), *map(number, values)])
    return lines


def writing_table(found: WrittenRows) -> Table:
    """A line for each token of the text, a column for each step: the mean weight over all heads, as far as it was
    read."""
    columns = [
        sum((found.row(step, look=look) for look in found.looks), np.zeros(found.reads(step)))
        for step in range(found.steps)
    ]
    lines = [["position", "token", *(found.tokens[found.reads(step)] for step in range(found.steps))]]
    for i, token in enumerate(found.tokens):
        cells = [number(weights[i]) if i < len(weights) else "" for weights in columns]
        lines.append([str(i + 1), token, *cells])
    return lines


def number(value: float, figures: int = 6) -> str:
    """A number as a spreadsheet reads it; nothing where it is not known."""
    return "" if np.isnan(value) else f"{float(value):.{figures}g}"
