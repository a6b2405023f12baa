"""The last layer works on the scored places alone, and scores and gradients stay what they are."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from peft import LoraConfig, get_peft_model

from workbench.engine.output_layer import at_places, scoring_only

PLACES = torch.tensor([0, 3, 4, 9, 13])
SMALL = {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt2": ("GPT2", {"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 2}),
    "llama": ("Llama", SMALL | {"intermediate_size": 64, "num_key_value_heads": 1}),
    # Its scores are squashed behind the layer.
    "gemma2": ("Gemma2", SMALL | {"intermediate_size": 64, "num_key_value_heads": 1, "head_dim": 16}),
    "cohere": ("Cohere", SMALL | {"intermediate_size": 64, "num_key_value_heads": 1}),
    "neox": ("GPTNeoX", SMALL | {"intermediate_size": 64}),
    "mamba": ("Mamba", {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}),
}


def causal(kind: str) -> Any:
    name, fields = KINDS[kind]
    config = getattr(transformers, f"{name}Config")(**fields, bos_token_id=1, eos_token_id=2, pad_token_id=0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return transformers.AutoModelForCausalLM.from_config(config).eval()


def scores(model: Any, ids: torch.Tensor) -> torch.Tensor:
    return at_places(model(input_ids=ids, use_cache=False).logits, PLACES)


@pytest.mark.filterwarnings(
    "ignore:.*gradient_checkpointing:FutureWarning"
)  # peft asks for it by its old name
@pytest.mark.parametrize(("kind", "adapted"), [*((kind, False) for kind in KINDS), ("llama", True)])
def test_scores_and_gradients_are_those_of_the_whole_batch(kind: str, adapted: bool) -> None:
    model = causal(kind)
    layer = model.get_output_embeddings()
    if adapted:
        model = get_peft_model(model, LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False))
    ids = torch.randint(3, 99, (2, 7), generator=torch.Generator().manual_seed(1))
    seen: list[int] = []
    layer.register_forward_hook(lambda layer, given, output: seen.append(output.shape[:-1].numel()))
    found: list[tuple[torch.Tensor, dict[str, torch.Tensor]]] = []
    for chosen in (False, True):
        model.zero_grad()
        if chosen:
            with scoring_only(model, PLACES):
                found.append((scores(model, ids), {}))
        else:
            found.append((scores(model, ids), {}))
        found[-1][0].square().sum().backward()
        found[-1][1].update(
            (name, p.grad.clone()) for name, p in model.named_parameters() if p.grad is not None
        )
    assert seen == [14, 5]
    (whole, gradients), (few, others) = found
    torch.testing.assert_close(few, whole)
    torch.testing.assert_close(others, gradients, rtol=1e-4, atol=1e-5)
    assert scores(model, ids).shape == (5, 99) and seen[-1] == 14  # afterwards, the model is as it was


def test_a_model_that_does_not_call_its_layer_is_scored_all_the_same() -> None:
    model = causal("llama")
    head = model.get_output_embeddings()
    model.set_output_embeddings(torch.nn.Identity())
    model.get_output_embeddings = lambda: head
    ids = torch.randint(3, 99, (2, 7), generator=torch.Generator().manual_seed(1))
    with scoring_only(model, PLACES):
        assert scores(model, ids).shape == (5, 32)
