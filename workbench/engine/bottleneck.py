"""Bottleneck adapters: a narrow trained network behind each layer (Houlsby et al. 2019, Pfeiffer et al. 2021)."""

from __future__ import annotations

from typing import Any

import torch

from workbench.engine.layers import PART, layers_of


class Bottleneck(torch.nn.Module):
    """h + up(gelu(down(h))), which is h as long as `up` is zero."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        bare: Any = torch.nn.utils.skip_init  # draws nothing by chance
        self.down = bare(torch.nn.Linear, width, size)
        self.up = bare(torch.nn.Linear, size, width)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Vectors of tokens in and out, any shape ending in (width,)."""
        added: torch.Tensor = self.up(torch.nn.functional.gelu(self.down(hidden)))
        return hidden + added.to(hidden.dtype)


def attach_bottlenecks(model: Any, settings: dict[str, Any]) -> None:
    """Put a bottleneck behind every layer; `settings["size"]` is its inner width."""
    weight = next(model.parameters())
    for layer in layers_of(model):
        part = Bottleneck(int(model.config.hidden_size), int(settings["size"]))
        layer.add_module(PART, part.to(weight.device))
        layer.register_forward_hook(_through)


def _through(layer: torch.nn.Module, _inputs: Any, output: Any) -> Any:
    part = layer.get_submodule(PART)
    return (part(output[0]), *output[1:]) if isinstance(output, tuple) else part(output)
