"""Making a map smaller or larger by whole pixels, so that no strong cell is ever lost on the screen.

Nearest-neighbour shrinking takes one cell of each block and drops the others: a head that looks at the previous
token only can lose every lit pixel. Here each pixel is the maximum of the block of cells that falls on it.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

S = TypeVar("S", np.float32, np.bool_)

#: Maps of so many bytes are pooled at once: they are read from memory once, and then from the processor's cache.
_AT_ONCE = 1 << 20


def block_starts(cells: int, blocks: int) -> NDArray[np.intp]:
    """The first cell of each of `blocks` nearly equal blocks; needs blocks <= cells."""
    return (np.arange(blocks) * cells) // blocks


def block_of(cells: int, blocks: int) -> NDArray[np.intp]:
    """Which of the blocks each cell is in."""
    return np.repeat(np.arange(blocks), np.diff(block_starts(cells, blocks), append=cells))


def pool_max(maps: NDArray[S], size: int) -> NDArray[S]:
    """Shrink the last two axes to at most `size` by block maximum (for bool: whether any is true).

    Args:
        maps: Shape (..., rows, columns).
        size: The largest number of rows and columns of the result.
    """
    return _pool_both(maps, size, np.maximum)


def pool_signed(maps: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Shrink as `pool_max` does, keeping the cell of each block that is furthest from 0, with its sign."""
    high, low = pool_max(maps, size), _pool_both(maps, size, np.minimum)
    return np.where(high >= -low, high, low)


def _pool_both(maps: NDArray[S], size: int, keep: np.ufunc) -> NDArray[S]:
    """Shrink the last two axes to at most `size`, some maps at a time, so that all steps stay in the cache."""
    rows, columns = maps.shape[-2:]
    if max(rows, columns) <= size:
        return maps
    high, wide = min(rows, size), min(columns, size)
    flat = maps.reshape(-1, rows, columns)
    made = np.empty((len(flat), high, wide), dtype=maps.dtype)
    step = min(len(flat), max(1, _AT_ONCE // (rows * columns * maps.itemsize)))
    # All steps write where the ones before wrote: new memory for each took a third longer.
    low, other = np.empty((2, step, high, columns), dtype=maps.dtype)
    narrow = np.empty((step, high, wide), dtype=maps.dtype)
    (_, down), (run, across) = _looks(rows, high, most=1), _looks(columns, wide, most=columns)
    for first in range(0, len(flat), step):
        first = min(first, len(flat) - step)  # the last ones may be done twice
        part = _largest(flat[first : first + step], down, 1, keep, low, other)
        part = _runs(part, run, keep, other, low)
        _largest(part, across, 2, keep, made[first : first + step], narrow)
    return made.reshape(*maps.shape[:-2], high, wide)


def _looks(cells: int, blocks: int, most: int) -> tuple[int, list[NDArray[np.intp]]]:
    """How many neighbours are joined first, at most `most`; and which of these runs then make up the blocks: the
    first of every block, then the second, and so on. The last one ends with its block, so runs may overlap."""
    starts = block_starts(cells, blocks)
    ends = np.append(starts[1:], cells)
    shortest, longest = int((ends - starts).min()), int((ends - starts).max())
    run = 1 << (min(shortest, most).bit_length() - 1)
    return run, [np.minimum(starts + offset, ends - run) for offset in range(0, longest, run)]


def _runs(maps: NDArray[S], run: int, keep: np.ufunc, made: NDArray[S], other: NDArray[S]) -> NDArray[S]:
    """Of each cell and the run - 1 cells after it the largest, in one of two buffers; run is a power of two.

    Neighbours in memory are compared far faster than cells are gathered. Runs across a row's end mean nothing.
    """
    now, have = maps.reshape(-1), 1
    while have < run:
        keep(now[:-have], now[have:], out=made.reshape(-1)[:-have])
        now, made, other, have = made.reshape(-1), other, made, 2 * have
    return now.reshape(maps.shape)


def _largest(
    maps: NDArray[S],
    looks: list[NDArray[np.intp]],
    axis: int,
    keep: np.ufunc,
    best: NDArray[S],
    other: NDArray[S],
) -> NDArray[S]:
    """The largest of all looks along an axis, written into `best`; `other` is written over too."""
    # `np.maximum.reduceat` pays for every block and took 7 times as long as gathering whole planes. "clip", where
    # there is nothing to clip, lets `take` write at once where it is told.
    np.take(maps, looks[0], axis=axis, out=best, mode="clip")
    for look in looks[1:]:
        np.take(maps, look, axis=axis, out=other, mode="clip")
        keep(best, other, out=best)
    return best


def stretch(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Enlarge the last two axes to exactly `height` and `width` pixels by repeating cells."""
    rows, columns = image.shape[-2:]
    if rows != height:
        image = np.take(image, (np.arange(height) * rows) // height, axis=-2)
    if columns != width:
        image = np.take(image, (np.arange(width) * columns) // width, axis=-1)
    return image
