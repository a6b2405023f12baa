"""How large the atlas's tiles are in the room that there is."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize

from workbench.gui.attention.atlas import Grid, Head, whole_cells

#: Below this many pixels a head says nothing: then the atlas scrolls instead of shrinking.
SMALLEST, LARGEST = 22, 320
#: An atlas is never zoomed beyond this many pixels: 4 bytes for each lie in memory.
_MOST_PIXELS = 24_000_000


def fitted(
    shape: tuple[int, int, int], order: tuple[Head, ...], room: QSize, strip: int, ratio: float, zoom: float
) -> Grid:
    """The grid whose tiles fill the room, as far as they stay readable.

    Args:
        shape: Layers, heads, tokens.
        order: The heads in their order; empty for all as the model has them.
        room: What there is without labels, in logical pixels.
        strip: What each tile has under it, in logical pixels.
        ratio: Device pixels in a logical one.
        zoom: How much larger than the room allows.
    """
    rows, columns, tokens = shape
    if order:
        columns = min(columns, len(order))
        rows = math.ceil(len(order) / columns)
    gap, below = max(1, round(2 * ratio)), round(strip * ratio)
    wide = room.width() * ratio / columns - gap
    high = room.height() * ratio / rows - gap - below
    fit = min(wide, high)
    if fit < SMALLEST * ratio:  # scroll one way rather than both; leave room for the scroll bar
        fit = max(min(44 * ratio, wide - 12 * ratio / columns), SMALLEST * ratio * 0.6)
    tile = min(LARGEST * ratio, fit) * zoom
    tile = max(8.0, min(tile, math.sqrt(_MOST_PIXELS / (rows * columns))))
    return Grid(rows, columns, whole_cells(int(tile), tokens), gap, below, order)
