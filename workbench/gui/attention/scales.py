"""From weights to colour numbers: linear, square root, logarithm, or a cap; per head or shared by all heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.gui.attention.shown import Shown

#: "signed" is for differences: the middle of the colours is 0, and both ends are as far from it as the top.
Kind = Literal["linear", "sqrt", "log", "cap", "signed"]

#: Colour numbers with a meaning of their own; weights have the numbers from FIRST to 255.
ABSENT, GREYED, FIRST = 0, 1, 2
#: The logarithmic scale spans this many decades below the top.
DECADES = 4
_STEPS = 255 - FIRST
#: A percentile is taken from at most this many cells, drawn with a fixed seed; all of them cost 30 ms.
_SAMPLE = 100_000


@dataclass(frozen=True, slots=True)
class Scale:
    """How weights become colours."""

    kind: Kind = "sqrt"
    per_head: bool = False


def tops(shown: Shown, scale: Scale) -> NDArray[np.float32]:
    """The weight that gets the strongest colour, of shape (layers, heads); never 0."""
    layers, heads, _ = shown.shape
    capped = scale.kind == "cap"
    found = _percentile(shown, scale.per_head) if capped else shown.row_tops()
    if not scale.per_head:
        found = np.full((layers, heads), found.max(), dtype=np.float32)
    return np.where(found > 0, found, 1).astype(np.float32)


def _percentile(shown: Shown, per_head: bool) -> NDArray[np.float32]:
    layers, heads, n = shown.shape
    cells = np.flatnonzero(shown.visible)
    if not cells.size:
        return np.zeros((layers, heads), dtype=np.float32)
    wanted = max(1, _SAMPLE // (layers * heads))
    if cells.size > wanted:
        cells = np.random.default_rng(0).choice(cells, wanted, replace=False)
    flat = shown.weights.reshape(layers, heads, n * n)[:, :, cells]
    found = np.percentile(flat, 99, axis=2 if per_head else None)
    return np.broadcast_to(np.asarray(found, dtype=np.float32), (layers, heads))


def position(
    values: NDArray[np.float32], top: NDArray[np.float32] | float, kind: Kind
) -> NDArray[np.float32]:
    """Where weights lie on the colour bar, 0 to 1; monotone, and 1 at the top and beyond."""
    share: NDArray[np.float32] = values * np.asarray(1 / np.asarray(top), dtype=np.float32)
    np.minimum(share, 1, out=share)
    if kind == "signed":
        np.maximum(share, -1, out=share)
        share += 1
        share *= 0.5
    elif kind == "sqrt":
        np.sqrt(share, out=share)
    elif kind == "log":
        np.maximum(share, 10.0**-DECADES, out=share)
        np.log10(share, out=share)
        share *= 1 / DECADES
        share += 1
    return share


def colour_numbers(
    values: NDArray[np.float32], top: NDArray[np.float32] | float, kind: Kind
) -> NDArray[np.uint8]:
    """The colour number of each weight, FIRST to 255."""
    share = position(values, top, kind)
    share *= _STEPS
    share += FIRST + 0.5
    return share.astype(np.uint8)


def ticks(top: float, kind: Kind) -> list[tuple[float, float]]:
    """Marks for the colour bar: (position from 0 to 1, weight)."""
    if kind == "signed":
        weights = [top * share for share in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    elif kind == "log":
        weights = [top * 10.0**-k for k in range(DECADES, -1, -1)]
    elif kind == "sqrt":
        weights = [top * share for share in (0.0, 0.0625, 0.25, 0.5625, 1.0)]
    else:
        weights = [top * share for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    places = position(np.array(weights, dtype=np.float32), float(top), kind)
    return [(float(place), weight) for place, weight in zip(places, weights, strict=True)]


_KIND_WORDS: dict[Kind, str] = {
    "linear": "Linear scale",
    "sqrt": "Square-root scale",
    "log": "Logarithmic scale",
    "cap": "Linear scale up to the 99th percentile",
    "signed": "Linear scale, less in one colour and more in the other",
}
_SPECIAL_WORDS = {
    "shown": "special tokens shown",
    "hidden": "special tokens hidden",
    "renormalised": "special tokens hidden, rows renormalised",
}


def describe(shown: Shown, scale: Scale) -> str:
    """What the legend says: which scale and which options are on."""
    levels = "each head has its own top" if scale.per_head else "one top for all heads"
    causal = "; nothing above the diagonal, as tokens see only earlier ones" if shown.maps.causal else ""
    return f"{_KIND_WORDS[scale.kind]}, {levels}, {_SPECIAL_WORDS[shown.special]}{causal}."
