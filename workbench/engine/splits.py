"""Cutting row numbers into training, held-out and test sides as the recipe says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.data.labelled import split
from workbench.run.problem import bad_input

Indexes = NDArray[np.int64]


class Sides(NamedTuple):
    """Row numbers of each side; none stands on two."""

    train: Indexes
    validation: Indexes
    test: Indexes


def sides(labels: Sequence[int], validation: float | str, test: float | str, seed: int) -> Sides:
    """Stratified, seeded sides; a side that has a file of its own takes no rows away here.

    Raises:
        WorkbenchError: When a side would be left without a row.
    """
    rest = np.arange(len(labels))
    shares: dict[str, Indexes] = {}
    left = 1.0
    for name, share in (("test", test), ("validation", validation)):
        if isinstance(share, str) or share == 0:
            shares[name] = np.empty(0, dtype=np.int64)
            continue
        if share >= left:
            raise bad_input(
                "data.validation (Held-out): nothing would be left to train on.",
                f"Held-out and test together take {(1 - left) + share:.0%} of the rows.",
                "Make them smaller.",
                field="data.validation",
            )
        kept, held = split([labels[int(i)] for i in rest], share / left, seed)
        shares[name], rest = rest[held], rest[kept]
        left -= share
        if len(held) == 0:
            raise bad_input(
                f"data.{name}: {share:.0%} of {len(labels)} rows is not a single row.",
                "Rows of a class that occurs only once always stay in training.",
                "Take a larger share, or a file of its own.",
                field=f"data.{name}",
            )
    return Sides(rest, shares["validation"], shares["test"])
