"""The attention formula of one layer, for any of its rows and heads, and full maps of all layers made by it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

#: Weights of so many bytes are computed at once. Fewer stay in the processor's cache, but products of few rows are
#: slow: at 512 tokens, half a megabyte at once took a third longer.
AT_ONCE = 8 << 20

_LEAST = torch.finfo(torch.float32).min


class Formula:
    """A = softmax(QKᵀ + bias + M) of one layer, for any rows; Q is scaled, and several of its heads may share one
    of K."""

    def __init__(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        bias: torch.Tensor | None,
        mask: torch.Tensor | None,
        *,
        causal: bool,
    ) -> None:
        self.query, self.key, self.bias, self.mask, self.causal = query, key, bias, mask, causal
        self.heads = len(query)

    def into(self, made: torch.Tensor) -> None:
        """All heads' weights, written into float32 (heads, n, m) on the same device."""
        shared = self.heads // len(self.key)  # heads of Q for each of K
        step = max(1, AT_ONCE // (made[0].nbytes * shared))
        for first in range(0, len(self.key), step):
            heads = slice(first * shared, (first + step) * shared)
            key, part = self.key[first : first + step].transpose(1, 2), made[heads]
            query = self.query[heads].reshape(len(key), -1, self.query.shape[-1])
            torch.bmm(query, key, out=part.view(len(key), -1, made.shape[-1]))
            self._hide(
                part, *(None if t is None else t[heads] if len(t) > 1 else t for t in (self.bias, self.mask))
            )
            if self.causal:
                part.masked_fill_(_later(part.shape[1], part.shape[2], part.device), _LEAST)
            torch.softmax(part, -1, out=part)

    def whole(self, head: int) -> torch.Tensor:
        """One head's weights, (n, m)."""
        shared = head * len(self.key) // self.heads
        scores = (self.query[head] @ self.key[shared].T)[None]
        self._hide(
            scores, *(t[head % len(t)][None] if t is not None else None for t in (self.bias, self.mask))
        )
        if self.causal:
            scores.masked_fill_(_later(scores.shape[1], scores.shape[2], scores.device), _LEAST)
        return torch.softmax(scores[0], -1)

    def scores(self, query: torch.Tensor, key: torch.Tensor, first: int, last: int) -> torch.Tensor:
        """Rows first to last - 1 of all heads; where no token sees a later one, only as many keys as there are."""
        seen = last if self.causal else key.shape[1]
        part = query[:, first:last].reshape(len(key), -1, query.shape[-1])
        scores = torch.bmm(part, key[:, :seen].transpose(1, 2)).view(self.heads, last - first, seen)
        bias, mask = (None if t is None else t[:, first:last, :seen] for t in (self.bias, self.mask))
        self._hide(scores, bias, mask)
        if self.causal and last - first > 1:
            scores[..., first:].masked_fill_(_later(last - first, last - first, scores.device), _LEAST)
        return scores

    def scattered(self, index: torch.Tensor) -> torch.Tensor:
        """The weights of any rows, others in each head: int64 (heads, r) into (heads, r, m)."""
        heads = torch.arange(self.heads, device=index.device)[:, None]
        query = self.query[heads, index].reshape(len(self.key), -1, self.query.shape[-1])
        scores = torch.bmm(query, self.key.transpose(1, 2)).view(*index.shape, -1)
        bias, mask = (
            None if t is None else t[heads, index] if len(t) > 1 else t[0][index]
            for t in (self.bias, self.mask)
        )
        self._hide(scores, bias, mask)
        if self.causal:
            later = torch.arange(scores.shape[-1], device=index.device) > index[..., None]
            scores.masked_fill_(later, _LEAST)
        return torch.softmax(scores, -1)

    def _hide(self, scores: torch.Tensor, bias: torch.Tensor | None, mask: torch.Tensor | None) -> None:
        """Add the bias, and apply the mask (True: may look) or add it too."""
        for extra in (bias, mask):
            if extra is not None and extra.dtype == torch.bool:
                scores.masked_fill_(~extra, _LEAST)
            elif extra is not None:
                scores += extra


class Whole:
    """Full maps of all layers, each written where it stays."""

    def __init__(self, layers: int, queries: int, keys: int) -> None:
        self._shape = (max(1, layers), queries, keys)
        self._maps: NDArray[np.float32] | None = None
        self._count = 0
        self._spoilt = False
        #: Whether no token saw a later one in any layer; where False, the maps themselves tell.
        self.causal = True

    def take(self, formula: Formula) -> None:
        """The next layer."""
        layers, queries, keys = self._shape
        if self._maps is None:
            self._maps = np.empty((layers, formula.heads, queries, keys), dtype=np.float32)
        if self._maps.shape[1] != formula.heads:
            self.spoil()
        if self._spoilt:
            return
        if self._count == len(self._maps):  # more than the config told of
            self._maps = np.concatenate([self._maps, np.empty_like(self._maps)])
        room = torch.from_numpy(self._maps[self._count])
        if formula.query.device.type == "cpu":
            formula.into(room)
        else:
            made = torch.empty_like(room, device=formula.query.device)
            formula.into(made)
            room.copy_(made)
        self.causal = self.causal and formula.causal
        self._count += 1

    def spoil(self) -> None:
        """A layer came that is no such map."""
        self._spoilt = True

    def maps(self) -> NDArray[np.float32] | None:
        """Float32 (layers, heads, n, m); None where there were none, or not all of them were such maps."""
        return None if self._maps is None or self._spoilt or not self._count else self._maps[: self._count]


def _later(rows: int, columns: int, device: torch.device) -> torch.Tensor:
    return torch.ones(rows, columns, dtype=torch.bool, device=device).triu_(1)
