"""Optimizers: which rule, and which weights decay."""

from __future__ import annotations

import torch


def build_optimizer(
    model: torch.nn.Module, kind: str, rate: float, weight_decay: float
) -> torch.optim.Optimizer:
    """An optimizer over the trainable weights; biases and norms (fewer than two dimensions) do not decay.

    The fused form does a whole step in one kernel, on the CPU as well.
    """
    trainable = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trainable if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trainable if p.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    fused = all(p.device.type in {"cpu", "cuda", "xpu", "mps"} and p.is_floating_point() for p in trainable)
    match kind:
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate, fused=fused)
        case "sgd":
            return torch.optim.SGD(groups, lr=rate, momentum=0.9, fused=fused)
    raise ValueError(f"no optimizer is called {kind!r}")
