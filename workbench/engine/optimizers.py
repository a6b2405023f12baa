"""Optimizers: which rule, which weights decay, and how fast each layer learns."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from typing import Any

import torch

from workbench.engine.layers import input_embeddings, layers_of
from workbench.engine.rules import AdEMAMix, Lion
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.training_fields import OptimizerKind

#: What SGD with momentum keeps of the last direction.
MOMENTUM = 0.9

#: Rules that treat each number of a weight by itself, and leave one alone that never had a gradient: a token table
#: may then be reduced to the tokens that occur. Adafactor looks at whole rows and columns, 8 bits at blocks.
ELEMENTWISE: frozenset[OptimizerKind] = frozenset(
    {"adamw", "adam", "sgd", "momentum", "nesterov", "lion", "ademamix"}
)


def build_optimizer(model: torch.nn.Module, recipe: Recipe, total: int = 0) -> torch.optim.Optimizer:
    """An optimizer over the trainable weights, with the groups of `parameter_groups`.

    The fused forms do a whole step in one kernel, on the CPU as well. With a learning rate of 0 no rule changes
    a weight, whatever the weight decay.

    Args:
        model: The model on its device.
        recipe: The run's recipe; `training.optimizer` is the rule.
        total: Steps of the whole run, over which ademamix raises its slow average; 0 uses it fully at once.

    Raises:
        WorkbenchError: When the rule cannot be had on the model's device.
    """
    training = recipe.training
    device = next(model.parameters()).device
    problems = optimizer_problems(recipe, device)
    if problems:
        raise WorkbenchError(*problems)
    rate, groups = training.learning_rate, parameter_groups(model, recipe)
    betas = (0.9, training.beta2)
    fused = all(p.is_floating_point() for group in groups for p in group["params"])
    match training.optimizer:
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate, betas=betas, fused=fused)
        case "adam":
            return torch.optim.Adam(groups, lr=rate, betas=betas, fused=fused)
        case "sgd":
            return torch.optim.SGD(groups, lr=rate, fused=fused)
        case "momentum":
            return torch.optim.SGD(groups, lr=rate, momentum=MOMENTUM, fused=fused)
        case "nesterov":
            return torch.optim.SGD(groups, lr=rate, momentum=MOMENTUM, nesterov=True, fused=fused)
        case "adafactor":
            return torch.optim.Adafactor(groups, lr=rate)
        case "lion":
            return Lion(groups, lr=rate)
        case "ademamix":
            return AdEMAMix(groups, lr=rate, horizon=total)
        case "adamw-8bit":
            return _eight_bit("AdamW8bit", groups, rate)
        case "lion-8bit":
            return _eight_bit("Lion8bit", groups, rate)


def optimizer_problems(recipe: Recipe, device: torch.device) -> list[Problem]:
    """What stands against the recipe's optimizer on a device; nothing when it can be had."""
    kind = recipe.training.optimizer
    if not kind.endswith("-8bit"):
        return []
    cause = _why_no_eight_bit(device)
    if not cause:
        return []
    return [
        Problem(
            f"training.optimizer (Optimizer): {kind} cannot be used here.",
            cause,
            f"Choose {kind.removesuffix('-8bit')}, which is the same rule with larger numbers, or mend bitsandbytes "
            "(pip install bitsandbytes).",
            field="training.optimizer",
        )
    ]


def parameter_groups(model: torch.nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """The trainable weights, grouped by whether they decay and by how fast they learn.

    Biases, norms (fewer than two dimensions) and the table of token vectors do not decay: a token that does not
    occur must not move, or a table reduced to the tokens that occur would not be exact. A table that is the
    output head as well decays like any matrix.

    With layer-wise decay d and N layers, what stands behind the layers learns at the full rate, layer i (from 0)
    at d^(N − 1 − i) times it, and what stands before them at d^N times (Howard and Ruder 2018). Each group
    carries that as `rate_scale`; whoever sets the group's `lr` multiplies by it.

    The groups depend on the model's shape and the recipe only, so that a resumed run finds them again.
    """
    training = recipe.training
    still = _undecayed_table(model)
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for parameter, scale in _scaled(model, recipe.weights.layer_decay):
        decays = parameter.ndim >= 2 and parameter is not still
        groups.setdefault((scale, training.weight_decay if decays else 0.0), []).append(parameter)
    return [
        {
            "params": parameters,
            "weight_decay": decay,
            "rate_scale": scale,
            "lr": training.learning_rate * scale,
        }
        for (scale, decay), parameters in sorted(groups.items(), key=lambda item: item[0], reverse=True)
    ]


def _scaled(model: torch.nn.Module, decay: float) -> Iterator[tuple[torch.nn.Parameter, float]]:
    """Every trainable weight once, with its share of the learning rate."""
    layers = layers_of(model)
    number = {id(p): i for i, layer in enumerate(layers) for p in layer.parameters()}
    table = input_embeddings(model)
    tables = {id(p) for p in table.parameters()} if table is not None else set()
    behind = not layers  # modules are registered in the order in which a text goes through them
    for parameter in model.parameters():
        i = number.get(id(parameter))
        behind = behind or i is not None
        if not parameter.requires_grad:
            continue
        if i is not None:
            yield parameter, decay ** (len(layers) - 1 - i)
        elif behind and id(parameter) not in tables:
            yield parameter, 1.0
        else:
            yield parameter, decay ** len(layers)


def _undecayed_table(model: torch.nn.Module) -> torch.Tensor | None:
    """The weights of the token table, unless they are the output head's as well."""
    weight = getattr(input_embeddings(model), "weight", None)
    find: Any = getattr(model, "get_output_embeddings", None)
    head = find() if find else None
    return None if head is not None and getattr(head, "weight", None) is weight else weight


def _why_no_eight_bit(device: torch.device) -> str:
    """Why 8-bit rules do not work on a device, found by trying one; empty when they do."""
    if importlib.util.find_spec("bitsandbytes") is None:
        return "The package bitsandbytes is not installed."
    # Only tensors of at least 4 096 numbers are kept in 8 bits.
    weight = torch.nn.Parameter(torch.zeros(4096, device=device))
    weight.grad = torch.ones_like(weight)
    try:
        _eight_bit("AdamW8bit", [{"params": [weight]}], 1e-3).step()
    except Exception as error:  # each build and device fails in its own way
        return f"bitsandbytes does not work on {device.type} here: {type(error).__name__}: {error}"
    return ""


def _eight_bit(name: str, groups: list[dict[str, Any]], rate: float) -> torch.optim.Optimizer:
    optim = importlib.import_module("bitsandbytes.optim")
    made: torch.optim.Optimizer = getattr(optim, name)(groups, lr=rate)
    return made
