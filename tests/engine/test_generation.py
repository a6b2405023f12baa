"""Answers against transformers' own generate, and that streaming tells the truth."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from workbench.engine.generation import TextStream, generate, prompt_ids
from workbench.engine.loading import LoadedModel, load_for_use
from workbench.engine.prediction import predict
from workbench.run.generation import GenerationSettings
from workbench.run.problem import WorkbenchError
from workbench.run.results import GeneratedToken

CPU = torch.device("cpu")


@pytest.fixture
def llama(tiny_llama: Path) -> LoadedModel:
    return load_for_use(tiny_llama, "tiny", CPU)


@pytest.mark.parametrize("penalty", [1.0, 1.3])
def test_greedy_equals_transformers(llama: LoadedModel, penalty: float) -> None:
    settings = GenerationSettings(temperature=0, max_new_tokens=20, repetition_penalty=penalty)
    ours = generate(llama, "hello", settings)[0]
    inputs = llama.tokenizer("hello", return_tensors="pt")
    theirs = llama.model.generate(
        **inputs,
        do_sample=False,
        max_new_tokens=20,
        repetition_penalty=penalty,
        output_scores=True,
        return_dict_in_generate=True,
    )
    assert list(ours.tokens) == theirs.sequences[0, inputs["input_ids"].shape[1] :].tolist()
    for token, probability, scores in zip(ours.tokens, ours.probabilities, theirs.scores, strict=True):
        assert probability == pytest.approx(float(torch.softmax(scores[0], -1)[token]), abs=1e-5)


def test_answers_are_reproducible_and_differ_by_seed(llama: LoadedModel) -> None:
    settings = GenerationSettings(temperature=1.0, max_new_tokens=15, answers=2, seed=4)
    first = generate(llama, "hello", settings)
    torch.rand(5)
    again = generate(llama, "hello", settings)
    assert [a.tokens for a in first] == [a.tokens for a in again]
    assert first[0].tokens != first[1].tokens
    alone = generate(llama, "hello", GenerationSettings(temperature=1.0, max_new_tokens=15, seed=5))
    assert alone[0].tokens == first[1].tokens


def test_top_k_one_is_greedy_and_probability_one(llama: LoadedModel) -> None:
    settings = GenerationSettings(temperature=0.8, top_k=1, max_new_tokens=8)
    one = generate(llama, "hello", settings)[0]
    assert (
        one.tokens == generate(llama, "hello", GenerationSettings(temperature=0, max_new_tokens=8))[0].tokens
    )
    assert one.probabilities == pytest.approx([1.0] * len(one.tokens))


def test_streamed_pieces_make_up_the_answer(llama: LoadedModel) -> None:
    heard: list[GeneratedToken] = []
    answer = generate(llama, "hello", GenerationSettings(temperature=1.5, max_new_tokens=30), heard.append)[0]
    assert [token.id for token in heard] == list(answer.tokens)
    assert answer.text.startswith("".join(token.text for token in heard).rstrip("�"))


def test_a_character_of_several_tokens_appears_when_it_is_whole(llama: LoadedModel) -> None:
    stream = TextStream(llama.tokenizer)
    ids = llama.tokenizer("aé☂\nz", add_special_tokens=False)["input_ids"]
    pieces = [stream.add(token) for token in ids]
    assert pieces == ["a", "", "é", "", "", "☂", "\n", "z"]


def test_stopping_keeps_what_is_written(llama: LoadedModel) -> None:
    heard: list[GeneratedToken] = []
    settings = GenerationSettings(temperature=0, max_new_tokens=50)
    answer = generate(llama, "hello", settings, heard.append, lambda: len(heard) >= 3)[0]
    assert len(answer.tokens) == 3 and answer.stopped_by == "person"


def test_a_prompt_that_is_too_long_keeps_its_end(llama: LoadedModel) -> None:
    ids = prompt_ids(llama, "x" * 200 + "end", GenerationSettings(max_new_tokens=28))
    assert len(ids) == 100 and llama.tokenizer.decode(ids).endswith("end")
    answer = generate(llama, "x" * 300, GenerationSettings(temperature=0, max_new_tokens=1000))[0]
    assert len(answer.tokens) <= 64


def test_a_chat_template_is_used_when_there_is_one(llama: LoadedModel) -> None:
    llama.tokenizer.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}!"
    with_template = prompt_ids(llama, "hi", GenerationSettings())
    without = prompt_ids(llama, "hi", GenerationSettings(chat=False))
    assert llama.tokenizer.decode(with_template) == "<user>hi!"
    assert llama.tokenizer.decode(without) == "hi"


def test_what_cannot_be_asked_is_said(llama: LoadedModel, tiny_bert: Path) -> None:
    with pytest.raises(WorkbenchError, match="prompt is empty"):
        generate(llama, " ", GenerationSettings())
    encoder = load_for_use(tiny_bert, "tiny", CPU)
    with pytest.raises(WorkbenchError, match="cannot write"):
        generate(encoder, "hello", GenerationSettings())
    with pytest.raises(WorkbenchError, match="not a classifier"):
        predict(encoder, ["hello"])
