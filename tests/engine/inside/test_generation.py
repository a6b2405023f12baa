"""Attention of each step of an answer: the last row of the full maps, for windows, groups and caches of all kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf

from tests.engine.inside.test_capture import MODELS
from workbench.engine.attention import eager
from workbench.engine.generation import generate
from workbench.engine.inside.generation import generation_rows
from workbench.engine.live import untouched
from workbench.engine.loading import LoadedModel, load_tokenizer
from workbench.run.generation import GenerationSettings
from workbench.run.inside.generation import WrittenRows
from workbench.run.problem import WorkbenchError
from workbench.session.lanes import JobCancelled

TEXT = "the rain saw a storm today and we saw bread"
WINDOW = 6  # of the sliding models in MODELS
PAIRS = ("t5", "bart")


@pytest.fixture
def of(tiny_bert: Path) -> Iterator[Callable[[str], LoadedModel]]:
    """A random model of an architecture that never ends an answer, with the words of the tiny BERT."""
    logging: Any = hf.utils.logging
    level = logging.get_verbosity()
    logging.set_verbosity_error()

    def make(name: str) -> LoadedModel:
        with torch.random.fork_rng():
            torch.manual_seed(2)
            model = MODELS[name]().eval()
        tokenizer: Any = load_tokenizer(tiny_bert)
        model.resize_token_embeddings(len(tokenizer))
        if name != "bert":
            model.generation_config.eos_token_id = None
            model.generation_config.forced_eos_token_id = None
        head = "seq2seq" if name in PAIRS else "encoder" if name == "bert" else "causal-lm"
        return LoadedModel(model, tokenizer, head, name, torch.device("cpu"))

    yield make
    logging.set_verbosity(level)


def full_maps(loaded: LoadedModel, ids: list[int]) -> tuple[np.ndarray, torch.Tensor]:
    """Maps (layers, heads, n, n) of a whole text at once without a cache, and the logits (n, words)."""
    with untouched(loaded.model), eager(loaded.model):
        output = loaded.model(input_ids=torch.tensor([ids]), use_cache=False, output_attentions=True)
    return np.stack([layer[0].numpy() for layer in output.attentions]), output.logits[0]


@pytest.mark.parametrize("name", ["llama", "gpt2", "mistral", "qwen3", "gemma2"])
def test_each_row_is_the_last_one_of_the_full_maps_of_the_text_so_far(
    of: Callable[[str], LoadedModel], name: str
) -> None:
    loaded = of(name)
    parts: list[WrittenRows] = []
    rows = generation_rows(loaded, TEXT, 9, say=parts.append)
    ids = loaded.tokenizer.convert_tokens_to_ids(list(rows.tokens))
    assert rows.steps == 9 and rows.prompt == 12 and rows.stopped_by == "length"
    assert rows.tokens[:12] == ("[CLS]", *TEXT.split(), "[SEP]") and len(rows.tokens) == 21
    whole = None
    for step in range(rows.steps):
        n = rows.reads(step)
        maps, logits = full_maps(loaded, ids[:n])
        whole = maps
        assert np.abs(rows.weights[step, :, :, :n] - maps[:, :, -1]).max() < 1e-5
        assert not rows.weights[step, :, :, n:].any()
        assert np.abs(rows.row(step) - maps[:, :, -1].mean((0, 1))).max() < 1e-5
        assert np.allclose(rows.row(step, 1, 2), maps[1, 2, -1], atol=1e-5)
        assert int(logits[-1].argmax()) == ids[n]
        assert rows.probabilities[step] == pytest.approx(float(logits[-1].softmax(-1)[ids[n]]), abs=1e-5)
        for layer in range(len(maps)):
            slides = name == "mistral" or (name == "gemma2" and layer == 0)
            assert rows.first[step, layer] == (max(0, n - WINDOW) if slides else 0)
            assert rows.seen(step, layer).sum() == (WINDOW if slides else n)
            assert not maps[layer, :, -1, : rows.first[step, layer]].any()  # not seen there either
    assert whole is not None and not rows.weights.flags.writeable
    assert [part.steps for part in parts] == list(range(1, 9))
    for part in parts:  # what was told on the way has stayed as it was
        np.testing.assert_array_equal(part.weights, rows.weights[: part.steps])


def test_the_answer_is_the_greedy_one_of_the_prompt_page_and_leaves_no_trace(
    of: Callable[[str], LoadedModel],
) -> None:
    loaded = of("llama")
    loaded.model.train()
    before = torch.random.get_rng_state()
    rows = generation_rows(loaded, TEXT, 7)
    assert loaded.model.training and torch.equal(before, torch.random.get_rng_state())
    assert loaded.model.config._attn_implementation == "sdpa"
    (plain,) = generate(loaded, TEXT, GenerationSettings(temperature=0, max_new_tokens=7))
    assert rows.tokens[12:] == tuple(loaded.tokenizer.convert_ids_to_tokens(plain.tokens))
    assert np.allclose(rows.probabilities, plain.probabilities, atol=1e-6)


def test_strongest_weights_leave_out_what_is_hidden(of: Callable[[str], LoadedModel]) -> None:
    rows = generation_rows(of("llama"), TEXT, 3)
    hidden = np.zeros(len(rows.tokens), bool)
    hidden[0] = True
    assert np.array_equal(rows.strongest(2), rows.weights[2, :, :, :14].max(-1))
    assert np.array_equal(rows.strongest(2, hidden), rows.weights[2, :, :, 1:14].max(-1))
    assert not rows.strongest(0, np.ones(20, bool)).any()


def test_it_ends_where_the_model_the_positions_or_the_person_end_it(of: Callable[[str], LoadedModel]) -> None:
    loaded = of("llama")
    first = generation_rows(loaded, "rain", 2)
    second = loaded.tokenizer.convert_tokens_to_ids(first.tokens[-1])
    assert generation_rows(loaded, "rain", 5, hurried=lambda: True).stopped_by == "person"
    loaded.model.generation_config.eos_token_id = second
    ended = generation_rows(loaded, "rain", 40)
    assert ended.stopped_by == "end" and ended.steps <= 2
    loaded.model.generation_config.eos_token_id = None
    long = generation_rows(loaded, " ".join(["rain"] * 100), 128)  # 64 positions
    assert long.prompt == 32 and len(long.tokens) == 64 and "last 32 of 102 tokens" in long.note

    def stop() -> None:
        raise JobCancelled

    with pytest.raises(JobCancelled):
        generation_rows(loaded, "rain", 3, check=stop)


def test_a_chat_template_is_used_only_when_it_is_wanted(of: Callable[[str], LoadedModel]) -> None:
    loaded = of("llama")
    loaded.tokenizer.chat_template = "{% for m in messages %}we {{ m['content'] }} near{% endfor %}"
    plain, turn = (generation_rows(loaded, "rain", 1, chat=chat) for chat in (False, True))
    assert plain.tokens[:3] == ("[CLS]", "rain", "[SEP]") and plain.template
    assert turn.tokens[:3] == ("we", "rain", "near")


@pytest.mark.parametrize("name", PAIRS)
def test_a_decoder_has_two_rows_in_each_step_those_of_its_full_maps(
    of: Callable[[str], LoadedModel], name: str
) -> None:
    loaded = of(name)
    rows = generation_rows(loaded, TEXT, 9)
    ids = loaded.tokenizer.convert_tokens_to_ids(list(rows.tokens))
    m = rows.source
    assert rows.looks == ("cross", "decoder") and rows.steps == 9 and (m, rows.prompt) == (12, 13)
    assert rows.tokens[:m] == ("[CLS]", *TEXT.split(), "[SEP]")
    inputs = {"input_ids": torch.tensor([ids[:m]]), "attention_mask": torch.ones(1, m, dtype=torch.long)}
    with untouched(loaded.model), eager(loaded.model):
        output = loaded.model(
            **inputs, decoder_input_ids=torch.tensor([ids[m:-1]]), use_cache=False, output_attentions=True
        )
    own, crossed = (
        np.stack([layer[0].numpy() for layer in maps])
        for maps in (output.decoder_attentions, output.cross_attentions)
    )
    for step in range(rows.steps):
        n = rows.reads(step)
        assert np.abs(rows.weights[step, :, :, :m] - crossed[:, :, step]).max() < 1e-5
        assert np.abs(rows.weights[step, :, :, m:n] - own[:, :, step, : n - m]).max() < 1e-5
        cross, self_ = (rows.row(step, 1, 2, look) for look in rows.looks)
        assert cross.sum() == pytest.approx(1, abs=1e-5) and not cross[m:].any()
        assert self_.sum() == pytest.approx(1, abs=1e-5) and not self_[:m].any()
        assert np.allclose(
            rows.row(step), crossed[:, :, step].mean((0, 1)).tolist() + [0] * (n - m), atol=1e-5
        )
        for look, part in (("cross", slice(0, m)), ("decoder", slice(m, n))):
            assert np.flatnonzero(rows.seen(step, 0, look)).tolist() == list(range(n))[part]
            assert np.allclose(rows.strongest(step, look=look), rows.weights[step, :, :, part].max(-1))
        assert rows.probabilities[step] == pytest.approx(
            float(output.logits[0, step].softmax(-1)[ids[n]]), abs=1e-5
        )


@pytest.mark.parametrize("name", PAIRS)
def test_a_decoder_writes_what_generate_writes_greedily_whatever_the_model_asks_for(
    of: Callable[[str], LoadedModel], name: str
) -> None:
    loaded = of(name)
    seen = set()
    for settings in ({}, {"no_repeat_ngram_size": 2}, {"forced_bos_token_id": 9, "repetition_penalty": 1.3}):
        for key, value in settings.items():
            setattr(loaded.model.generation_config, key, value)
        rows = generation_rows(loaded, TEXT, 12)
        inputs = loaded.tokenizer(TEXT, return_tensors="pt")
        with untouched(loaded.model):
            whole = loaded.model.generate(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"],
                max_new_tokens=12, do_sample=False, num_beams=1,
            )[0].tolist()  # fmt: skip
        assert loaded.tokenizer.convert_tokens_to_ids(list(rows.tokens[rows.source :])) == whole
        seen.add(tuple(whole))
    assert len(seen) > 1  # the settings matter


def test_a_text_longer_than_the_encoder_is_cut_and_its_end_token_stays(
    of: Callable[[str], LoadedModel],
) -> None:
    rows = generation_rows(of("bart"), " ".join(["rain"] * 100), 128)  # 64 positions
    assert rows.source == 64 and rows.tokens[63] == "[SEP]" and rows.steps == 63
    assert "Only the first 64 of 102 tokens" in rows.note


def test_models_that_cannot_be_read_so_are_refused(of: Callable[[str], LoadedModel]) -> None:
    with pytest.raises(WorkbenchError, match="cannot write"):
        generation_rows(of("bert"), TEXT)
    with pytest.raises(WorkbenchError, match="empty"):
        generation_rows(of("llama"), " ")
    mamba = of("llama")
    mamba.model = hf.MambaForCausalLM(
        hf.MambaConfig(vocab_size=64, hidden_size=32, num_hidden_layers=2, state_size=4)
    )
    with pytest.raises(WorkbenchError, match="no attention that can be read"):
        generation_rows(mamba, TEXT)
