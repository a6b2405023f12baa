"""Making a map smaller or larger by whole pixels, so that no strong cell is ever lost on the screen.

Nearest-neighbour shrinking takes one cell of each block and drops the others: a head that looks at the previous
token only can lose every lit pixel. Here each pixel is the maximum of the block of cells that falls on it.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

S = TypeVar("S", np.float32, np.bool_)


def block_starts(cells: int, blocks: int) -> NDArray[np.intp]:
    """The first cell of each of `blocks` nearly equal blocks; needs blocks <= cells."""
    return (np.arange(blocks) * cells) // blocks


def pool_max(maps: NDArray[S], size: int) -> NDArray[S]:
    """Shrink the last two axes to at most `size` by block maximum (for bool: whether any is true).

    Args:
        maps: Shape (..., rows, columns).
        size: The largest number of rows and columns of the result.
    """
    rows, columns = maps.shape[-2:]
    if rows > size:
        maps = _pool(maps, block_starts(rows, size), -2)
    if columns > size:
        maps = _pool(maps, block_starts(columns, size), -1)
    return maps


def pool_signed(maps: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Shrink as `pool_max` does, keeping the cell of each block that is furthest from 0, with its sign."""
    high, low = pool_max(maps, size), -pool_max(-maps, size)
    return np.where(high >= -low, high, low)


def _pool(maps: NDArray[S], starts: NDArray[np.intp], axis: int) -> NDArray[S]:
    # `np.maximum.reduceat` pays for every block and took 10 times as long as gathering whole planes: the first
    # cell of every block, then the second, and so on; short blocks repeat their last cell.
    last = np.append(starts[1:], maps.shape[axis]) - 1
    pooled = np.take(maps, starts, axis=axis)
    for offset in range(1, int((last - starts).max()) + 1):
        np.maximum(pooled, np.take(maps, np.minimum(starts + offset, last), axis=axis), out=pooled)
    return pooled


def stretch(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Enlarge the last two axes to exactly `height` and `width` pixels by repeating cells."""
    rows, columns = image.shape[-2:]
    if rows != height:
        image = np.take(image, (np.arange(height) * rows) // height, axis=-2)
    if columns != width:
        image = np.take(image, (np.arange(width) * columns) // width, axis=-1)
    return image
