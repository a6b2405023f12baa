"""Attention of a vision transformer as maps over its picture: one number for each patch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.run.results import AttentionMaps

#: What a map over the picture shows: one head, the mean of a layer's heads, or rollout through all layers.
SOURCES = ("head", "layer", "rollout")


def patches_start(maps: AttentionMaps) -> int:
    """The number of the first patch's token; those before it are special, [CLS] first where there is one.

    Raises:
        ValueError: When the maps are not those of a picture.
    """
    if maps.picture is None:
        raise ValueError("these maps are not those of a picture")
    rows, columns = maps.picture.patches
    return len(maps.tokens) - rows * columns


def rollout(weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Attention rollout (Abnar and Zuidema 2020): R = Â_L … Â_1 with Â = ½·mean_h A + ½·I.

    Args:
        weights: Shape (layers, heads, n, n), first layer first.

    Returns:
        Shape (n, n); rows sum to 1 where those of the weights do.
    """
    one = np.eye(weights.shape[-1])
    found = one
    for layer in weights:
        found = (layer.mean(0, dtype=np.float64) / 2 + one / 2) @ found
    return found


def over_picture(maps: AttentionMaps, rows: NDArray[Any], token: int | None) -> NDArray[np.float64]:
    """What one token looked at, patch by patch.

    Args:
        maps: Maps of a picture.
        rows: Weights of shape (..., n, n).
        token: The token that looks; None for the mean of all patches, where a model has no [CLS].

    Returns:
        Shape (..., rows of patches, columns of patches). What special tokens got is left out, so that the sum may be
        below 1.
    """
    assert maps.picture is not None
    start = patches_start(maps)
    looked = rows[..., start:, :].mean(-2) if token is None else rows[..., token, :]
    found: NDArray[np.float64] = np.asarray(looked[..., start:], np.float64)
    return found.reshape(*found.shape[:-1], *maps.picture.patches)
