"""The layer lens against its formula in float64, for heads of many kinds, and that it leaves no trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf

from workbench.engine.inside.lens import layer_lens
from workbench.engine.loading import LoadedModel, load_tokenizer
from workbench.run.inside.lens import ClassLens, TokenLens
from workbench.run.problem import WorkbenchError

CPU = torch.device("cpu")
TEXT = "the rain saw a storm today and we saw bread"
V = 64
_PLAIN: dict[str, Any] = {
    "vocab_size": V,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "initializer_range": 0.3,
}
_GROUPED = {**_PLAIN, "num_key_value_heads": 2, "head_dim": 8, "bos_token_id": 2, "eos_token_id": 3}
_GPT2: dict[str, Any] = {
    "vocab_size": V, "n_positions": 64, "n_embd": 32, "n_layer": 3, "n_head": 4, "bos_token_id": 2,
    "eos_token_id": 3, "pad_token_id": 0, "initializer_range": 0.3,
}  # fmt: skip
_DISTIL: dict[str, Any] = {"vocab_size": V, "dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 64,
                           "pad_token_id": 0, "initializer_range": 0.3}  # fmt: skip
_MODERN: dict[str, Any] = {**_PLAIN, "local_attention": 8, "global_attn_every_n_layers": 2, "bos_token_id": 2,
                           "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}  # fmt: skip
_THREE = {"num_labels": 3}

Read = Callable[[Any, torch.Tensor], torch.Tensor]

#: Classifiers, and their head as their papers and sources write it, from what comes out of a layer.
CLASSIFIERS: dict[str, tuple[Callable[[], Any], Read]] = {
    "bert": (
        lambda: hf.BertForSequenceClassification(hf.BertConfig(**_PLAIN, **_THREE)),
        lambda m, h: m.classifier(torch.tanh(m.bert.pooler.dense(h[:, 0]))),
    ),
    "distilbert": (
        lambda: hf.DistilBertForSequenceClassification(hf.DistilBertConfig(**_DISTIL, **_THREE)),
        lambda m, h: m.classifier(torch.relu(m.pre_classifier(h[:, 0]))),
    ),
    "roberta": (
        lambda: hf.RobertaForSequenceClassification(hf.RobertaConfig(**_PLAIN, **_THREE)),
        lambda m, h: m.classifier.out_proj(torch.tanh(m.classifier.dense(h[:, 0]))),
    ),
    "modernbert": (
        lambda: hf.ModernBertForSequenceClassification(hf.ModernBertConfig(**_MODERN, **_THREE)),
        lambda m, h: m.classifier(m.head(m.model.final_norm(h)[:, 0])),
    ),
    "albert": (  # one block, run three times
        lambda: hf.AlbertForSequenceClassification(hf.AlbertConfig(**_PLAIN, embedding_size=16, **_THREE)),
        lambda m, h: m.classifier(torch.tanh(m.albert.pooler(h[:, 0]))),
    ),
    "gpt2": (
        lambda: hf.GPT2ForSequenceClassification(hf.GPT2Config(**_GPT2, **_THREE)),
        lambda m, h: m.score(m.transformer.ln_f(h))[:, -1],
    ),
    "llama": (
        lambda: hf.LlamaForSequenceClassification(hf.LlamaConfig(**_GROUPED, **_THREE)),
        lambda m, h: m.score(m.model.norm(h))[:, -1],
    ),
}
#: Language models, with their final norm and their table of output vectors.
WRITERS: dict[str, tuple[Callable[[], Any], Read]] = {
    "gpt2": (
        lambda: hf.GPT2LMHeadModel(hf.GPT2Config(**_GPT2)),
        lambda m, h: m.transformer.ln_f(h) @ m.lm_head.weight.T,
    ),
    "llama": (
        lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**_GROUPED)),
        lambda m, h: m.model.norm(h) @ m.lm_head.weight.T,
    ),
    "gemma2": (  # caps its logits: 30 · tanh(x / 30)
        lambda: hf.Gemma2ForCausalLM(hf.Gemma2Config(**_GROUPED, sliding_window=6, query_pre_attn_scalar=8)),
        lambda m, h: 30 * torch.tanh(m.model.norm(h) @ m.lm_head.weight.T / 30),
    ),
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    level = hf.utils.logging.get_verbosity()
    hf.utils.logging.set_verbosity_error()
    yield
    hf.utils.logging.set_verbosity(level)


def made(build: Callable[[], Any], folder: Path, head: str) -> LoadedModel:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = build().double().eval()
    names = ("weather", "kitchen", "travel") if head == "classifier" else ()
    return LoadedModel(model, load_tokenizer(folder), head, "tiny", CPU, names)


def answers(loaded: LoadedModel) -> tuple[Any, torch.Tensor]:
    """The model's own output with its hidden states, and the token numbers."""
    ids = torch.tensor([loaded.tokenizer(TEXT)["input_ids"]])
    with torch.no_grad():
        return loaded.model(
            input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True
        ), ids[0]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifiers_rows_are_its_head_on_each_layer_and_the_last_row_its_own_answer(
    name: str, tiny_bert: Path
) -> None:
    build, head = CLASSIFIERS[name]
    loaded = made(build, tiny_bert, "classifier")
    output, _ = answers(loaded)
    found = layer_lens(loaded, TEXT)
    assert isinstance(found, ClassLens) and found.probabilities.shape == (4, 3)
    assert np.array_equal(found.probabilities[-1], torch.softmax(output.logits[0], -1).numpy())
    with torch.no_grad():
        for row in range(
            3
        ):  # the last hidden state has been through the final norm already, where there is one
            expected = torch.softmax(head(loaded.model, output.hidden_states[row])[0], -1).numpy()
            assert np.abs(found.probabilities[row] - expected).max() < 1e-12
    assert len({tuple(row.round(6)) for row in found.probabilities}) == 4


