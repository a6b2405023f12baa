"""The model in training as a probe sees it, and how to look at a model without leaving a trace."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
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


#: Models of more bytes are not copied to be looked at.
_LARGE = 2 << 30


def still(live: LiveModel) -> LiveModel | None:
    """A copy of the model as it is at this step, for looks that outlast it; None where it is too large or cannot be
    copied, such as one that is spread over devices. Costs as much memory as the weights; gradients are left out."""
    if sum(tensor.nbytes for tensor in (*live.model.parameters(), *live.model.buffers())) > _LARGE:
        return None
    without: dict[int, Any] = {id(p.grad): None for p in live.model.parameters() if p.grad is not None}
    try:
        return replace(live, model=copy.deepcopy(live.model, without))
    except (RuntimeError, TypeError, AttributeError):
        return None


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
