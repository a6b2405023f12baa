"""The atlas: all heads of all layers as one image of colour numbers, and where each head lies in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.gui.attention.pooling import pool_max, stretch
from workbench.gui.attention.scales import ABSENT, GREYED, Scale, colour_numbers, tops
from workbench.gui.attention.shown import Shown


@dataclass(frozen=True, slots=True)
class Grid:
    """Layers as rows, heads as columns; `tile` and `gap` in device pixels."""

    layers: int
    heads: int
    tile: int
    gap: int

    @property
    def pitch(self) -> int:
        """From one tile's edge to the next one's."""
        return self.tile + self.gap

    @property
    def width(self) -> int:
        """Of the whole image."""
        return self.heads * self.pitch - self.gap

    @property
    def height(self) -> int:
        """Of the whole image."""
        return self.layers * self.pitch - self.gap

    def corner(self, layer: int, head: int) -> tuple[int, int]:
        """The left and top pixel of a head."""
        return head * self.pitch, layer * self.pitch

    def at(self, x: float, y: float) -> tuple[int, int] | None:
        """The (layer, head) at a pixel; the gap belongs to the tile before it. None outside."""
        head, layer = int(x // self.pitch), int(y // self.pitch)
        if 0 <= head < self.heads and 0 <= layer < self.layers:
            return layer, head
        return None


def whole_cells(tile: int, tokens: int) -> int:
    """The tile size at which all cells are equally large, where that costs less than a sixth of the tile.

    Otherwise cells differ by one pixel. Where a block of cells shares a pixel the size stays.
    """
    equal = tile // tokens * tokens
    return equal if 6 * equal >= 5 * tile else tile


def tile_numbers(
    weights: NDArray[np.float32],
    visible: NDArray[np.bool_],
    possible: NDArray[np.bool_],
    top: NDArray[np.float32] | float,
    scale: Scale,
    size: int,
) -> NDArray[np.uint8]:
    """Colour numbers of maps, pooled to at most `size` pixels a side (not enlarged).

    Pooling comes before colouring: the scale is monotone, so the order does not matter, and there is less to
    colour.

    Args:
        weights: float32 (..., rows, columns).
        visible: bool (rows, columns), as in `Shown`.
        possible: bool (rows, columns), as in `Shown`.
        top: The weight of the strongest colour, one or (..., 1, 1).
        scale: How weights become colours.
        size: The largest side of the result, in pixels.
    """
    numbers = colour_numbers(pool_max(weights, size), top, scale.kind)
    if not visible.all():
        drawn, there = pool_max(visible, size), pool_max(possible, size)
        # Multiplying and adding bytes is 10 times as fast as assigning through a mask in every tile.
        numbers *= drawn.astype(np.uint8)
        numbers += np.where(there & ~drawn, GREYED, ABSENT).astype(np.uint8)
    return numbers


def atlas_numbers(shown: Shown, scale: Scale, grid: Grid) -> NDArray[np.uint8]:
    """The atlas as colour numbers of shape (height, width) in device pixels; gaps are `ABSENT`."""
    top = tops(shown, scale)[:, :, None, None]
    image = np.full((grid.layers, grid.pitch, grid.heads, grid.pitch), ABSENT, dtype=np.uint8)
    for layer in range(grid.layers):  # layer by layer the intermediate values stay in the processor's cache
        weights = shown.weights[layer]
        numbers = tile_numbers(weights, shown.visible, shown.possible, top[layer], scale, grid.tile)
        tiles = stretch(numbers, grid.tile, grid.tile)
        image[layer, : grid.tile, :, : grid.tile] = tiles.transpose(1, 0, 2)
    flat = image.reshape(grid.layers * grid.pitch, grid.heads * grid.pitch)
    return np.ascontiguousarray(flat[: grid.height, : grid.width])
