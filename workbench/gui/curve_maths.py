"""What is done to a curve before it is drawn: smoothing, and thinning to what the screen can show.

Both go on where they stopped, so that a curve of a million points costs at a redraw what its new points cost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.run.history import Floats

Indexes = NDArray[np.int64]

_FINEST = 64  # points in a block of the finest level
_STEP = 4  # blocks of a level in one of the next coarser one


def smoothed(y: Floats, weight: float) -> Floats:
    """The exponential moving average of y, shape (points,), corrected for its start.

    Each point is the mean of all points so far, weighted by `weight` to the power of their distance; values
    that are not finite count for nothing.

    Args:
        y: The values, in order.
        weight: From 0 (no smoothing) to below 1.
    """
    if weight <= 0:
        return y
    smoothing = Smoothing(weight)
    smoothing.update(y)
    return smoothing.y


class Smoothing:
    """The smoothed values of a curve that grows at its end; see `smoothed`."""

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self._values = np.empty(256)
        self._size = 0
        self._last = np.zeros(2)  # the weighted sum of the values so far, and that of their weights

    @property
    def y(self) -> Floats:
        """The smoothed values, read-only, shape (points,)."""
        view = self._values[: self._size]
        view.flags.writeable = False
        return view

    def update(self, y: Floats) -> None:
        """Take in what of the whole curve `y` is new."""
        new = y[self._size :]
        if not len(new):
            return
        good = np.isfinite(new)
        total, mass = self._sums(np.stack([np.where(good, new, 0.0), good]))
        self._last = np.array([total[-1], mass[-1]])
        if len(y) > len(self._values):
            grown = np.empty(max(len(y), 2 * len(self._values)))
            grown[: self._size] = self._values[: self._size]
            self._values = grown
        room = self._values[self._size : len(y)]
        room.fill(np.nan)
        np.divide(total, mass, out=room, where=mass > 0)
        self._size = len(y)

    def _sums(self, new: Floats) -> Floats:
        """s[t] = new[t] + weight · s[t − 1] for each row; shape (2, points).

        Point after point would take Python a second for a million. The points are laid out in about √points rows, whose
        sums run side by side; what a row inherits from the one before it fades with the distance, and is added after.
        """
        points = new.shape[1]
        long = max(1, int(np.sqrt(points)))
        rows = -(-points // long)
        table = np.zeros(
            (long, 2, rows)
        )  # place in the row first, so that each step is one run through memory
        padded = np.zeros((2, rows * long))
        padded[:, :points] = new
        table[:] = padded.reshape(2, rows, long).transpose(2, 0, 1)
        for place in range(1, long):
            table[place] += self.weight * table[place - 1]
        fade = self.weight ** np.arange(1, long + 1)
        inherited = np.empty((2, rows))
        carry = self._last
        for row in range(rows):
            inherited[:, row] = carry
            carry = table[-1, :, row] + fade[-1] * carry
        table += fade[:, None, None] * inherited
        return table.transpose(1, 2, 0).reshape(2, -1)[:, :points]


class Levels:
    """Where the lowest, the highest and the missing values of a growing curve are, in blocks of 64, 256, 1024 … points.

    A thinned curve is then put together from some thousand blocks, however many points there are.
    """

    def __init__(self) -> None:
        self._size = 0
        self._found: list[
            Indexes
        ] = []  # one per level, shape (3, blocks): lowest, highest, a missing one or −1

    def update(self, y: Floats) -> None:
        """Take in what of the whole curve `y` is new; blocks that are not full yet wait."""
        self._size = len(y)
        level, block = 0, _FINEST
        while block <= len(y):
            if level == len(self._found):
                self._found.append(np.empty((3, 0), dtype=np.int64))
            known = self._found[level]
            done, full = known.shape[1], len(y) // block
            if full > done:
                if level == 0:
                    begin = done * block
                    new = _extremes(y[begin : full * block].reshape(-1, block))
                    new += np.where(new < 0, 0, begin)
                else:
                    new = _joined(y, self._found[level - 1][:, done * _STEP : full * _STEP], _STEP)
                self._found[level] = np.concatenate([known, new], axis=1)
            level, block = level + 1, block * _STEP

    def kept(self, y: Floats, first: int, last: int, size: int) -> Indexes | None:
        """The points to keep of the bins [first, last) of `size` points (a power of 2), shape (3, last − first).

        None where the levels are too coarse, or do not reach that far.
        """
        if size < _FINEST or last * size > self._size:
            return None
        level, block = 0, _FINEST
        while block * _STEP <= size and level + 1 < len(self._found):
            level, block = level + 1, block * _STEP
        times = size // block
        return _joined(y, self._found[level][:, first * times : last * times], times)


def _extremes(blocks: Floats) -> Indexes:
    """Places of the lowest, highest and first missing value of each row in the flattened blocks; −1 for none."""
    missing = np.isnan(blocks)
    # A not-a-number would win every comparison; it must not hide the others of its block.
    lowest = np.where(missing, np.inf, blocks).argmin(axis=1)
    highest = np.where(missing, -np.inf, blocks).argmax(axis=1)
    place = np.arange(len(blocks)) * blocks.shape[1]
    gap = np.where(missing.any(axis=1), place + missing.argmax(axis=1), -1)
    return np.stack([place + lowest, place + highest, gap])


def _joined(y: Floats, blocks: Indexes, times: int) -> Indexes:
    """What holds for each `times` neighbouring blocks together."""
    low, high, gap = blocks.reshape(3, -1, times)
    rows = np.arange(low.shape[0])
    value = y[low]
    lowest = np.where(np.isnan(value), np.inf, value).argmin(axis=1)
    value = y[high]
    highest = np.where(np.isnan(value), -np.inf, value).argmax(axis=1)
    gaps = np.where(gap < 0, np.iinfo(np.int64).max, gap).min(axis=1)
    return np.stack([low[rows, lowest], high[rows, highest], np.where((gap >= 0).any(axis=1), gaps, -1)])


def thinned(
    x: Floats, y: Floats, low: float, high: float, pixels: int, levels: Levels | None = None
) -> tuple[Floats, Floats]:
    """The points of a curve between low and high, at most five for each pixel of width.

    Each bin of a pixel or two keeps its first, lowest, highest and last point and one that is not a number, so
    that no spike and no gap is lost and lines between bins stay where they are. Bins begin at multiples of their
    size, so that a growing curve does not flicker. `x` ascends; one point beyond each end is kept, for the line
    that leaves the picture.

    Args:
        x: Steps, shape (points,).
        y: Values, shape (points,).
        low: The left end of the picture, in steps.
        high: The right end.
        pixels: The width of the picture.
        levels: What is known of y already; without it a million points take some 20 ms.
    """
    first = max(0, int(np.searchsorted(x, low)) - 1)
    last = min(len(x), int(np.searchsorted(x, high, side="right")) + 1)
    if last - first <= 4 * pixels or pixels < 1:
        return x[first:last], y[first:last]
    size = 1 << (-(-(last - first) // pixels) - 1).bit_length()
    begin, end = -(-first // size), last // size  # the bins that are in the picture as a whole
    whole = levels.kept(y, begin, end, size) if levels else None
    if whole is None:
        whole = _extremes(y[begin * size : end * size].reshape(-1, size))
        whole += np.where(whole < 0, 0, begin * size)
    starts = np.arange(begin, end) * size
    parts = [starts, starts + size - 1, *whole]
    for left, right in ((first, begin * size), (end * size, last)):
        if left < right:
            rest = _extremes(y[None, left:right])
            parts += [np.array([left, right - 1]), rest[rest >= 0] + left]
    kept = np.unique(np.concatenate(parts))
    kept = kept[kept >= 0]
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
