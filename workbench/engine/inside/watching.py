"""Attention functions that keep, of each layer's weights, what is wanted: maxima of blocks, one head, or all of them.

The layer's output is sdpa's. For maxima the weights are computed again for some rows at a time, so that a map of
2 048 × 2 048 is never held for all heads. Exponentials are monotone: the maxima are taken of the logarithms,
ln A = QKᵀ·scale + M - ln Σ exp, and only these few go through exp.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import eager_mask, sdpa_mask

from workbench.engine.inside.blocks import Blocks
from workbench.engine.inside.counting import Counting
from workbench.engine.inside.formula import AT_ONCE, Formula, Whole

#: The formula in blocks of rows, for models that use sdpa; and the model's own eager function, watched.
BLOCKED, OWN = "workbench_watch", "workbench_watch_own"


class Enough(Exception):  # noqa: N818 - nothing went wrong
    """What was wanted is there; the rest of the forward pass is not needed."""


@dataclass(slots=True)
class Watch:
    """What is wanted of the layers that are watched, and what came: one head in full, or the maxima of all.

    Attributes:
        rows: How query tokens are divided.
        columns: How key tokens are divided.
        modules: The ids of the attention modules to watch; None for all.
        head: The (layer, head) wanted in full; None where the maxima of blocks are wanted.
        layers: Of each layer, float32 on the CPU: tiles (heads, t, u).
        links: Of each layer: int64 (2, heads, 2), as in `PooledMaps`.
        strengths: Of each layer: float32 (2, heads).
        full: The wanted head, float32 (n, m).
        odd: The shape (batch, queries, keys) of a layer that has no map of all queries by all keys.
        seen: How many layers came by.
        counting: What takes the census of the maxima's weights, where it is wanted.
        whole: What takes all heads in full, where they are wanted and not the maxima.
    """

    rows: Blocks
    columns: Blocks
    modules: frozenset[int] | None = None
    head: tuple[int, int] | None = None
    layers: list[torch.Tensor] = field(default_factory=list)
    links: list[torch.Tensor] = field(default_factory=list)
    strengths: list[torch.Tensor] = field(default_factory=list)
    full: torch.Tensor | None = None
    odd: tuple[int, ...] | None = None
    seen: int = 0
    counting: Counting | None = None
    whole: Whole | None = None

    def wants(self, module: torch.nn.Module) -> bool:
        """Whether this layer is watched; counts it, and says when nothing further is wanted."""
        if self.modules is not None and id(module) not in self.modules:
            return False
        if self.full is not None:
            raise Enough
        self.seen += 1
        return self.head is None or self.seen - 1 == self.head[0]


class _Pool:
    """Collects the maxima of one layer's blocks, some rows at a time."""

    def __init__(self, watch: Watch, heads: int, device: torch.device) -> None:
        self._watch = watch
        self._tiles = torch.zeros(heads, watch.rows.count, watch.columns.count, device=device)

    def take(self, rows: torch.Tensor, size: int, block: int, *, logs: bool = False) -> None:
        """Whole blocks of `size` rows, from the one with the number `block` on: (heads, rows, m' <= m); with
        `logs` the logarithms of weights."""
        # Rows first: their maxima run along memory, and leave a fraction for the columns.
        pooled = rows if size == 1 else rows.reshape(len(rows), -1, size, rows.shape[2]).amax(2)
        if logs:
            pooled = pooled.exp()
        self._watch.columns.pool_into(pooled, self._tiles[:, block : block + pooled.shape[1]])

    def finish(self, rows_of: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """Find each head's strongest links; `rows_of` gives whole rows of weights: (heads, r) into (heads, r, m)."""
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
    if watch.whole is not None:  # read by the model's own way altogether
        watch.whole.spoil()
        return
    weights = weights.float()
    if watch.head is not None:
        if watch.head[1] < len(weights):
            watch.full = weights[watch.head[1]].cpu()
        return
    pool = _Pool(watch, weights.shape[0], weights.device)
    for first, last, size, block in watch.rows.stretches(watch.rows.n):
        pool.take(weights[:, first:last], size, block)
        if watch.counting is not None:
            watch.counting.take(weights[:, first:last], first, logs=False)
    pool.finish(lambda index: weights.gather(1, index[..., None].expand(-1, -1, weights.shape[2])))


@contextlib.contextmanager
def handing_over(model: torch.nn.Module, watch: Watch) -> Iterator[None]:
    """For models whose attention is their own code, such as DeBERTa's: each layer's weights, which it hands back with
    its output, are given to a watch at once and dropped, so that only one layer's are held. Ask for them by
    `output_attentions`."""

    def take(module: torch.nn.Module, inputs: Any, output: Any) -> Any:
        weights = output[1] if isinstance(output, tuple) and len(output) > 1 else None
        shape = (watch.rows.n, watch.columns.n)
        if not isinstance(weights, torch.Tensor) or weights.ndim != 4 or weights.shape[2:] != shape:
            return None
        if len(weights) == 1 and watch.wants(module):
            collect(watch, weights[0])
        return (output[0], None, *output[2:])  # those around it find nothing to hand on

    hooks = [module.register_forward_hook(take) for module in model.modules()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


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
    """sdpa, and for layers that are watched the weights again, some rows at a time, in float32.

    Shapes (1, heads, tokens, size) in, (1, tokens, heads, size) out, as transformers calls it.
    """
    causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
    causal = bool(causal) and attention_mask is None and query.shape[2] > 1
    if more.get("softcap") is not None or more.get("s_aux") is not None:  # more than the plain formula
        mask = _as_bias(attention_mask, query, key, causal=causal)
        return own(module, query, key, value, mask, dropout=dropout, scaling=scaling, **more)
    watch = _watch_of(module, query, key)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    output, total = None, None
    if watch is not None and watch.head is None and watch.whole is None:
        output, total = _with_totals(query, key, value, attention_mask, position_bias, scale, causal=causal)
    if output is None:
        extra = {**more, **({} if position_bias is None else {"position_bias": position_bias})}
        output = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, is_causal, **extra
        )[0]
    if watch is not None:
        formula = Formula(
            query[0].float() * scale,
            key[0].float(),
            None if position_bias is None else position_bias[0].float(),
            None if attention_mask is None else attention_mask[0],
            causal=causal,
        )
        if watch.whole is not None:
            watch.whole.take(formula)
        elif watch.head is None:
            _pool(formula, watch, total)
        elif watch.head[1] < formula.heads:
            watch.full = formula.whole(watch.head[1]).cpu()
    return output, None


def _with_totals(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    bias: torch.Tensor | None,
    scale: float,
    *,
    causal: bool,
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """sdpa's output and ln Σ exp of each row's scores, (heads, n): its kernel on the CPU has them anyway.

    (None, None) elsewhere, or where something is added to the scores: then they are summed again.
    """
    if query.device.type != "cpu" or bias is not None or query.shape[-1] != value.shape[-1]:
        return None, None
    groups = query.shape[1] // key.shape[1]
    mask = _as_bias(mask, query, key, causal=False)
    output, total = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        query, repeat_kv(key, groups), repeat_kv(value, groups), 0.0, causal, attn_mask=mask, scale=scale
    )
    return output.transpose(1, 2).contiguous(), total[0].float()


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


def _pool(formula: Formula, watch: Watch, total: torch.Tensor | None) -> None:
    """Give a watch the maxima of blocks; `total` is ln Σ exp of each row's scores, (heads, n), if known."""
    pool = _Pool(watch, formula.heads, formula.query.device)
    query, key = formula.query, formula.key
    if total is not None:  # one more column in the product subtracts it, which costs no pass of its own
        query = torch.cat([query, -total[..., None]], -1)
        key = torch.cat([key, torch.ones_like(key[..., :1])], -1)
    most = max(1, AT_ONCE // (4 * formula.heads * key.shape[1]))
    for first, last, size, block in watch.rows.stretches(most):
        rows = formula.scores(query, key, first, last)
        if total is None:
            rows -= torch.logsumexp(rows, -1, keepdim=True)
        pool.take(rows, size, block, logs=True)
        if watch.counting is not None:
            watch.counting.take(rows, first, logs=True)
    pool.finish(formula.scattered)


for _name, _function, _mask in ((BLOCKED, blocked, sdpa_mask), (OWN, own, eager_mask)):
    AttentionInterface.register(_name, _function)
    AttentionMaskInterface.register(_name, _mask)
