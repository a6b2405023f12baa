"""The model in training as a probe sees it, and how to look at a model without leaving a trace."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from workbench.engine.states import random_state, set_random_state


@dataclass(slots=True)
class LiveModel:
    """The model in training, between two steps. Only the engine thread may use it, and only in `untouched`."""

    model: Any
    tokenizer: Any
    head: str
    class_names: tuple[str, ...]
    device: torch.device
    step: int
    name: str


@contextlib.contextmanager
def untouched(model: torch.nn.Module) -> Iterator[None]:
    """Eval mode without gradients; each module's mode and all random states are put back afterwards, so that
    a run with probes is the same to the bit as one without."""
    modes = [(module, module.training) for module in model.modules()]
    states = random_state()
    try:
        model.eval()
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
        set_random_state(states)


@contextlib.contextmanager
def uncompiled(model: torch.nn.Module) -> Iterator[None]:
    """Compiled layers run as they are written: reading attention or single tokens would compile them once more."""
    if any(module._compiled_call_impl is not None for module in model.modules()):
        with torch.compiler.set_stance("force_eager"):
            yield
    else:
        yield
