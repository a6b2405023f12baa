"""A model with labels, numbers or marks measured on a run's own rows, or on those of a file: once, and then kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.data.span_cells import are_span_tags
from workbench.run.entity_tallies import entities
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe_files import changed
from workbench.run.target_rows import TARGETS, Scores, TargetRows, TargetsAgainst
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe, step_context
from workbench.session.scoring.comparing_targets import against_targets
from workbench.session.scoring.entities import entity_scores
from workbench.session.scoring.measuring import RowsRequest, owner_of, shelf_of
from workbench.session.scoring.multilabel import multi_label_scores
from workbench.session.scoring.regression import regression_scores
from workbench.session.scoring.rows import SIDES, Side

if TYPE_CHECKING:
    from workbench.data.amounts import AmountSide
    from workbench.data.label_sets import MarkedSide
    from workbench.data.tagged import TaggedRow


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
    content = task_named(recipe.task.kind).read(asked, step_context(recipe, home, desk.check)).content
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
    measures: dict[str, Callable[..., dict[str, Any]]] = {
        "multi-label": _labels, "regression": _numbers, "token-classification": _tags,
    }  # fmt: skip
    measured = measures[recipe.task.kind](loaded, rows, content, desk)
    found = TargetRows(
        task=recipe.task.kind, model=loaded.name, told=told, file=file, names=tuple(content.names), scores=None,
        **measured,
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


def _labels(loaded: Any, side: MarkedSide, content: Any, desk: Desk) -> dict[str, Any]:
    from workbench.engine.prediction import predict

    names: tuple[str, ...] = content.names
    found = predict(loaded, side.texts, desk.check)
    chances = [dict(one.classes) for one in found]
    probabilities = np.array([[row[name] for name in names] for row in chances], dtype=np.float64)
    true = np.zeros(probabilities.shape, dtype=bool)
    for row, numbers in enumerate(side.marks):
        true[row, list(numbers)] = True
    limits = np.broadcast_to(np.array(getattr(loaded.model.config, "thresholds", None) or 0.5), (len(names),))
    sure = np.clip(np.where(true, probabilities, 1 - probabilities), 1e-15, 1)
    right = tuple(", ".join(names[i] for i in marks) for marks in side.marks)
    said = tuple(", ".join(one.chosen) for one in found)
    wrong = np.array([a != b for a, b in zip(right, said, strict=True)])
    return {
        "rows": np.array(side.rows, dtype=np.int64),
        "texts": side.texts,
        "true": right,
        "said": said,
        "wrong": wrong,
        "losses": -np.log(sure).mean(axis=1),
        "accuracy": 1 - float(wrong.mean()),
        "right": true.astype(np.float64),
        "given": probabilities,
        "limits": limits.astype(np.float64),
        "sureness": np.where(probabilities >= limits, probabilities, 1 - probabilities).min(axis=1),
    }


def _numbers(loaded: Any, side: AmountSide, content: Any, desk: Desk) -> dict[str, Any]:
    from workbench.engine.prediction import predict

    found = predict(loaded, side.texts, desk.check)
    true = np.array(side.amounts, dtype=np.float64)
    said = np.array([[value for _, value in one.numbers] for one in found], dtype=np.float64)
    scale = np.array(getattr(loaded.model.config, "target_std", None) or 1.0)
    apart = (said - true) / scale
    return {
        "rows": np.array(side.rows, dtype=np.int64),
        "texts": side.texts,
        "true": tuple(_written(row) for row in true),
        "said": tuple(_written(row) for row in said),
        "wrong": (np.abs(apart) > 1).any(axis=1),
        "losses": np.square(apart).mean(axis=1),
        "accuracy": float("nan"),
        "right": true,
        "given": said,
        "sureness": np.full(len(true), np.nan),
    }


def _tags(loaded: Any, side: tuple[TaggedRow, ...], content: Any, desk: Desk) -> dict[str, Any]:
    from workbench.engine.marking import likeliest, word_probabilities

    names: tuple[str, ...] = content.names
    number = {name: i for i, name in enumerate(names)}
    texts, places = tuple(row.text for row in side), [row.places for row in side]
    found = word_probabilities(loaded, texts, places, desk.check)
    said = [likeliest(one, names) for one in found]
    least = [np.nanmin(one.max(axis=1)) if np.isfinite(one).any() else np.nan for one in found]
    true = [list(row.tags) for row in side]
    losses = []
    for row, one in zip(side, found, strict=True):
        right = one[np.arange(len(row.tags)), [number[tag] for tag in row.tags]].astype(np.float64)
        known = right[~np.isnan(right)]
        losses.append(float(-np.log(np.clip(known, 1e-15, 1)).mean()) if len(known) else 0.0)
    words = [a == b for pair in zip(true, said, strict=True) for a, b in zip(*pair, strict=True)]
    return {
        "rows": np.array([row.row for row in side], dtype=np.int64),
        "texts": texts,
        "true": tuple(_marked(row, row.tags, content.spans) for row in side),
        "said": tuple(_marked(row, tags, content.spans) for row, tags in zip(side, said, strict=True)),
        "wrong": np.array([a != b for a, b in zip(true, said, strict=True)]),
        "losses": np.array(losses),
        "accuracy": sum(words) / max(1, len(words)),
        "right_tags": tuple(map(tuple, true)),
        "given_tags": tuple(map(tuple, said)),
        "sureness": np.array(least, dtype=np.float64),
    }


def _marked(row: TaggedRow, tags: Any, spans: bool) -> str:
    """What is marked in a row, in words."""
    if not spans:
        return " ".join(f"{row.text[a:b]}/{tag}" for (a, b), tag in zip(row.places, tags, strict=True))
    return ", ".join(
        f"{row.text[row.places[one.start][0] : row.places[one.end - 1][1]]} ({one.kind})"
        for one in entities(tags)
    )


def _written(values: Any) -> str:
    return ", ".join(f"{value:.6g}" for value in values)
