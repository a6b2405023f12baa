"""In which order the atlas shows its heads, and which of them stand out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.run.inside.census import Census

Head = tuple[int, int]

#: The choices: key, title, help.
ORDERS = (
    ("layer", "By layer", "Each row is a layer, as the model has them."),
    ("kind", "By kind", "Heads of one kind next to each other, the surest first."),
    ("focus", "Most focused first", "By entropy: heads that look at few tokens first, even ones last."),
    ("near", "Nearest first", "By the mean distance between a token and those that it looks at."),
    ("change", "Most changed first", "As found under Before and after, once that was looked at."),
    (
        "importance",
        "Most important first",
        "As measured or estimated under Take heads away, once that was done.",
    ),
)
#: Those of which another view knows the numbers.
RATED = ("change", "importance")


def ordered(census: Census, key: str) -> tuple[Head, ...]:
    """All heads in the order of that name; empty for "layer", the model's own."""
    if key == "layer":
        return ()
    if key == "kind":
        best = np.take_along_axis(census.scores, census.kinds[:, :, None], axis=2)[:, :, 0]
        return by(census.kinds - np.clip(best, 0, 0.999))
    measures = {"focus": census.entropy, "near": census.distance}
    return by(measures.get(key, np.zeros_like(census.entropy)))


def by(values: NDArray[np.floating] | NDArray[np.integer]) -> tuple[Head, ...]:
    """All heads by a number of shape (layers, heads), the smallest first; where it is NaN, last."""
    order = np.argsort(values, axis=None, kind="stable")
    rows, columns = np.unravel_index(order, values.shape)
    return tuple(zip(rows.tolist(), columns.tolist(), strict=True))


def of_kinds(census: Census, keys: frozenset[str]) -> frozenset[Head]:
    """The heads of these kinds."""
    return frozenset((f.layer, f.head) for f in census.heads() if f.kind.key in keys)
