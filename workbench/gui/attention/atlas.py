"""The atlas: all heads of all layers as one image of colour numbers, and where each head lies in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from workbench.gui.attention.pooling import pool_max, pool_signed, stretch
from workbench.gui.attention.scales import ABSENT, GREYED, Scale, colour_numbers, tops
from workbench.gui.attention.shown import Shown

Head = tuple[int, int]


@dataclass(frozen=True)
class Grid:
    """Where each head lies; all lengths in device pixels.

    Attributes:
        rows: Rows of tiles: the layers, where the heads stand as the model has them.
        columns: Tiles in a row.
        tile: A tile's side.
        gap: Between two tiles.
        below: A strip under each tile, for what is written or drawn there.
        order: The (layer, head) of each tile, row by row, where it is not the model's own order; may be fewer.
    """

    rows: int
    columns: int
    tile: int
    gap: int
    below: int = 0
    order: tuple[Head, ...] = ()

    @property
    def pitch(self) -> int:
        """From one tile's left edge to the next one's."""
        return self.tile + self.gap

    @property
    def rise(self) -> int:
        """From one tile's top edge to that of the one under it."""
        return self.tile + self.below + self.gap

    @property
    def width(self) -> int:
        """Of the whole image."""
        return self.columns * self.pitch - self.gap

    @property
    def height(self) -> int:
        """Of the whole image, with the strip under the last row."""
        return self.rows * self.rise - self.gap

    def corner(self, layer: int, head: int) -> tuple[int, int]:
        """The left and top pixel of a head."""
        row, column = self.place(layer, head) or (0, 0)
        return column * self.pitch, row * self.rise

    def place(self, layer: int, head: int) -> tuple[int, int] | None:
        """The (row, column) of a head; None when it is left out."""
        if not self.order:
            return layer, head
        number = self._numbers.get((layer, head))
        return None if number is None else divmod(number, self.columns)

    def head(self, row: int, column: int) -> Head | None:
        """The (layer, head) in a place; None where there is none."""
        if not (0 <= row < self.rows and 0 <= column < self.columns):
            return None
        if not self.order:
            return row, column
        number = row * self.columns + column
        return self.order[number] if number < len(self.order) else None

    def at(self, x: float, y: float) -> Head | None:
        """The (layer, head) at a pixel; the gap belongs to the tile before it. None outside."""
        return self.head(int(y // self.rise), int(x // self.pitch))

    def neighbour(self, head: Head, down: int, right: int) -> Head | None:
        """The head in a place beside this one's; at the edge the same place. None where there is none."""
        row, column = self.place(*head) or (0, 0)
        return self.head(
            max(0, min(self.rows - 1, row + down)), max(0, min(self.columns - 1, column + right))
        )

    def end_of_row(self, head: Head, *, last: bool) -> Head | None:
        """The first or the last head in this one's row; None where there is none."""
        row, _ = self.place(*head) or (0, 0)
        return self.head(row, self.columns - 1 if last else 0)

    @cached_property
    def _numbers(self) -> dict[Head, int]:
        return {head: number for number, head in enumerate(self.order)}

    def heads(self) -> Iterator[Head]:
        """Every head that is shown, row by row."""
        return iter(self.order) if self.order else iter(np.ndindex(self.rows, self.columns))


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
    pooled = pool_signed(weights, size) if scale.kind == "signed" else pool_max(weights, size)
    numbers = colour_numbers(pooled, top, scale.kind)
    if not visible.all():
        drawn, there = (
            pool_max(visible, size),
            pool_max(possible, size),
        )  # those of an atlas are small already
        # Multiplying and adding bytes is 10 times as fast as assigning through a mask in every tile.
        numbers *= drawn.astype(np.uint8)
        numbers += np.where(there & ~drawn, GREYED, ABSENT).astype(np.uint8)
    return numbers


def atlas_numbers(
    shown: Shown,
    scale: Scale,
    grid: Grid,
    most: NDArray[np.float32] | None = None,
) -> NDArray[np.uint8]:
    """The atlas as colour numbers of shape (height, width) in device pixels; gaps and strips are `ABSENT`.

    `most` are the tops of the scale, where they are known already.
    """
    small = shown.small(grid.tile, signed=scale.kind == "signed")  # first: the tops are found in it
    top = (tops(shown, scale) if most is None else most)[:, :, None, None]
    image = np.full((grid.rows, grid.rise, grid.columns, grid.pitch), ABSENT, dtype=np.uint8)
    side = grid.tile
    visible, possible = pool_max(shown.visible, side), pool_max(shown.possible, side)
    for layer, weights in enumerate(small):
        numbers = tile_numbers(weights, visible, possible, top[layer], scale, side)
        tiles = stretch(numbers, side, side)
        if not grid.order:
            image[layer, :side, :, :side] = tiles.transpose(1, 0, 2)
            continue
        for head, tile in enumerate(tiles):  # bytes are moved, not weights
            if place := grid.place(layer, head):
                image[place[0], :side, place[1], :side] = tile
    flat = image.reshape(grid.rows * grid.rise, grid.columns * grid.pitch)
    return np.ascontiguousarray(flat[: grid.height, : grid.width])
