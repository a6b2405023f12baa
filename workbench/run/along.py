"""What the held-out rows say about models between a base model and a tuned one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """One mixture: `alpha` of the tuned weights and the rest of the base's, with its held-out numbers."""

    alpha: float
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Along:
    """The held-out score on the straight line from a run's base model to what it became.

    Attributes:
        run: The run's name.
        base: What the recipe calls the base model.
        metric: The number that decides which mixture is best.
        points: The mixtures, by rising alpha.
        best: The alpha of the best one.
        kept: Weights that the base has not, as a new head; they are the tuned ones everywhere.
    """

    run: str
    base: str
    metric: str
    points: tuple[Point, ...]
    best: float
    kept: tuple[str, ...]