@pytest.mark.parametrize("name", WRITERS)
def test_a_language_models_rows_follow_the_logit_lens_and_the_last_row_is_its_own_softmax(
    name: str, tiny_bert: Path
) -> None:
    """softmax(U · norm(h)), nostalgebraist (2020)."""
    build, head = WRITERS[name]
    loaded = made(build, tiny_bert, "causal-lm")
    output, ids = answers(loaded)
    found = layer_lens(loaded, TEXT)
    assert isinstance(found, TokenLens) and found.guesses.shape == (4, len(ids), 10)
    with torch.no_grad():
        own = [head(loaded.model, state)[0] for state in output.hidden_states[:-1]] + [output.logits[0]]
    for row, logits in enumerate(own):
        expected = torch.softmax(logits, -1)
        best = expected.sort(-1, descending=True)
        assert np.abs(found.probabilities[row] - best.values[:, :10].numpy()).max() < 1e-12
        assert np.array_equal(found.guesses[row], best.indices[:, :10].numpy())
        for place in range(len(ids) - 1):
            token = int(ids[place + 1])
            assert found.following[place] == token
            assert abs(found.following_probability[row, place] - float(expected[place, token])) < 1e-12
            rank = best.indices[place].tolist().index(token) + 1
            assert found.following_rank[row, place] == rank
            assert found.is_right(row, place) == (rank == 1)
    last = torch.softmax(output.logits[0], -1).topk(10, -1)
    assert np.array_equal(found.probabilities[-1], last.values.numpy())
    assert np.isnan(found.following_probability[:, -1]).all() and not found.following_rank[:, -1].any()
    assert found.likely(3, 0)[0] == (found.guess(3, 0), float(last.values[0, 0]))


def test_the_model_is_as_before_even_when_reading_is_stopped(tiny_bert: Path) -> None:
    loaded = made(CLASSIFIERS["bert"][0], tiny_bert, "classifier")
    model = loaded.model
    before, _ = answers(loaded)
    model.train()
    state = torch.random.get_rng_state()

    class Halt(Exception):  # noqa: N818 - no error
        pass

    def stop() -> None:
        raise Halt

    with pytest.raises(Halt):
        layer_lens(loaded, TEXT, check=stop)
    assert all("forward" not in module.__dict__ for module in model.modules())
    assert model.training and torch.equal(torch.random.get_rng_state(), state)
    model.eval()
    assert torch.equal(answers(loaded)[0].logits, before.logits)


def test_compiled_layers_are_read_out_as_well(tiny_bert: Path) -> None:
    plain = made(CLASSIFIERS["bert"][0], tiny_bert, "classifier")
    expected = layer_lens(plain, TEXT)
    for layer in plain.model.bert.encoder.layer:
        layer.compile(backend="eager")
    found = layer_lens(plain, TEXT)
    assert isinstance(found, ClassLens) and isinstance(expected, ClassLens)
    assert np.array_equal(found.probabilities, expected.probabilities)


def test_models_without_an_answer_are_refused_in_words(tiny_bert: Path) -> None:
    encoder = made(lambda: hf.BertModel(hf.BertConfig(**_PLAIN)), tiny_bert, "encoder")
    with pytest.raises(WorkbenchError, match="no head whose answer could be read out"):
        layer_lens(encoder, TEXT)
    number = made(CLASSIFIERS["bert"][0], tiny_bert, "classifier")
    number.class_names = ("score",)
    with pytest.raises(WorkbenchError, match="cannot be read out one by one"):
        layer_lens(number, TEXT)
