"""Where the layers of a model are: found by its shape, not by its name."""

from __future__ import annotations

from typing import Any

import torch

#: The name of a trained part that stays beside the weights: as a module, and in the config (`engine.parts`).
PART = "workbench_part"


def layers_of(model: torch.nn.Module) -> list[torch.nn.Module]:
    """The blocks of the model, first to last: its list of modules with the most weights; none where it has none.

    A list inside a block cannot win, because the list of all blocks holds its weights and more.
    """
    lists = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList)]
    largest = max(lists, key=_size, default=None)
    return list(largest) if largest is not None and _size(largest) else []


def input_embeddings(model: torch.nn.Module) -> torch.nn.Module | None:
    """The table of token vectors; None for a model that has none."""
    find: Any = getattr(model, "get_input_embeddings", None)
    try:
        found: torch.nn.Module | None = find() if find else None
    except NotImplementedError:  # transformers' answer for models that read no tokens
        return None
    return found


def _size(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
