"""Gates on attention heads: where a layer's heads come together, and hooks that turn single heads down there."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.pytorch_utils import Conv1D

from workbench.engine.attention import eager
from workbench.engine.layers import layers_of
from workbench.engine.live import untouched
from workbench.run.problem import Problem, WorkbenchError

#: Where the output projection of self-attention stands within a layer. Its input is the heads' outputs side by side.
PATHS = (
    "attention.output.dense",  # BERT, RoBERTa, ELECTRA, DeBERTa
    "self_attn.o_proj",  # Llama, Mistral, Qwen, Gemma, Phi
    "attention.out_lin",  # DistilBERT
    "attn.Wo",  # ModernBERT
    "attn.c_proj",  # GPT-2
    "self_attn.out_proj",  # BART, OPT
    "layer.0.SelfAttention.o",  # T5
    "attention.attn.o",  # MPNet
    "attention.o_proj",  # ViT
    "attn.attention.out_proj",  # GPT-Neo
    "attention.dense",  # GPT-NeoX
    "self_attention.dense",  # BLOOM, Falcon
)
_COUNTS = ("num_attention_heads", "num_heads", "n_heads", "n_head")
#: Tokens of the text on which a place is tried out.
_TRIAL = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where the heads of one layer come together: the output projection of its self-attention.

    Attributes:
        label: The layer in words ("Layer 1", "Decoder layer 2").
        path: The module's name within the model.
        module: The projection, a Linear or GPT-2's Conv1D.
        heads: How many heads its input holds, side by side.
    """

    label: str
    path: str
    module: torch.nn.Module
    heads: int

    @property
    def size(self) -> int:
        """Numbers per head."""
        return input_width(self.module) // self.heads

    def columns(self, head: int) -> slice:
        """Where a head stands in the projection's input."""
        return slice(head * self.size, (head + 1) * self.size)


def head_places(model: torch.nn.Module) -> tuple[Place, ...]:
    """The output projection of every layer with self-attention, first to last.

    Raises:
        WorkbenchError: When they are not found, or layers share one.
    """
    if getattr(_config(model), "num_hidden_groups", None):
        raise _not_found(
            model, "Its layers share their weights, so that no layer's heads can be taken alone."
        )
    places = _by_path(model) or by_identity(model)
    if not places:
        raise _not_found(
            model, "The place where its heads come together is not known, and none was found by trial."
        )
    return places


def _by_path(model: Any) -> tuple[Place, ...]:
    modules = dict(model.named_modules())
    for path in PATHS:
        pattern = re.compile(rf"(?P<owner>(?:.*\.)?(?P<number>\d+))\.{re.escape(path)}")
        found = []
        for name, module in modules.items():
            match = pattern.fullmatch(name)
            if match and is_projection(module):
                heads = _heads_at(modules, name, match["owner"], _config(model))
                if heads and input_width(module) % heads == 0:
                    found.append(Place(_label(match["owner"], model.config), name, module, heads))
        if found:
            return tuple(found)
    return ()


def _heads_at(modules: Mapping[str, torch.nn.Module], name: str, owner: str, config: Any) -> int:
    """The number of heads as the attention module knows it, or else the configuration."""
    name = name.rpartition(".")[0]
    while len(name) > len(owner):
        for module in (modules[name], *modules[name].children()):
            for attribute in _COUNTS:
                value = vars(module).get(attribute)
                if isinstance(value, int):
                    return value
        name = name.rpartition(".")[0]
    return int(getattr(config, "num_attention_heads", 0) or 0)


def _label(owner: str, config: Any) -> str:
    """ "Layer 3" of "bert.encoder.layer.2"; encoder and decoder are told apart where a model has both."""
    *parts, number = owner.split(".")
    side = next((part for part in parts if part in ("encoder", "decoder")), "")
    if side and getattr(config, "is_encoder_decoder", False):
        return f"{side.capitalize()} layer {int(number) + 1}"
    return f"Layer {int(number) + 1}"


def by_identity(model: torch.nn.Module) -> tuple[Place, ...]:
    """The projections found by trial, for architectures that the table does not know.

    A gate ξ on head h at the right place has the gradient ∂L/∂ξ_h = Σ_ij A_ij ∂L/∂A_ij, which the attention maps
    give without it (Michel et al. 2019). No other module of the layer agrees for every head. Empty where the model
    shows no maps, or no module agrees.
    """
    heads = int(getattr(_config(model), "num_attention_heads", 0) or 0)
    blocks = layers_of(model)
    names = {id(module): name for name, module in model.named_modules()}
    candidates = [
        (number, Place(f"Layer {number + 1}", names[id(module)], module, heads))
        for number, block in enumerate(blocks)
        for module in block.modules()
        if heads and is_projection(module) and input_width(module) % heads == 0
    ]
    try:
        wanted, given = _gradients(model, [place for _, place in candidates])
    except (
        RuntimeError,
        TypeError,
        ValueError,
        AttributeError,
    ):  # whatever an unknown model does with our text
        return ()
    found = []
    for number in range(len(blocks)):
        if number >= len(wanted):
            return ()
        expected = wanted[number]
        fits = [
            place
            for (layer, place), gradient in zip(candidates, given, strict=True)
            if layer == number
            and torch.allclose(gradient, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))
        ]
        if len(fits) != 1:
            return ()
        found.append(fits[0])
    return tuple(found)


