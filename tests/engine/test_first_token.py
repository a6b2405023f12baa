"""The shortened last layer: the same logits and gradients, in training alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    ElectraConfig,
    ElectraForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from workbench.engine.fast_attention import install
from workbench.engine.first_token import shorten_last_layer
from workbench.engine.loading import load_weights

SMALL: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
    "embedding_size": 32,
}


def _model(kind: str, folder: Path) -> Any:
    torch.manual_seed(0)
    if kind == "bert":
        model: Any = load_weights(AutoModelForSequenceClassification, folder, new_head=True)
    elif kind == "roberta":
        model = RobertaForSequenceClassification(RobertaConfig(**SMALL))
    else:
        model = ElectraForSequenceClassification(ElectraConfig(**SMALL))
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model.train()


def _results(model: Any) -> list[torch.Tensor]:
    ids = torch.arange(5, 29).view(3, 8) % 20 + 2
    mask = torch.ones_like(ids)
    mask[2, 5:] = 0
    model.zero_grad()
    logits = model(input_ids=ids, attention_mask=mask).logits
    loss: Any = (logits * torch.tensor([1.0, -2.0])).sum()
    loss.backward()
    return [logits.detach(), *(p.grad.clone() for p in model.parameters() if p.grad is not None)]


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra"])
@pytest.mark.parametrize("fast", [False, True])
def test_logits_and_gradients_are_the_same(kind: str, fast: bool, tiny_bert: Path) -> None:
    model = _model(kind, tiny_bert)
    wanted = _results(model)
    if fast:
        assert install(model, None) is not None
    short = shorten_last_layer(model)
    assert short is not None
    outputs = model(torch.full((2, 6), 7), output_hidden_states=False)
    assert outputs.logits.shape == (2, 2)
    for a, b in zip(_results(model), wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    short.remove()
    assert "forward" not in vars(_last_layer(model))


def _last_layer(model: Any) -> Any:
    return model.base_model.encoder.layer[-1]


def test_it_is_shorter_in_training_and_whole_for_those_who_look_inside(tiny_bert: Path) -> None:
    model = _model("bert", tiny_bert)
    assert shorten_last_layer(model) is not None
    shapes: list[Any] = []
    _last_layer(model).register_forward_hook(lambda _m, _i, output: shapes.append(tuple(output.shape)))
    ids = torch.full((2, 6), 7)
    model(ids)
    with torch.no_grad():
        model.eval()(ids)
    assert shapes == [(2, 1, 32), (2, 6, 32)]


def test_it_is_for_classifiers_of_whole_texts_alone(tiny_bert: Path) -> None:
    assert shorten_last_layer(load_weights(AutoModelForTokenClassification, tiny_bert, new_head=True)) is None
    recomputing = _model("bert", tiny_bert)
    recomputing.activation_checkpointing_enable({"use_reentrant": False})
    assert shorten_last_layer(recomputing) is None
