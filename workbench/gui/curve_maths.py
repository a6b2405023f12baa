"""What is done to a curve before it is drawn: smoothing, and thinning to what the screen can show."""

from __future__ import annotations

import numpy as np

from workbench.run.history import Floats


def smoothed(y: Floats, weight: float) -> Floats:
    """The exponential moving average of y, shape (points,), corrected for its start.

    Each point is the mean of all points so far, weighted by `weight` to the power of their distance; values
    that are not finite count for nothing. Summed by doubling the reach, so that a million points take some tens of
    milliseconds instead of a Python loop's second.

    Args:
        y: The values, in order.
        weight: From 0 (no smoothing) to below 1.
    """
    if weight <= 0 or len(y) == 0:
        return y
    good = np.isfinite(y)
    total, mass = np.where(good, y, 0.0), good.astype(np.float64)
    reach, factor = 1, weight
    while reach < len(y) and factor > 1e-12:
        total[reach:] = total[reach:] + factor * total[:-reach]
        mass[reach:] = mass[reach:] + factor * mass[:-reach]
        reach, factor = 2 * reach, factor * factor
    return np.divide(total, mass, out=np.full_like(total, np.nan), where=mass > 0)


def thinned(x: Floats, y: Floats, low: float, high: float, pixels: int) -> tuple[Floats, Floats]:
    """The points of a curve between low and high, at most four for each pixel of width.

    Each pixel keeps its first, lowest, highest and last point, so that no spike is lost and lines between
    pixels stay where they are. `x` ascends; one point beyond each end is kept, for the line that leaves the
    picture.
    """
    first = max(0, int(np.searchsorted(x, low)) - 1)
    last = min(len(x), int(np.searchsorted(x, high, side="right")) + 1)
    x, y = x[first:last], y[first:last]
    if len(x) <= 4 * pixels or pixels < 1:
        return x, y
    size = -(-len(x) // pixels)
    padded = np.full(-(-len(x) // size) * size, np.nan)
    padded[: len(y)] = y
    blocks = padded.reshape(-1, size)
    starts = np.arange(len(blocks)) * size
    # A not-a-number would win every comparison; it must not hide the others of its pixel.
    lowest = starts + np.where(np.isnan(blocks), np.inf, blocks).argmin(axis=1)
    highest = starts + np.where(np.isnan(blocks), -np.inf, blocks).argmax(axis=1)
    kept = np.concatenate([starts, lowest, highest, starts + size - 1])
    kept = np.unique(np.minimum(kept, len(x) - 1))
    return x[kept], y[kept]


def value_at(x: Floats, y: Floats, place: float) -> float | None:
    """The value of the point nearest to `place`, or None where there is none."""
    if len(x) == 0:
        return None
    right = int(np.searchsorted(x, place))
    near = min(right, len(x) - 1)
    if 0 < right < len(x) and place - x[right - 1] < x[right] - place:
        near = right - 1
    return float(y[near])
