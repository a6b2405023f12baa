"""Scores of tokens out of attention maps: rollout, attention flow, and gradient × attention.

All three give a matrix over tokens, row = where something is read in the last layer, column = token of the input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Attention flow solves one network for each token; longer texts would take minutes.
FLOW_TOKENS = 32
#: Capacities are whole numbers for the solver, which counts in 32 bits; a row sums to this.
_SCALE = 2**24


def rollout(maps: Sequence[torch.Tensor]) -> torch.Tensor:
    """Attention rollout (Abnar and Zuidema 2020): R = Â_L … Â_1 with Â = ½·mean_h A + ½·I.

    Args:
        maps: One tensor of shape (heads, n, n) for each layer, first to last.

    Returns:
        Shape (n, n); rows sum to 1 where those of the maps do.
    """
    result = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype, device=maps[0].device)
    for layer in with_residual(maps):
        result = layer @ result
    return result


def with_residual(maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """The mean over heads, half of it replaced by the token itself, for each layer; shape (n, n)."""
    one = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype, device=maps[0].device)
    return [layer.mean(0) / 2 + one / 2 for layer in maps]


def gradient_attention(maps: Sequence[torch.Tensor], gradients: Sequence[torch.Tensor]) -> torch.Tensor:
    """Gradient × attention (Chefer, Gur and Wolf 2021): R ← R + ĀR from R = I, Ā = mean_h (∇A ⊙ A)⁺.

    Args:
        maps: One tensor of shape (heads, n, n) for each layer, first to last.
        gradients: Those of the explained score, of the same shapes.

    Returns:
        R, shape (n, n); R − I is nowhere negative.
    """
    result = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype, device=maps[0].device)
    for layer, gradient in zip(maps, gradients, strict=True):
        result = result + (gradient * layer).clamp(min=0).mean(0) @ result
    return result


def flow(layers: Sequence[Floats], read: Floats, check: Callable[[], object] = lambda: None) -> Floats:
    """Attention flow (Abnar and Zuidema 2020): the maximum flow from the place of the decision to each token.

    The network has one node for each token at each height; an edge from token i above a layer to token j below it
    is as wide as Â_ij. Widths are rounded to 2^-24.

    Args:
        layers: Â of each layer, first to last, shape (n, n), rows summing to at most 1.
        read: Share of each token of the last layer in the decision, shape (n,), sum 1.
        check: Called before each token; may raise.

    Returns:
        Shape (n,): the flow into each token of the input, from 0 to 1. They do not sum to 1: each has the network
        for itself.
    """
    from scipy.sparse import csr_array  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import maximum_flow  # type: ignore[import-untyped]

    n, height = len(read), len(layers)
    source = n * (height + 1)
    starts, ends, widths = [np.full(n, source)], [np.arange(n) + n * height], [np.asarray(read)]
    for level, layer in enumerate(layers):
        above, below = np.divmod(np.arange(n * n), n)
        starts.append(above + n * (level + 1))
        ends.append(below + n * level)
        widths.append(np.asarray(layer).ravel())
    capacity = np.floor(np.concatenate(widths) * _SCALE).astype(np.int32)
    wide = capacity > 0
    edges = (np.concatenate(starts)[wide], np.concatenate(ends)[wide])
    network = csr_array((capacity[wide], edges), shape=(source + 1, source + 1))
    found = np.zeros(n)
    for token in range(n):
        check()
        found[token] = maximum_flow(network, source, token).flow_value / _SCALE
    return found
