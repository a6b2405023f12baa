"""Linear layers whose frozen weights are kept in 4 or 8 bits, by the library bitsandbytes, and plain ones again."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import torch

#: What transformers and peft call such a model.
FLAGS = {"4-bit": "is_loaded_in_4bit", "8-bit": "is_loaded_in_8bit"}


def why_not(device: torch.device) -> str:
    """Why weights cannot be kept in few bits on a device; empty where they can."""
    if device.type != "cuda":
        return f"It needs an NVIDIA GPU; this run computes on {device.type}."
    if importlib.util.find_spec("bitsandbytes") is None:
        return "The package bitsandbytes is not installed."
    return ""


def quantise(model: torch.nn.Module, names: list[str], bits: str) -> None:
    """Replace linear layers by frozen ones in few bits; the numbers are rounded when the model goes to its GPU.

    4-bit is NF4 with double quantisation (Dettmers et al. 2023), 8-bit is LLM.int8 (Dettmers et al. 2022).

    Args:
        model: The model on the CPU.
        names: Full names of its linear layers.
        bits: "4-bit" or "8-bit".
    """
    library: Any = importlib.import_module("bitsandbytes").nn
    for name in names:
        parent, _, own = name.rpartition(".")
        plain: Any = model.get_submodule(name)
        if not isinstance(plain, torch.nn.Linear):
            continue  # GPT-2's turned matrices stay as they are
        values, biased = plain.weight.detach(), plain.bias is not None
        if bits == "4-bit":
            layer = library.Linear4bit(
                plain.in_features,
                plain.out_features,
                bias=biased,
                compute_dtype=torch.bfloat16,
                compress_statistics=True,
                quant_type="nf4",
            )
            layer.weight = library.Params4bit(
                values, requires_grad=False, compress_statistics=True, quant_type="nf4", module=layer
            )
        else:
            layer = library.Linear8bitLt(
                plain.in_features, plain.out_features, bias=biased, has_fp16_weights=False
            )
            layer.weight = library.Int8Params(values, requires_grad=False, has_fp16_weights=False)
        if biased:
            layer.bias = torch.nn.Parameter(plain.bias.detach(), requires_grad=False)
        setattr(model.get_submodule(parent), own, layer)
    setattr(model, FLAGS[bits], True)


def plain_layer(layer: torch.nn.Module) -> torch.nn.Module | None:
    """A float32 layer with the numbers that a quantised one stands for; None for any other module."""
    if not isinstance(layer, torch.nn.Linear) or type(layer).__name__ not in ("Linear4bit", "Linear8bitLt"):
        return None
    from peft.utils.integrations import dequantize_bnb_weight

    weight: Any = layer.weight
    state = getattr(layer, "state", None)
    values = dequantize_bnb_weight(weight, state=state)
    bare: Any = torch.nn.utils.skip_init
    plain: torch.nn.Linear = bare(
        torch.nn.Linear, layer.in_features, layer.out_features, layer.bias is not None
    )
    plain.weight = torch.nn.Parameter(values.detach().float(), requires_grad=False)
    if layer.bias is not None:
        plain.bias = torch.nn.Parameter(layer.bias.detach().float(), requires_grad=False)
    return plain
