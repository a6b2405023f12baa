"""Cross-validation: one run for each fold, so that every row is judged once by a model that has not seen it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from workbench.run.cross_validation import CrossValidation, Fold
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import recipe_fields
from workbench.run.row_scores import RowIds, RowScores
from workbench.run.scores import Number
from workbench.run.series import (
    PartOf,
    load_plan,
    new_name,
    runs_of,
    save_plan,
    series_folder,
    with_values,
)
from workbench.run.sources import stem_of
from workbench.session.controls import Control
from workbench.session.lanes import Desk
from workbench.session.series import Came, Series, all_of, let_go, working_on

if TYPE_CHECKING:
    from workbench.engine.train import Control as EngineControl

_KIND: Literal["cross-validation"] = "cross-validation"


@dataclass(frozen=True, slots=True)
class CrossValidationRequest:
    """Begin a cross-validation, or go on with one.

    Attributes:
        recipe: What is cross-validated; None goes on with the one of this name.
        name: What it is called; empty for a name made from the recipe.
        folds: Into how many folds the rows are divided.
        group: The column whose values stay whole, such as a patient; empty to divide as the recipe says.
        keep: What each run keeps: its "model", "all" with its checkpoints, or only curves and scores ("none").
        apart: Whether each run trains in a process of its own.
    """

    recipe: Recipe | None = None
    name: str = ""
    folds: int = 5
    group: str = ""
    keep: Literal["model", "all", "none"] = "model"
    apart: bool = False


def cross_validate(
    home: Home, request: CrossValidationRequest, desk: Desk, control: EngineControl | None = None
) -> CrossValidation:
    """Do the runs of all folds, or go on with them; then judge all held-out rows together.

    Which row is in which fold depends only on the data, how it is divided and the recipe's seed: two recipes with
    another model or other settings are measured on the same folds. Reports a `CrossValidation` after each run, a
    `SeriesEvent` for each event of a run, and texts and `Progress` while its held-out rows are judged.

    Raises:
        WorkbenchError: With every complaint about the recipe and the folds.
    """
    name, recipe, folds, group = _planned(home, request)
    planned = [
        (PartOf(_KIND, name, number, {"data.fold": number}), fold_recipe(recipe, folds, number, group, name))
        for number in range(1, folds + 1)
    ]
    if not runs_of(home, name):
        from workbench.session import training

        desk.report("looking at the recipe")
        training.begin(home, planned[0][1], make_folder=False)
    with working_on(home, name):
        save_plan(home, name, _KIND, recipe, {"folds": folds, "group": group})
        series = Series(home, name, desk, control or Control(), request.apart, folds)

        def told(part: PartOf, came: Came) -> None:
            if came.folder is not None and came.problem is None:
                _keep_rows(home, name, part.number, came.folder, desk)
                let_go(came.folder, request.keep)
            desk.report(read_cross_validation(home, name))

        over = all_of(series, planned, told)
        return replace(read_cross_validation(home, name), over=over)


def read_cross_validation(home: Home, name: str) -> CrossValidation:
    """A cross-validation as it stands.

    Raises:
        WorkbenchError: When there is no such one.
    """
    recipe, table = load_plan(home, name, _KIND)
    done = tuple(_fold(number, folder) for number, folder in sorted(runs_of(home, name).items()))
    done = tuple(fold for fold in done if fold.metrics or fold.problem)
    rows = held_out_rows(home, name)
    pooled = {} if rows is None else _numbers(rows)
    metric = next((m for m in map(_metric, runs_of(home, name).values()) if m), "")
    return CrossValidation(name, recipe, int(table["folds"]), str(table["group"]), done, metric, pooled)


def held_out_rows(home: Home, name: str) -> RowScores | None:
    """Every row that was held out so far, as the run said that had not learned from it; None where there are none."""
    folder = series_folder(home, name)
    parts = []
    for file in sorted(folder.glob("fold-*.npz")):
        with contextlib.suppress(WorkbenchError):
            parts.append(RowScores.load(file))
    return pooled_rows(parts) if parts else None


def pooled_rows(parts: Sequence[RowScores]) -> RowScores:
    """Rows of several evaluations with the same classes as one, in the order of the file."""
    first = parts[0]
    columns = [name for name in first.metadata if all(name in part.metadata for part in parts)]
    rows = np.concatenate([part.row_ids.rows for part in parts])
    keys = np.concatenate([part.row_ids.keys for part in parts])
    true = (
        None
        if any(part.true is None for part in parts)
        else np.concatenate([part.true for part in parts if part.true is not None])
    )
    whole = RowScores.of(
        [text for part in parts for text in part.texts],
        true,
        np.concatenate([part.probabilities for part in parts]),
        first.names,
        RowIds(first.row_ids.file, rows, keys),
        metadata={name: tuple(value for part in parts for value in part.metadata[name]) for name in columns},
        model="cross-validation",
        told="all held-out rows",
    )
    return whole.take(np.argsort(rows, kind="stable"))


def fold_recipe(recipe: Recipe, folds: int, number: int, group: str = "", name: str = "") -> Recipe:
    """The recipe of the run that holds out one fold.

    Raises:
        WorkbenchError: When something in it is not allowed.
    """
    values: dict[str, object] = {"data.folds": folds, "data.fold": number}
    if recipe.data.validation == 0 or isinstance(recipe.data.validation, str):
        values["data.validation"] = 0.1  # which does not count: the fold is held out
    if group:
        values |= {"data.split": "grouped", "data.split_column": group}
    if "data.sides" in recipe_fields():  # a list of held-out rows would be the same for all folds
        values["data.sides"] = ""
    if name:
        values["name"] = f"{name[:70]} · {number}"
    return with_values(recipe, values)


def _planned(home: Home, request: CrossValidationRequest) -> tuple[str, Recipe, int, str]:
    if request.recipe is None:
        recipe, table = load_plan(home, request.name, _KIND)
        return request.name, recipe, int(table["folds"]), str(table["group"])
    title = request.recipe.name or stem_of(request.recipe.data.train)
    name = request.name or new_name(home, title, _KIND)
    return name, request.recipe, request.folds, request.group


def _fold(number: int, folder: RunFolder) -> Fold:
    history = folder.history()
    ended = history.ended
    problem = ended.problem.title if ended and ended.problem else ""
    metrics: Mapping[str, float] = {}
    if ended and ended.status == "finished":
        measured = history.best_evaluation or history.last_evaluation
        metrics = ended.metrics or (measured.metrics if measured else {})
    rows = history.started.validation_rows if history.started else 0
    return Fold(number, folder.name, dict(metrics), rows, problem)


def _metric(folder: RunFolder) -> str:
    started = folder.history().started
    return started.best_metric if started else ""


def _keep_rows(home: Home, name: str, number: int, folder: RunFolder, desk: Desk) -> None:
    """What the run says of its held-out rows, kept with the series; nothing for tasks without classes."""
    from workbench.session.scoring.measuring import RowsRequest, evaluate_rows, is_classification

    file = _fold_file(home, name, number)
    with contextlib.suppress(WorkbenchError):  # the run itself is done, and counts
        if not file.is_file() and is_classification(folder):
            evaluate_rows(home, RowsRequest(str(folder.path)), desk).save(file)


def _fold_file(home: Home, name: str, number: int) -> Path:
    return series_folder(home, name) / f"fold-{number:03}.npz"


def _numbers(rows: RowScores) -> Mapping[str, Number]:
    if rows.true is None or not len(rows):
        return {}
    from workbench.session.scoring.classification import classification_scores

    return classification_scores(rows.true, rows.probabilities, rows.names).numbers
