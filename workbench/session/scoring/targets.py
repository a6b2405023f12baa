"""A model with labels, numbers or marks measured on a run's own rows, or on those of a file: once, and then kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.frame import frame_of
from workbench.data.label_columns import named_columns
from workbench.data.span_cells import are_span_tags
from workbench.data.training_rows import opened
from workbench.run.evaluation import Progress
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe_files import changed
from workbench.run.target_rows import TARGETS, Scores, TargetRows, TargetsAgainst
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe, step_context
from workbench.session.scoring.clusters import MOST_CLUSTERED
from workbench.session.scoring.comparing_targets import against_targets
from workbench.session.scoring.entities import entity_scores
from workbench.session.scoring.measuring import RowsRequest, owner_of, shelf_of
from workbench.session.scoring.multilabel import multi_label_scores
from workbench.session.scoring.regression import regression_scores
from workbench.session.scoring.rows import SIDES, Side
from workbench.session.scoring.target_answers import answers_of
from workbench.shelf.datasets import resolve_data

if TYPE_CHECKING:
    from workbench.data.step import Context
    from workbench.run.recipe import Recipe


def evaluate_targets(
    home: Home,
    model: str,
    desk: Desk,
    *,
    data: str = "",
    side: Side = "validation",
    rows_of: str = "",
    again: bool = False,
) -> TargetRows:
    """The scores of a run's own rows, or of all rows of a file, which is read as a file of held-out rows would be. They
    are kept beside the run, and taken from there the next time.

    Args:
        home: Where data and models are looked up.
        model: A run, or a checkpoint of one; with `rows_of` any model that knows the same labels.
        desk: Where the work is done.
        data: A file or a shipped data set; empty for the run's own rows.
        side: Which of its own rows.
        rows_of: The run whose own rows are measured, and by whose recipe they are read; empty for the model's.
        again: Measure anew, whatever is kept.

    Raises:
        WorkbenchError: When the model is no run of such a task, its data is gone, or there are no such rows.
    """
    from workbench.tasks import task_named

    request = RowsRequest(model, data, side, rows_of, again=again)
    run = owner_of(home, rows_of or model)
    recipe = own_recipe(run) if run is not None else None
    if run is None or recipe is None or recipe.task.kind not in TARGETS:
        raise bad_input(
            f"{model} cannot be measured here.",
            "Labels, numbers and marks are measured by the recipe of the run that has learned them.",
            "Name a run of one of the tasks multi-label, regression and token-classification.",
        )
    shelf = shelf_of(home, request)
    if not again and (kept := shelf.find_targets()) is not None:
        return with_scores(kept)
    loaded = the_model(home, model, desk)
    desk.report("Reading the rows…")
    asked = changed(recipe, "data.validation", data) if data else recipe
    context = step_context(recipe, home, desk.check)
    content = task_named(recipe.task.kind).read(asked, context).content
    rows = content.validation if data else getattr(content, side)
    if not len(rows if recipe.task.kind == "token-classification" else rows.texts):
        raise bad_input(
            f"The run {run.name} has no {SIDES[side]} rows.",
            "Its recipe puts none aside.",
            "Name a file to measure with.",
            field="data",
        )
    _require_same_answers(tuple(content.names), tuple(loaded.class_names), run.name, model if rows_of else "")
    desk.report(f"{loaded.name}: measuring")
    told = data or f"the {SIDES[side]} rows of {run.name}"
    share = getattr(recipe.data, side)
    file = data or (share if isinstance(share, str) else recipe.data.train)
    measured = answers_of(recipe.task.kind, loaded, rows, content, desk)
    field = "data.validation" if data else f"data.{side}" if isinstance(share, str) else "data.train"
    keys, metadata = _of_file(asked, file, field, measured["rows"], content.resolved, context)
    # As with classes: a file or a training side may have very many rows.
    vectors = None if data or side == "train" else _vectors(loaded, measured["texts"], desk)
    found = TargetRows(
        task=recipe.task.kind, model=loaded.name, told=told, file=file, names=tuple(content.names), scores=None,
        keys=keys, metadata=metadata, vectors=vectors, **measured,
    )  # fmt: skip
    shelf.keep(found)
    desk.report("Working the numbers out…")
    return with_scores(found)


def _require_same_answers(wanted: tuple[str, ...], known: tuple[str, ...], run: str, guest: str = "") -> None:
    """Refuse rows that ask for other labels, numbers or marks than the model gives; `guest` is a model that is asked
    about the rows of another one's run."""
    if wanted == known:
        return
    raise bad_input(
        f"{guest} does not answer what is asked of the rows of {run}."
        if guest
        else f"The data of {run} has changed since it was trained.",
        f"They have {', '.join(wanted[:6])}; the model knows {', '.join(known[:6])}.",
        "Choose a model that was trained on the same." if guest else "Put the old file back, or train again.",
    )


def stored_targets(home: Home, request: RowsRequest) -> TargetRows | None:
    """The same where it was measured before, without loading a model; None where it was not."""
    try:
        kept = shelf_of(home, request).find_targets()
    except WorkbenchError:
        return None
    return None if kept is None else with_scores(kept)


def measured_against(
    home: Home, shown: TargetRows, request: RowsRequest, desk: Desk, metric: str = ""
) -> TargetsAgainst:
    """Another model on the rows of an evaluation, measured where that was not done before.

    Args:
        home: Where data and models are looked up.
        shown: The evaluation.
        request: The same rows asked of the other model.
        desk: Where the work is done.
        metric: What is compared; empty for what decides in training.

    Raises:
        WorkbenchError: As `evaluate_targets`, and when the two models were not asked about the same rows.
    """
    other = evaluate_targets(
        home,
        request.model,
        desk,
        data=request.data,
        side=request.side,
        rows_of=request.rows_of,
        again=request.again,
    )
    return against_targets(shown, other, metric)


def with_scores(found: TargetRows) -> TargetRows:
    """Rows with the scores that follow from them."""
    scores: Scores | None = None
    match found.task:
        case "multi-label":
            scores = multi_label_scores(found.right > 0.5, found.given, found.names, found.limits.tolist())
        case "regression":
            scores = regression_scores(found.right, found.given, found.names)
        case _ if are_span_tags(found.names):
            scores = entity_scores(found.right_tags, found.given_tags)
    return replace(found, scores=scores)


def _of_file(
    recipe: Recipe,
    file: str,
    field: str,
    rows: NDArray[np.int64],
    resolved: Mapping[str, str],
    context: Context,
) -> tuple[NDArray[np.uint64], dict[str, tuple[str | None, ...]]]:
    """The keys of some rows of a file by their numbers, and its columns that are neither read nor asked for."""
    table = opened(recipe.data, file, field, context, lambda source, field: resolve_data(source, field=field))
    used = {resolved["data.text"], *named_columns(resolved["data.label"], table.columns)}
    chosen = replace(table, data=table.data.take(rows))
    others = {name: tuple(chosen.column(name)) for name in table.columns if name not in used}
    return frame_of(table, "", "").keys[rows], others


def _vectors(loaded: Any, texts: Sequence[str], desk: Desk) -> NDArray[np.float32] | None:
    """One vector for each text, by which groups of similar ones are found; None where there are too many for that."""
    if len(texts) > MOST_CLUSTERED:
        return None
    from workbench.engine.row_scores import row_outputs

    def say(done: int, of: int) -> None:
        desk.report(Progress("Comparing the texts with one another", done, of))

    return row_outputs(loaded, texts, check=desk.check, say=say, vectors=True).vectors
