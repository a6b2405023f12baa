"""The labelled rows behind a run's training file: as the run read them, and how their labels are written there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.data.patch import LABEL_COLUMN
from workbench.data.step import parse_step
from workbench.data.training_rows import opened, training_rows
from workbench.run.home import Home
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed
from workbench.session.lanes import Desk
from workbench.session.preparing import step_context
from workbench.shelf.datasets import resolve_data

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRows:
    """Rows with a text and a label, each row of the file once, in the file's order.

    Attributes:
        texts: The texts.
        labels: Their classes as indexes into `names`, int64.
        names: The classes.
        keys: By which edits by hand name the rows; uint64.
        origin: Their numbers in the untouched file, from 0; int64.
        trained: Whether they are on the training side; bool.
        column: The column of labels.
    """

    texts: list[str]
    labels: Ints
    names: tuple[str, ...]
    keys: NDArray[np.uint64]
    origin: Ints
    trained: NDArray[np.bool_]
    column: str


def labelled_rows_of(home: Home, recipe: Recipe, desk: Desk) -> LabelledRows:
    """Every labelled row of a recipe's training file, of all sides; steps for learning alone make no new ones.

    Raises:
        WorkbenchError: When the data cannot be read as the recipe says.
    """
    data = recipe.data
    steps = tuple(s for s in data.steps if not (s.on and parse_step(s.model_dump()).learning_only))
    context = step_context(recipe, home, desk.check)
    found = training_rows(data.model_copy(update={"steps": steps}), context, _resolve)
    sides = [(found.train, True)]
    sides += [
        (frame, False)
        for frame, share in ((found.validation, data.validation), (found.test, data.test))
        if not isinstance(share, str)
    ]
    texts: list[str] = []
    labels: list[int] = []
    for frame, _ in sides:
        some, theirs = found.numbered(frame)
        texts += some
        labels += theirs
    keys = np.concatenate([frame.keys for frame, _ in sides])
    origin = np.concatenate([frame.origin for frame, _ in sides])
    trained = np.concatenate([np.full(frame.rows, side) for frame, side in sides])
    _, first = np.unique(keys, return_index=True)  # a step may have made several rows of one
    first = first[np.argsort(origin[first], kind="stable")]
    return LabelledRows(
        [texts[i] for i in first], np.array(labels, dtype=np.int64)[first], found.class_names,
        keys[first], origin[first], trained[first], found.resolved["data.label"] or LABEL_COLUMN,
    )  # fmt: skip


def _resolve(source: str, field: str) -> Path:
    return resolve_data(source, field=field)


def as_written(home: Home, recipe: Recipe, rows: LabelledRows, desk: Desk) -> Mapping[str, str]:
    """How each class is written in the untouched file, by its name after the recipe's steps."""
    if not any(step.on for step in recipe.data.steps):
        return {name: name for name in rows.names}
    context = step_context(changed(recipe, "data.steps", ()), home, desk.check)
    table = opened(recipe.data, recipe.data.train, "data.train", context, _resolve)
    if rows.column not in table.columns:  # a step makes the labels: what is given by hand is the class itself
        return {name: name for name in rows.names}
    cells = table.column(rows.column)
    written: dict[str, Counter[str]] = {name: Counter() for name in rows.names}
    for place, label in zip(rows.origin.tolist(), rows.labels.tolist(), strict=True):
        if cell := (cells[place] or "").strip():
            written[rows.names[label]][cell] += 1
    return {name: found.most_common(1)[0][0] if found else name for name, found in written.items()}
