"""The last layer for the first token alone: a classifier that reads nothing else needs nothing else.

BERT's classifiers read the last layer's vector of the first token. All tokens are still keys and values there,
but queries, the attention's output and the large feed-forward part are computed for one token instead of all:
in a model of six layers that saves an eighth of a training step, and the result is the same.
"""

from __future__ import annotations

import contextlib
from typing import Any

import torch
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

#: Classifiers whose head reads the first token of the last layer, and whose layers are BERT's.
KINDS = ("bert", "roberta", "xlm-roberta", "camembert", "electra")


class FirstTokenLayer:
    """The shortened forward pass of a model's last layer while it trains, until `remove`."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        layer.forward = self._forward

    def _forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, *rest: Any, **more: Any
    ) -> torch.Tensor:
        layer = self._layer
        if not (layer.training and torch.is_grad_enabled()):  # whoever looks inside sees every token
            whole: torch.Tensor = type(layer).forward(layer, hidden_states, attention_mask, *rest, **more)
            return whole
        return self.shortened(hidden_states, attention_mask)

    def shortened(self, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """The layer's output for the first token: (rows, tokens, width) in, (rows, 1, width) out."""
        part = self._layer.attention.self
        first = hidden[:, :1]

        def heads(projected: torch.Tensor) -> torch.Tensor:
            shape = (*projected.shape[:2], -1, part.attention_head_size)
            return projected.view(shape).transpose(1, 2)

        attend = ALL_ATTENTION_FUNCTIONS[part.config._attn_implementation]
        seen, _ = attend(
            part,
            heads(part.query(first)),
            heads(part.key(hidden)),
            heads(part.value(hidden)),
            None if mask is None else mask[:, :, :1],
            dropout=part.dropout.p if part.training else 0.0,
            scaling=part.scaling,
        )
        seen = seen.reshape(len(first), 1, -1)
        result: torch.Tensor = self._layer.feed_forward_chunk(self._layer.attention.output(seen, first))
        return result

    def remove(self) -> None:
        """Put the layer's own forward pass back."""
        del self._layer.forward


def shorten_last_layer(model: torch.nn.Module) -> FirstTokenLayer | None:
    """Let a classifier compute its last layer for the first token alone while it trains.

    Not for runs in which something reads the last layer's other vectors (distillation of hidden states), nor
    with gradient checkpointing. In eval mode and without gradients the whole layer runs as ever.

    Args:
        model: The model; peft's wrapping does not matter.

    Returns:
        None where the model is none of these classifiers, or where a trial on a small batch does not come to
        the same result.
    """
    config: Any = getattr(model, "config", None)
    named = [m for m in model.modules() if type(m).__name__.endswith("ForSequenceClassification")]
    if not named or getattr(config, "model_type", "") not in KINDS or getattr(config, "is_decoder", False):
        return None
    if getattr(config, "_attn_implementation", "") not in ALL_ATTENTION_FUNCTIONS:
        return None
    encoders = [m for m in named[0].modules() if type(m).__name__.endswith("Encoder")]
    layers = getattr(encoders[0], "layer", None) if encoders else None
    if not layers or getattr(layers[-1], "gradient_checkpointing", False):
        return None
    short = FirstTokenLayer(layers[-1])
    if not _agrees(short, layers[-1], int(config.hidden_size)):
        short.remove()
        return None
    return short


def _agrees(short: FirstTokenLayer, layer: Any, width: int) -> bool:
    """Whether both ways through the layer give the first token the same vector, without dropout."""
    weight = next(layer.parameters())
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(2, 5, width, generator=generator).to(weight)
    mask = torch.ones(2, 1, 5, 5, dtype=torch.bool, device=weight.device)
    mask[1, ..., 3:] = False
    modes = [(module, module.training) for module in layer.modules()]
    try:
        layer.eval()
        with torch.no_grad(), contextlib.suppress(AttributeError, TypeError, RuntimeError):
            whole = type(layer).forward(layer, hidden, mask)
            return torch.allclose(short.shortened(hidden, mask), whole[:, :1], rtol=1e-3, atol=1e-4)
        return False
    finally:
        for module, mode in modes:
            module.training = mode
