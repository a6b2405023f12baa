"""What a model with labels, numbers or marks answers for each row, as the fields of `TargetRows`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.run.entity_tallies import entities
from workbench.session.lanes import Desk

if TYPE_CHECKING:
    from workbench.data.amounts import AmountSide
    from workbench.data.label_sets import MarkedSide
    from workbench.data.tagged import TaggedRow


def answers_of(task: str, loaded: Any, rows: Any, content: Any, desk: Desk) -> dict[str, Any]:
    """Rows, texts, what is right, what the model says, and how wrong that is.

    Args:
        task: One of `TARGETS`.
        loaded: Its model.
        rows: One side of the task's rows.
        content: All sides, with the names of what is answered.
        desk: Where the work is done.
    """
    measures: dict[str, Callable[..., dict[str, Any]]] = {
        "multi-label": _labels, "regression": _numbers, "token-classification": _tags,
    }  # fmt: skip
    return measures[task](loaded, rows, content, desk)


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
