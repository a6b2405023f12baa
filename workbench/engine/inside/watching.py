"""Attention functions that keep, of each layer's weights, only what is wanted: maxima of blocks and one head.

The weights are computed for some rows at a time, and the layer's output from the same weights, so that a map of
2 048 × 2 048 is never held for all heads, and what is kept is what was really used.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import eager_mask, sdpa_mask

from workbench.engine.inside.blocks import Blocks

#: The formula in blocks of rows, for models that use sdpa; and the model's own eager function, watched.
BLOCKED, OWN = "workbench_watch", "workbench_watch_own"

#: Weights of so many bytes are computed at once: they should stay in the processor's cache.
_AT_ONCE = 2 << 20


class Enough(Exception):  # noqa: N818 - nothing went wrong
    """What was wanted is there; the rest of the forward pass is not needed."""


@dataclass(slots=True)
class Watch:
    """What is wanted of the layers that are watched, and what came.

    Attributes:
        rows: How query tokens are divided.
        columns: How key tokens are divided.
        modules: The ids of the attention modules to watch; None for all.
        tiles: Whether maxima of blocks are wanted.
        head: The (layer, head) wanted in full.
        layers: Of each layer, float32 on the CPU: tiles (heads, t, u).
        links: Of each layer: int64 (2, heads, 2), as in `PooledMaps`.
        strengths: Of each layer: float32 (2, heads).
        full: The wanted head, float32 (n, m).
        odd: The shape of a layer that has no map of all queries by all keys.
    """

    rows: Blocks
    columns: Blocks
    modules: frozenset[int] | None = None
    tiles: bool = True
    head: tuple[int, int] | None = None
    layers: list[torch.Tensor] = field(default_factory=list)
    links: list[torch.Tensor] = field(default_factory=list)
    strengths: list[torch.Tensor] = field(default_factory=list)
    full: torch.Tensor | None = None
    odd: tuple[int, ...] | None = None
    seen: int = 0

    def wants(self, module: torch.nn.Module) -> bool:
        """Whether this layer is watched; counts it, and says when nothing further is wanted."""
        if self.modules is not None and id(module) not in self.modules:
            return False
        if not self.tiles and self.full is not None:
            raise Enough
        self.seen += 1
        return self.tiles or self.head is None or self.seen - 1 == self.head[0]


class _Layer:
    """Collects the weights of one layer, some rows at a time."""

    def __init__(self, watch: Watch, heads: int, device: torch.device) -> None:
        self._watch = watch
        shape = (heads, watch.rows.count, watch.columns.count)
        self._tiles = torch.zeros(shape, device=device) if watch.tiles else None
        self._chosen: int | None = None
        if watch.head is not None and watch.head[0] == watch.seen - 1 and watch.head[1] < heads:
            self._chosen = watch.head[1]
            watch.full = torch.zeros(watch.rows.n, watch.columns.n)

    def take(self, weights: torch.Tensor, first: int, size: int, block: int) -> None:
        """Rows from `first` on, of shape (heads, rows, m' <= m); they are whole blocks of `size` rows."""
        if self._chosen is not None and self._watch.full is not None:
            part = self._watch.full[first : first + weights.shape[1], : weights.shape[2]]
            part.copy_(weights[self._chosen])
        if self._tiles is not None:
            # Rows first: their maxima run along memory, and leave a fraction for the columns.
            pooled = (
                weights if size == 1 else weights.reshape(len(weights), -1, size, weights.shape[2]).amax(2)
            )
            into = self._tiles[:, block : block + pooled.shape[1]]
            self._watch.columns.pool_into(pooled, into)

    def finish(self, rows_of: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """Find each head's strongest links; `rows_of` gives whole rows again: (heads, r) into (heads, r, m)."""
        if self._tiles is None:
            return
        rows, columns = self._watch.rows, self._watch.columns
        inner = torch.zeros_like(self._tiles)
        among = (slice(None), slice(rows.lead, rows.count - rows.trail))
        kept = slice(columns.lead, columns.count - columns.trail)
        inner[(*among, kept)] = self._tiles[(*among, kept)]
        outer = self._tiles.clone()
        if not self._tiles[:, 0, 1:].any():
            outer[:, 0] = 0
        both = torch.stack([outer, inner], 1)  # (heads, 2, t, u)
        best, at = both.flatten(2).max(-1)
        links = _cells(rows, columns, at // columns.count, at % columns.count, rows_of)
        links[best == 0] = -1
        self._watch.layers.append(self._tiles.cpu())
        self._watch.links.append(links.transpose(0, 1).cpu())
        self._watch.strengths.append(best.transpose(0, 1).cpu())


def _cells(
    rows: Blocks,
    columns: Blocks,
    row_block: torch.Tensor,
    column_block: torch.Tensor,
    rows_of: Callable[[torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """The cell with the largest weight within a block: (heads, 2) twice into int64 (heads, 2, 2)."""
    device = row_block.device
    starts, ends = (torch.from_numpy(rows.starts).to(device)[i:] for i in (0, 1))
    offset = torch.arange(rows.size, device=device)
    index = torch.minimum(starts[row_block][..., None] + offset, ends[row_block][..., None] - 1)
    found = rows_of(index.flatten(1)).view(*index.shape, columns.n)  # (heads, 2, size, m)
    starts, ends = (torch.from_numpy(columns.starts).to(device)[i:] for i in (0, 1))
    offset = torch.arange(columns.size, device=device)
    keys = torch.minimum(starts[column_block][..., None] + offset, ends[column_block][..., None] - 1)
    cells = found.gather(-1, keys[:, :, None].expand(-1, -1, rows.size, -1)).flatten(2)
    which = cells.argmax(-1, keepdim=True)
    query = index.gather(-1, which // columns.size)
    key = keys.gather(-1, which % columns.size)
    return torch.cat([query, key], -1)


_watching: list[Watch] = []  # only the engine thread looks into models


@contextlib.contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """While this lasts, the attention functions below tell this watch what they see."""
    _watching.append(watch)
    try:
        yield
    finally:
        _watching.remove(watch)


def _watch_of(module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor) -> Watch | None:
    """Who wants to know about this layer."""
    if not _watching or not _watching[-1].wants(module):
        return None
    watch = _watching[-1]
    if (query.shape[0], query.shape[2], key.shape[2]) != (1, watch.rows.n, watch.columns.n):
        watch.odd = (query.shape[0], query.shape[2], key.shape[2])
        return None
    return watch


def own(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **more: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The model's own eager function, watched: it holds one layer's weights at a time, not those of all."""
    function = sys.modules[type(module).__module__].eager_attention_forward
    output, weights = function(module, query, key, value, attention_mask, **more)
    watch = _watch_of(module, query, key)
    if watch is not None:
        collect(watch, weights[0])
    return output, None


def collect(watch: Watch, weights: torch.Tensor) -> None:
    """Give a watch one layer's weights of shape (heads, n, m)."""
    weights = weights.float()
    layer = _Layer(watch, weights.shape[0], weights.device)
    for first, last, size, block in watch.rows.stretches(watch.rows.n):
        layer.take(weights[:, first:last], first, size, block)
    layer.finish(lambda index: weights.gather(1, index[..., None].expand(-1, -1, weights.shape[2])))


def blocked(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    position_bias: torch.Tensor | None = None,
    **more: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """softmax(QKᵀ·scale + bias + M) V, some rows at a time, in float32; layers that nobody watches go to sdpa.

    Shapes (1, heads, tokens, size) in, (1, tokens, heads, size) out, as transformers calls it.
    """
    causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
    causal = bool(causal) and attention_mask is None and query.shape[2] > 1
    if more.get("softcap") is not None or more.get("s_aux") is not None:  # more than the plain formula
        mask = _as_bias(attention_mask, query, key, causal=causal)
        return own(module, query, key, value, mask, dropout=dropout, scaling=scaling, **more)
    watch = _watch_of(module, query, key)
    if watch is None:
        extra = {**more, **({} if position_bias is None else {"position_bias": position_bias})}
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, is_causal, **extra
        )
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    formula = _Formula(
        query[0].float() * scale,
        key[0].float(),
        None if position_bias is None else position_bias[0].float(),
        None if attention_mask is None else attention_mask[0],
        causal=causal,
    )
    return formula.run(watch, value[0])[None], None


def _as_bias(
    mask: torch.Tensor | None, query: torch.Tensor, key: torch.Tensor, *, causal: bool
) -> torch.Tensor | None:
    """A mask as eager functions take it: 0 where a query may look, the least number where it may not."""
    if mask is None and causal:
        mask = torch.ones(1, 1, query.shape[2], key.shape[2], dtype=torch.bool, device=query.device).tril()
    if mask is None or mask.dtype != torch.bool:
        return mask
    return torch.zeros(mask.shape, dtype=query.dtype, device=mask.device).masked_fill_(
        ~mask, torch.finfo(query.dtype).min
    )


class _Formula:
    """The weights of one layer for any rows; queries are scaled, several query heads may share a key head."""

    def __init__(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        bias: torch.Tensor | None,
        mask: torch.Tensor | None,
        *,
        causal: bool,
    ) -> None:
        self.query, self.key, self.bias, self.mask, self.causal = (
            query,
            key.transpose(1, 2),
            bias,
            mask,
            causal,
        )
        self.heads, self.n, _ = query.shape
        self.shared = key.shape[0]
        self.m = key.shape[1]

    def run(self, watch: Watch, value: torch.Tensor) -> torch.Tensor:
        """The layer's output (tokens, heads, size), and what the watch wants on the way."""
        layer = _Layer(watch, self.heads, value.device)
        output = value.new_empty(self.n, self.heads, value.shape[-1])
        most = max(1, _AT_ONCE // (4 * self.heads * self.m))
        for first, last, size, block in watch.rows.stretches(most):
            weights = self._rows(first, last)
            layer.take(weights, first, size, block)
            seen = weights.shape[-1]
            mixed = torch.bmm(weights.view(self.shared, -1, seen).to(value.dtype), value[:, :seen])
            output[first:last] = mixed.view(self.heads, last - first, -1).transpose(0, 1)
        layer.finish(self._scattered)
        return output

    def _rows(self, first: int, last: int) -> torch.Tensor:
        """Rows first to last - 1 of all heads; where no token sees a later one, only as many keys as there are."""
        seen = last if self.causal else self.m
        query = self.query[:, first:last].reshape(self.shared, -1, self.query.shape[-1])
        scores = torch.bmm(query, self.key[..., :seen]).view(self.heads, last - first, seen)
        if self.bias is not None:
            scores += self.bias[:, first:last, :seen]
        if self.mask is not None:
            _hide(scores, self.mask[:, first:last])
        elif self.causal and last - first > 1:
            later = torch.ones(last - first, last - first, dtype=torch.bool, device=scores.device).triu_(1)
            scores[..., first:].masked_fill_(later, torch.finfo(scores.dtype).min)
        return torch.softmax(scores, -1)

    def _scattered(self, index: torch.Tensor) -> torch.Tensor:
        """Any rows, others in each head: int64 (heads, r) into (heads, r, m)."""
        heads = torch.arange(self.heads, device=index.device)[:, None]
        query = self.query[heads, index].reshape(self.shared, -1, self.query.shape[-1])
        scores = torch.bmm(query, self.key).view(*index.shape, self.m)
        for extra in (self.bias, self.mask):
            if extra is not None:
                part = extra[heads, index] if extra.shape[0] > 1 else extra[0][index]
                _hide(scores, part)
        if self.causal:
            later = torch.arange(self.m, device=index.device) > index[..., None]
            scores.masked_fill_(later, torch.finfo(scores.dtype).min)
        return torch.softmax(scores, -1)


def _hide(scores: torch.Tensor, mask: torch.Tensor) -> None:
    """Apply a mask (True: may look) or a bias that is added."""
    if mask.dtype == torch.bool:
        scores.masked_fill_(~mask, torch.finfo(scores.dtype).min)
    else:
        scores += mask


for _name, _function, _mask in ((BLOCKED, blocked, sdpa_mask), (OWN, own, eager_mask)):
    AttentionInterface.register(_name, _function)
    AttentionMaskInterface.register(_name, _mask)
