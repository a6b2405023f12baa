"""What the learning-rate finder found: losses over rising rates, and the rate that they suggest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: With fewer points nothing is suggested.
FEWEST = 10
#: The share of the first loss that must be gone at the lowest point, or nothing was learned at any rate.
LEAST_DROP = 0.02


@dataclass(frozen=True, slots=True)
class RatePoint:
    """One step of the finder.

    `loss` is that of the step's batch before the step; `smoothed` is its average over the last steps.
    """

    step: int
    rate: float
    loss: float
    smoothed: float


@dataclass(frozen=True, slots=True)
class RateCurve:
    """All steps of the finder, and the suggested rate; None when the losses do not show one."""

    points: tuple[RatePoint, ...]
    suggested: float | None


def suggested(points: Sequence[RatePoint]) -> float | None:
    """The rate at which the loss falls fastest over the logarithm of the rate (Smith 2017), to two digits.

    Slopes are least-squares lines through the raw losses around each point, because the smoothed ones lag behind.
    Only what comes before the lowest loss counts.
    """
    points = [point for point in points if np.isfinite(point.loss)]
    reach = max(2, len(points) // 12)
    if len(points) < FEWEST:
        return None
    places = np.log([point.rate for point in points])
    losses = np.array([point.loss for point in points])
    centred = [losses[max(0, i - reach) : i + reach + 1].mean() for i in range(len(losses))]
    lowest = int(np.argmin(centred))
    first = losses[: 2 * reach + 1].mean()
    if centred[lowest] > first * (1 - LEAST_DROP):
        return None
    slopes = [
        np.polyfit(places[i - reach : i + reach + 1], losses[i - reach : i + reach + 1], 1)[0]
        for i in range(reach, max(lowest, reach) + 1)
        if i + reach < len(losses)
    ]
    if not slopes or min(slopes) >= 0:
        return None
    return float(f"{points[reach + int(np.argmin(slopes))].rate:.1e}")
