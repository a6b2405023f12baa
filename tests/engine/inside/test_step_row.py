"""The attention of one step of an answer, read afterwards, against one pass over the whole text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from workbench.engine.attention import eager
from workbench.engine.generation import generate, prompt_ids
from workbench.engine.inside.generation import step_row
from workbench.engine.loading import LoadedModel, load_for_use
from workbench.run.generation import GenerationSettings
from workbench.run.problem import WorkbenchError

CPU = torch.device("cpu")
SETTINGS = GenerationSettings(temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=9, seed=4)


@pytest.mark.parametrize("index", [0, 5])
def test_the_row_is_that_of_one_pass_over_the_whole_text(tiny_llama: Path, index: int) -> None:
    loaded = load_for_use(tiny_llama, "tiny", CPU)
    ids = prompt_ids(loaded, "hello", SETTINGS)
    answer = generate(loaded, "hello", SETTINGS)[0]
    found = step_row(loaded, ids, answer.tokens[: index + 1])
    read: Any = torch.tensor([[*ids, *answer.tokens[:index]]])
    with torch.no_grad(), eager(loaded.model):
        maps = loaded.model(read, output_attentions=True).attentions
    expected = np.stack([layer[0, :, -1].numpy() for layer in maps])
    assert found.weights.shape == (1, *expected.shape)
    assert found.weights[0] == pytest.approx(expected, abs=1e-6)
    assert found.row(0).sum() == pytest.approx(1, abs=1e-5)
    assert found.probabilities[0] == pytest.approx(answer.probabilities[index], abs=1e-5)
    assert len(found.tokens) == read.shape[1] + 1
    assert loaded.model.config._attn_implementation != "eager"


def test_a_decoder_looks_at_what_its_encoder_read(tiny_llama: Path) -> None:
    tokenizer = load_for_use(tiny_llama, "tiny", CPU).tokenizer
    torch.manual_seed(1)
    sizes: dict[str, Any] = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
    config = T5Config(
        vocab_size=len(tokenizer), **sizes, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1
    )
    model = T5ForConditionalGeneration(config).eval()
    loaded = LoadedModel(model=model, tokenizer=tokenizer, head="seq2seq", name="t5", device=CPU)
    ids = prompt_ids(loaded, "hello", SETTINGS)
    found = step_row(loaded, ids, [7, 8, 9])
    with torch.no_grad(), eager(model):
        output: Any = model(
            input_ids=torch.tensor([ids]), decoder_input_ids=torch.tensor([[0, 7, 8]]), output_attentions=True
        )
    expected = np.stack([layer[0, :, -1].numpy() for layer in output.cross_attentions])
    assert found.weights[0] == pytest.approx(expected, abs=1e-6)
    assert found.prompt == len(ids)


def test_only_a_model_that_writes_has_steps(tiny_bert: Path) -> None:
    loaded = load_for_use(tiny_bert, "bert", CPU)
    with pytest.raises(WorkbenchError, match="cannot write"):
        step_row(loaded, [1, 2], [3])