def _gradients(model: Any, places: Sequence[Place]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """(Σ A ∂L/∂A per layer, ∂L/∂ξ per place), each of shape (heads,), for a text of the first few tokens."""
    device = next(model.parameters()).device
    ids = torch.arange(1, _TRIAL + 1, device=device)[None] % int(_config(model).vocab_size)
    with untouched(model), eager(model), torch.enable_grad():
        gates = [torch.ones(place.heads, device=device, requires_grad=True) for place in places]
        with gated(places, gates):
            output = model(input_ids=ids, attention_mask=torch.ones_like(ids), output_attentions=True)
        maps = [layer for layer in (output.attentions or ()) if layer is not None]
        hidden = output.logits if "logits" in output else output.last_hidden_state
        some = torch.sin(torch.arange(hidden.numel(), device=device, dtype=hidden.dtype)).view(hidden.shape)
        gradients = torch.autograd.grad((hidden * some).sum(), [*maps, *gates], allow_unused=True)
    wanted = [
        (layer * gradient).sum((0, 2, 3)).detach()
        if gradient is not None
        else torch.zeros_like(layer[0, :, 0, 0])
        for layer, gradient in zip(maps, gradients[: len(maps)], strict=True)
    ]
    given = [
        torch.zeros_like(gate) if gradient is None else gradient
        for gate, gradient in zip(gates, gradients[len(maps) :], strict=True)
    ]
    return wanted, given


@contextlib.contextmanager
def gated(
    places: Sequence[Place],
    gates: Sequence[torch.Tensor | None],
    fill: Sequence[torch.Tensor] | None = None,
) -> Iterator[None]:
    """While this is entered, head h of place p gives ξ·output + (1 - ξ)·fill.

    ξ = 1 changes nothing to the bit; ξ = 0 without `fill` equals zeroing the head's columns of the projection.

    Args:
        places: The projections.
        gates: Per place ξ of shape (heads,), or (batch, heads) for one per row; None leaves a place alone.
        fill: Per place what stands in for a head, shape (heads × size,); None means zeros.
    """
    hooks = []
    try:
        for number, (place, gate) in enumerate(zip(places, gates, strict=True)):
            if gate is not None:
                instead = fill[number] if fill is not None else None
                hooks.append(place.module.register_forward_pre_hook(_turned_down(place, gate, instead)))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _turned_down(place: Place, gate: torch.Tensor, fill: torch.Tensor | None) -> Any:
    def hook(module: torch.nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        joined, *others = arguments
        parts = joined.unflatten(-1, (place.heads, place.size))
        shape = (*gate.shape[:-1], *[1] * (joined.ndim - gate.ndim), place.heads, 1)
        wide = gate.to(joined.dtype).view(shape)
        turned = parts * wide
        if fill is not None:
            turned = turned + (1 - wide) * fill.to(joined).view(place.heads, place.size)
        return (turned.flatten(-2), *others)

    return hook


def gates_without(places: Sequence[Place], heads: Sequence[tuple[int, int]]) -> list[torch.Tensor | None]:
    """Gates that close these (layer, head) pairs; None for layers that keep all heads."""
    gates: list[torch.Tensor | None] = [None] * len(places)
    for layer, head in heads:
        gate = gates[layer]
        if gate is None:
            place = places[layer]
            gate = gates[layer] = torch.ones(place.heads, device=next(place.module.parameters()).device)
        gate[head] = 0
    return gates


def is_projection(module: torch.nn.Module) -> bool:
    """Whether it multiplies by one matrix."""
    return isinstance(module, torch.nn.Linear | Conv1D)


def input_width(module: torch.nn.Module) -> int:
    """How many numbers a projection reads; GPT-2's Conv1D keeps its matrix the other way round."""
    weight: Any = module.weight
    return int(weight.shape[0] if isinstance(module, Conv1D) else weight.shape[1])


def _config(model: Any) -> Any:
    return model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config


def _not_found(model: torch.nn.Module, cause: str) -> WorkbenchError:
    return WorkbenchError(
        Problem(
            "Heads of this model cannot be taken away.",
            f"{type(model).__name__}: {cause}",
            "Choose a model of the BERT, GPT or Llama families, for example.",
        )
    )
