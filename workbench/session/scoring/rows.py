"""The rows that a classifier is measured on: a side of its own run, or a file, with what leads back to each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.data.frame import Frame
from workbench.data.guess import guess_columns
from workbench.data.labelled import labelled_rows
from workbench.data.pipeline import Mended, as_table, mended, roles
from workbench.data.step import Context
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table, no_such_column
from workbench.data.training_rows import opened, training_rows
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe import DataSection, Recipe
from workbench.run.row_scores import RowIds
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe, step_context
from workbench.shelf.datasets import resolve_data

Side = Literal["validation", "test", "train"]
#: Each side in words.
SIDES: dict[Side, str] = {"validation": "held-out", "test": "test", "train": "training"}


@dataclass(frozen=True, slots=True, eq=False)
class AskedRows:
    """Rows with their right classes; fields as in `RowScores`."""

    texts: tuple[str, ...]
    true: NDArray[np.int64] | None
    row_ids: RowIds
    metadata: dict[str, tuple[str | None, ...]]
    told: str
    notes: tuple[str, ...] = ()


def own_rows(home: Home, run: RunFolder, side: Side, names: Sequence[str], desk: Desk) -> AskedRows:
    """The rows of one side of a run's own data, as training had them.

    Args:
        home: Where data and models are looked up.
        run: The run.
        side: Which of its sides.
        names: The model's classes.
        desk: Where the work is done.

    Raises:
        WorkbenchError: When the data is gone or cannot be read as before, or the side has no rows.
    """
    recipe = own_recipe(run)
    found = training_rows(recipe.data, step_context(recipe, home, desk.check), _resolve)
    frame = {"validation": found.validation, "test": found.test, "train": found.train}[side]
    if not frame.rows:
        raise bad_input(
            f"The run {run.name} has no {SIDES[side]} rows.",
            "Its recipe puts none aside.",
            "Name a file to measure with.",
            field="data",
        )
    share = getattr(recipe.data, side)
    file = share if isinstance(share, str) else recipe.data.train
    notes = []
    known = run.environment().get("data_fingerprint")
    from workbench.engine.task import joint_fingerprint

    if known and joint_fingerprint(found.fingerprints) != known:
        notes.append("The data has changed since the run began: these are the rows as they are now.")
    return _asked(frame, names, file, f"the {SIDES[side]} rows of {run.name}", notes)


def file_rows(
    home: Home, source: str, recipe: Recipe | None, names: Sequence[str], columns: tuple[str, str], desk: Desk
) -> AskedRows:
    """All rows of a file, mended as the training data was.

    Args:
        home: Where data is looked up.
        source: A file or a shipped data set.
        recipe: That of the run whose model is measured; None for any other model.
        names: The model's classes.
        columns: The columns of text and label, where a person has named them; empty ones are the recipe's, or guessed.
            A file without the label column is measured without labels.
        desk: Where the work is done.

    Raises:
        WorkbenchError: When the file cannot be read, has no text column, or none of its labels is one of the classes.
    """
    data = recipe.data if recipe is not None else DataSection()
    context = (
        step_context(recipe, home, desk.check) if recipe else Context(check=desk.check, cache=home.cache)
    )
    like = None
    if any(step.on for step in data.steps):
        like = _training(data, context)
    own = data.model_copy(update={"train": source, "patch": ""})
    table = opened(own, source, "data", context, _resolve)
    text, label = _columns(table, data, columns)
    done = mended(table, own, context, text, label, like=like)
    frame, notes = done.frame, [*table.notes, *done.told()]
    told = Path(source).name
    if not frame.label:
        texts = frame.column(frame.text)
        kept = [i for i, value in enumerate(texts) if value and value.strip()]
        if len(kept) < frame.rows:
            notes.append(f"{counted(frame.rows - len(kept), 'row')} without a text were set aside.")
        if not kept:
            raise bad_input(f"{told} has no texts.", f"Its column “{frame.text}” is empty.", "", field="data")
        notes.append(
            "The rows have no labels: what the model says is shown, and nothing is counted as wrong."
        )
        return _asked(frame.take(kept), names, source, told, notes)
    frame = _numbered(frame, names)
    rows = labelled_rows(
        as_table(frame, table), frame.text, frame.label, names, field="data", origin=frame.origin
    )
    return _asked(frame.take(rows.kept), names, source, told, [*notes, *rows.notes])


def _resolve(source: str, field: str) -> Path:
    return resolve_data(source, field=field)


def _training(data: DataSection, context: Context) -> Mended | None:
    """What the recipe's steps made of the training file, by which another file is mended alike; None where that file is
    gone, and each step then looks at the file itself."""
    try:
        table = opened(data, data.train, "data.train", context, _resolve)
        return mended(table, data, context, *roles(table, data))
    except WorkbenchError:
        return None


def _columns(table: Table, data: DataSection, named: tuple[str, str]) -> tuple[str, str]:
    """The columns of text and label of a file; the label is empty where it has none."""
    for name in named:
        if name and name not in table.columns:
            raise no_such_column(table, name, field="data")
    guess = guess_columns(table)
    text = named[0] or (data.text if data.text in table.columns else "")
    if not text and data.text and len(table.columns) > 1 and not data.steps:
        raise no_such_column(
            table, data.text, field="data"
        )  # another column in silence would give wrong answers
    text = text or guess.text or table.columns[0]
    label = named[1] or (data.label if data.label in table.columns else "")
    if not label and not data.label and guess.label != text:
        label = guess.label
    return text, label


def _numbered(frame: Frame, names: Sequence[str]) -> Frame:
    """Labels that are numbers of classes become their names, where the model's classes are no such labels."""
    values = [value and value.strip() for value in frame.column(frame.label)]
    seen = {value for value in values if value}
    if not seen or seen & set(names):
        return frame
    numbers = {str(i): name for i, name in enumerate(names)}
    if not seen <= numbers.keys():
        raise bad_input(
            f"None of the labels in “{frame.label}” is one of the model's classes.",
            f"There are {listed(sorted(seen), 6)}; the model knows {listed(list(names), 6)}.",
            "Name the label column with --label, or rename the labels in a copy of the file.",
            field="data",
        )
    return frame.with_column(frame.label, [numbers.get(value or "", value) for value in values])


def _asked(frame: Frame, names: Sequence[str], file: str, told: str, notes: Sequence[str]) -> AskedRows:
    """The rows of a frame; those of a class that the model does not know are set aside."""
    true = None
    if frame.label:
        number = {name: i for i, name in enumerate(names)}
        labels = [number.get((value or "").strip(), -1) for value in frame.column(frame.label)]
        true = np.array(labels, dtype=np.int64)
        unknown = int(np.sum(true < 0))
        if unknown == len(true):
            raise bad_input(
                f"None of {told} is of a class that the model knows.",
                f"It knows {listed(list(names), 6)}.",
                "Measure it on rows with these labels.",
                field="data",
            )
        if unknown:
            notes = (*notes, f"{counted(unknown, 'row')} of other classes were set aside.")
            kept = np.flatnonzero(true >= 0)
            frame, true = frame.take(kept), true[kept]
    others = [name for name in frame.columns if name not in (frame.text, frame.label)]
    metadata = {name: tuple(frame.column(name)) for name in others}
    texts = tuple(value or "" for value in frame.column(frame.text))
    ids = RowIds(file, frame.origin, frame.keys)
    return AskedRows(texts, true, ids, metadata, told, tuple(notes))
