"""A model with labels, numbers or marks measured on its own held-out rows, or on those of a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.run.entity_tallies import entities
from workbench.run.home import Home
from workbench.run.problem import bad_input
from workbench.run.recipe_files import changed
from workbench.run.target_rows import TARGETS, TargetRows
from workbench.session.evaluating import run_behind
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe, step_context
from workbench.session.scoring.entities import entity_scores
from workbench.session.scoring.multilabel import multi_label_scores
from workbench.session.scoring.regression import regression_scores
from workbench.session.scoring.rows import SIDES, Side

if TYPE_CHECKING:
    from workbench.data.amounts import AmountSide
    from workbench.data.label_sets import MarkedSide
    from workbench.data.tagged import TaggedRow


def evaluate_targets(
    home: Home, model: str, desk: Desk, *, data: str = "", side: Side = "validation"
) -> TargetRows:
    """The scores of a run's own rows, or of all rows of a file, which is read as a file of held-out rows would be.

    Args:
        home: Where data and models are looked up.
        model: A run, or a checkpoint of one.
        desk: Where the work is done.
        data: A file or a shipped data set; empty for the run's own rows.
        side: Which of its own rows.

    Raises:
        WorkbenchError: When the model is no run of such a task, its data is gone, or there are no such rows.
    """
    from workbench.tasks import task_named

    run = run_behind(home, model)
    recipe = own_recipe(run) if run is not None else None
    if run is None or recipe is None or recipe.task.kind not in TARGETS:
        raise bad_input(
            f"{model} cannot be measured here.",
            "Labels, numbers and marks are measured by the recipe of the run that has learned them.",
            "Name a run of one of the tasks multi-label, regression and token-classification.",
        )
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
    if tuple(content.names) != tuple(loaded.class_names):
        raise bad_input(
            f"The data of {run.name} has changed since it was trained.",
            f"It has {', '.join(content.names[:6])}; the model knows {', '.join(loaded.class_names[:6])}.",
            "Put the old file back, or train again.",
        )
    desk.report(f"{loaded.name}: measuring")
    told = data or f"the {SIDES[side]} rows of {run.name}"
    share = getattr(recipe.data, side)
    file = data or (share if isinstance(share, str) else recipe.data.train)
    measures: dict[str, Callable[..., dict[str, Any]]] = {
        "multi-label": _labels, "regression": _numbers, "token-classification": _tags,
    }  # fmt: skip
    found = measures[recipe.task.kind](loaded, rows, content, desk)
    return TargetRows(task=recipe.task.kind, model=loaded.name, told=told, file=file, **found)


def _labels(loaded: Any, side: MarkedSide, content: Any, desk: Desk) -> dict[str, Any]:
    from workbench.engine.prediction import predict

    names: tuple[str, ...] = content.names
    found = predict(loaded, side.texts, desk.check)
    chances = [dict(one.classes) for one in found]
    probabilities = np.array([[row[name] for name in names] for row in chances], dtype=np.float64)
    true = np.zeros(probabilities.shape, dtype=bool)
    for row, numbers in enumerate(side.marks):
        true[row, list(numbers)] = True
    thresholds = getattr(loaded.model.config, "thresholds", None) or 0.5
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
        "scores": multi_label_scores(true, probabilities, names, thresholds),
        "accuracy": 1 - float(wrong.mean()),
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
        "scores": regression_scores(true, said, content.names),
        "accuracy": float("nan"),
    }


def _tags(loaded: Any, side: tuple[TaggedRow, ...], content: Any, desk: Desk) -> dict[str, Any]:
    from workbench.engine.marking import likeliest, word_probabilities

    names: tuple[str, ...] = content.names
    number = {name: i for i, name in enumerate(names)}
    texts, places = tuple(row.text for row in side), [row.places for row in side]
    found = word_probabilities(loaded, texts, places, desk.check)
    said = [likeliest(one, names) for one in found]
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
        "scores": entity_scores(true, said) if content.spans else None,
        "accuracy": sum(words) / max(1, len(words)),
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
