"""Attention for training on the CPU: the textbook's formula with a float32 softmax and fast dropout masks.

torch's own kernels are made for long texts. With dropout, its sdpa on the CPU turns everything into float32 and
draws the masks slowly; without dropout, the backward pass of its blocked kernel takes several times as long as
the plain formula on short rows (ten times at 25 tokens, as long at 256). Here the products run in the number
format of the queries, bfloat16 under autocast, and the softmax in float32. Where no gradient is wanted, and for
long texts without dropout, torch's kernel is called as before, with the same result to the bit.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from workbench.engine.fast_dropout import LEVELS, Masks, apply_mask, levels

#: What transformers calls this implementation.
NAME = "workbench_cpu"

#: Up to this many tokens the plain formula is faster than torch's blocked kernel, forward and backward together.
SHORT = 256

#: The masks of the model that an attention module belongs to.
_MASKS: WeakKeyDictionary[torch.nn.Module, Masks] = WeakKeyDictionary()


class _Attention(torch.autograd.Function):
    """softmax(QKᵀ·scale + bias), dropped, times V; Q, K and V of shape (rows, heads, tokens, size)."""

    @staticmethod
    def forward(
        ctx: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        bias: torch.Tensor | None,
        scale: float,
        dropout: float,
        masks: Masks | None,
    ) -> torch.Tensor:
        rows, heads, n = query.shape[:3]
        m = key.shape[2]
        q, k, v = (t.reshape(rows * heads, -1, t.shape[-1]) for t in (query, key, value))
        scores = torch.bmm(q, k.transpose(1, 2)).float()
        if bias is None:
            scores.mul_(scale)
        else:
            scores = torch.add(bias, scores.view(rows, heads, n, m), alpha=scale).view(-1, n, m)
        # In float32: rows of bfloat16 that fill no whole vector go through the softmax five times as slowly.
        weights = torch.softmax(scores, dim=-1)
        used, drop = weights, None
        if masks is not None:
            drop = masks.draw(weights.shape, dropout, weights.dtype)
            used = apply_mask(weights, drop, dropout)
        used = used.to(v.dtype)
        ctx.save_for_backward(q, k, v, weights, used, drop)
        ctx.scale, ctx.dropout = scale, dropout
        return torch.bmm(used, v).view(rows, heads, n, -1)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        q, k, v, weights, used, drop = ctx.saved_tensors
        rows, heads, n, size = gradients[0].shape
        outer = gradients[0].reshape(rows * heads, n, size)
        value = torch.bmm(used.transpose(1, 2), outer)
        inner = torch.bmm(outer, v.transpose(1, 2)).float()
        if drop is not None:
            inner = apply_mask(inner, drop, ctx.dropout)
        inner = torch._softmax_backward_data(inner, weights, -1, torch.float32)
        inner = inner.mul_(ctx.scale).to(q.dtype)
        query, key = torch.bmm(inner, k), torch.bmm(inner.transpose(1, 2), q)
        shaped = (t.view(rows, heads, -1, t.shape[-1]) for t in (query, key, value))
        return (*shaped, None, None, None, None)


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **more: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """What transformers calls; shapes (rows, heads, tokens, size) in, (rows, tokens, heads, size) out."""
    drops = 0 < levels(dropout) < LEVELS
    masks = _MASKS.get(module) if drops else None
    fast = masks is not None if drops else (dropout == 0 and query.shape[2] <= SHORT)
    special = any(more.get(name) is not None for name in ("softcap", "position_bias", "s_aux", "cache"))
    if special or not fast or not (torch.is_grad_enabled() and query.requires_grad):
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, is_causal, **more
        )
    groups = query.shape[1] // key.shape[1]
    causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
    if torch.is_autocast_enabled("cpu"):
        # A cache gives values back in the format of the keys, which rotary positions have made float32.
        value = value.to(torch.get_autocast_dtype("cpu"))
    output: torch.Tensor = _Attention.apply(  # type: ignore[no-untyped-call]
        query,
        repeat_kv(key, groups),
        repeat_kv(value, groups),
        _bias(attention_mask, query.shape[2], key.shape[2], causal=causal),
        query.shape[-1] ** -0.5 if scaling is None else scaling,
        dropout,
        masks,
    )
    return output.transpose(1, 2).contiguous(), None


def _bias(mask: torch.Tensor | None, n: int, m: int, *, causal: bool) -> torch.Tensor | None:
    """What is added to the scores: float32, 0 where a query may look and the least number where it may not."""
    if mask is not None and mask.dtype != torch.bool:
        return mask.float()
    if mask is None:
        if not causal or n == 1:
            return None
        mask = torch.ones(n, m, dtype=torch.bool).tril()
    return torch.zeros(mask.shape).masked_fill_(~mask, torch.finfo(torch.float32).min)


class FastAttention:
    """The attention that a model trains with, until `remove`."""

    def __init__(self, model: Any, masks: Masks | None) -> None:
        self._model, self._before = model, model.config._attn_implementation
        model.set_attn_implementation(NAME)
        if masks is not None:
            for module in model.modules():
                _MASKS[module] = masks

    def remove(self) -> None:
        """Put the implementation of before back."""
        self._model.set_attn_implementation(self._before)
        for module in self._model.modules():
            _MASKS.pop(module, None)


def install(model: Any, masks: Masks | None) -> FastAttention | None:
    """Give a model on the CPU this attention; None where its own is not sdpa, which it stands in for.

    Args:
        model: The model of transformers, or what peft made of it.
        masks: Where dropout masks come from; None leaves layers with dropout to torch, which gradient
            checkpointing needs.
    """
    config = getattr(model, "config", None)
    if next(model.parameters()).device.type != "cpu" or getattr(config, "_attn_implementation", "") != "sdpa":
        return None
    return FastAttention(model, masks)


AttentionInterface.register(NAME, attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
