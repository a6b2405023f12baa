"""A second model beside one in training: its own modules and no hooks, sharing what is not trained."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch

#: What may have been put in the place of one module's forward pass, and would run the original's.
_OWN = frozenset({"forward", "_compiled_call_impl"})


def twin_of(
    model: torch.nn.Module, replace: Callable[[torch.nn.Module], torch.nn.Module | None] = lambda _: None
) -> torch.nn.Module:
    """A copy whose modules can be exchanged and saved while the original stays as it is to the bit.

    Frozen weights and buffers share their memory with the original; trainable weights are copied, so that the
    twin keeps its numbers when training goes on. Weights that are tied stay tied.

    Args:
        model: The original.
        replace: Gives the module to copy in a module's place, or None for the module itself.
    """
    return _twin(model, replace, {}, {}, {})


def _twin(
    module: torch.nn.Module,
    replace: Callable[[torch.nn.Module], torch.nn.Module | None],
    modules: dict[torch.nn.Module, torch.nn.Module],
    weights: dict[torch.nn.Parameter, torch.nn.Parameter],
    configs: dict[int, Any],
) -> torch.nn.Module:
    if module in modules:
        return modules[module]
    source = replace(module) or module
    twin: torch.nn.Module = type(source).__new__(type(source))
    modules[module] = twin
    for name, value in vars(source).items():
        if name in _OWN:
            continue
        # Hooks (and what they hold) belong to the original; each of them is kept in an ordered dictionary.
        hooks = "_hooks" in name and isinstance(value, OrderedDict)
        twin.__dict__[name] = OrderedDict() if hooks else value
    twin.__dict__["_parameters"] = {
        name: None if weight is None else _weight(weight, weights)
        for name, weight in source._parameters.items()
    }
    twin.__dict__["_buffers"] = dict(source._buffers)
    twin.__dict__["_modules"] = {
        name: None if child is None else _twin(child, replace, modules, weights, configs)
        for name, child in source._modules.items()
    }
    if "config" in vars(source):
        twin.__dict__["config"] = copy.deepcopy(
            source.config, configs
        )  # one copy for all parts that share it
    return twin


def _weight(
    weight: torch.nn.Parameter, known: dict[torch.nn.Parameter, torch.nn.Parameter]
) -> torch.nn.Parameter:
    if weight not in known:
        values = weight.detach()
        known[weight] = torch.nn.Parameter(
            values.clone() if weight.requires_grad else values, requires_grad=False
        )
    return known[weight]
