"""What a token could have been: against transformers' own processors, and branching from a token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    T5Config,
    T5ForConditionalGeneration,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from workbench.engine.choices import choices
from workbench.engine.generation import generate, prompt_ids
from workbench.engine.inside.perplexity import score_text
from workbench.engine.loading import LoadedModel, load_for_use
from workbench.engine.reader import ChatReader
from workbench.run.generation import PRESETS, GenerationSettings
from workbench.run.problem import WorkbenchError

CPU = torch.device("cpu")
PLAIN = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "max_new_tokens": 12}


@pytest.fixture
def llama(tiny_llama: Path) -> LoadedModel:
    return load_for_use(tiny_llama, "tiny", CPU)


@pytest.mark.parametrize(
    ("changes", "theirs"),
    [
        ({}, []),
        ({"temperature": 0.5}, [TemperatureLogitsWarper(0.5)]),
        ({"top_k": 7}, [TopKLogitsWarper(7)]),
        ({"top_p": 0.4}, [TopPLogitsWarper(0.4)]),
        ({"min_p": 0.6}, [MinPLogitsWarper(0.6)]),
        ({"repetition_penalty": 1.7}, [RepetitionPenaltyLogitsProcessor(1.7)]),
        (
            {"temperature": 1.4, "top_k": 40, "top_p": 0.9, "min_p": 0.1, "repetition_penalty": 1.2},
            [
                RepetitionPenaltyLogitsProcessor(1.2),
                TemperatureLogitsWarper(1.4),
                TopKLogitsWarper(40),
                TopPLogitsWarper(0.9),
                MinPLogitsWarper(0.1),
            ],
        ),
    ],
)
def test_each_rule_gives_the_probabilities_of_transformers(
    llama: LoadedModel, changes: dict[str, float], theirs: list[object]
) -> None:
    settings = GenerationSettings.model_validate(PLAIN | changes)
    ids = prompt_ids(llama, "hello", settings)
    answer = generate(llama, "hello", settings)[0]
    found = choices(llama, ids, answer.tokens, settings)
    sequence: Any = torch.tensor([[*ids, *answer.tokens]])
    with torch.no_grad():
        logits = llama.model(sequence).logits[0].float()
    for step, token in enumerate(answer.tokens):
        place = len(ids) + step
        raw = logits[place - 1]
        scores = LogitsProcessorList(theirs)(sequence[:, :place], raw[None].clone())[0]
        before, after = torch.softmax(raw, -1), torch.softmax(scores, -1)
        assert float(after.sum()) == pytest.approx(1, abs=1e-5)
        assert found.other_before[step] == pytest.approx(before[found.other[step].tolist()].numpy(), abs=1e-5)
        assert found.other_after[step] == pytest.approx(after[found.other[step].tolist()].numpy(), abs=1e-5)
        assert found.after[step] == pytest.approx(answer.probabilities[step], abs=1e-5)
        assert found.before[step] == pytest.approx(float(before[token]), abs=1e-5)
        entropy = float(-(after[after > 0] * after[after > 0].log2()).sum())
        assert found.entropy_after[step] == pytest.approx(entropy, abs=1e-4)
    assert found.other.shape == (len(answer.tokens), 10)
    assert (np.diff(found.other_before, axis=1) <= 0).all()


def test_alternatives_of_a_vocabulary_are_all_its_probability(llama: LoadedModel) -> None:
    settings = GenerationSettings.model_validate(PLAIN | {"top_k": 10})
    ids = prompt_ids(llama, "hello", settings)
    found = choices(llama, ids, generate(llama, "hello", settings)[0].tokens, settings)
    assert found.other_after.sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert (found.rank <= 10).all()


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_an_answer_begun_with_its_own_tokens_goes_on_as_it_did(
    llama: LoadedModel, temperature: float
) -> None:
    settings = GenerationSettings(temperature=temperature, max_new_tokens=14, seed=3)
    whole = generate(llama, "hello", settings)[0]
    again = generate(llama, "hello", settings, begun=whole.tokens[:6])[0]
    assert again.tokens == whole.tokens and again.text == whole.text
    assert again.probabilities[6:] == pytest.approx(whole.probabilities[6:], abs=1e-5)


def test_taking_another_token_branches(llama: LoadedModel) -> None:
    settings = GenerationSettings(temperature=0, max_new_tokens=10)
    whole = generate(llama, "hello", settings)[0]
    ids = prompt_ids(llama, "hello", settings)
    instead = int(choices(llama, ids, whole.tokens, settings).other[4, 1])
    branch = generate(llama, "hello", settings, begun=(*whole.tokens[:4], instead))[0]
    assert branch.tokens[:4] == whole.tokens[:4] and branch.tokens[4] == instead != whole.tokens[4]
    assert len(branch.tokens) == 10


@pytest.mark.parametrize("penalty", [1.0, 1.3])
def test_beams_equal_transformers(llama: LoadedModel, penalty: float) -> None:
    settings = GenerationSettings(beams=4, answers=2, max_new_tokens=12, repetition_penalty=penalty)
    ours = generate(llama, "hello", settings)
    inputs = llama.tokenizer("hello", return_tensors="pt")
    theirs = llama.model.generate(
        **inputs, do_sample=False, num_beams=4, num_return_sequences=2, max_new_tokens=12,
        repetition_penalty=penalty,
    )  # fmt: skip
    for answer, row in zip(ours, theirs[:, inputs["input_ids"].shape[1] :].tolist(), strict=True):
        assert list(answer.tokens) == [token for token in row if token > 1]
        assert all(0 < probability <= 1 for probability in answer.probabilities)


def test_a_stop_text_ends_the_answer_and_is_not_shown(llama: LoadedModel) -> None:
    settings = GenerationSettings(temperature=1.5, max_new_tokens=60, seed=1, top_k=0, top_p=1.0)
    whole = generate(llama, "hello", settings)[0].text
    stop = next(
        whole[i : i + 2] for i in range(10, 40) if whole[i : i + 2].isascii() and "|" not in whole[i : i + 2]
    )
    heard: list[str] = []
    stopping = GenerationSettings.model_validate(settings.model_dump() | {"stop": f"never|{stop}"})
    answer = generate(llama, "hello", stopping, lambda token: heard.append(token.text))[0]
    assert answer.stopped_by == "stop" and answer.text == whole[: whole.index(stop)]
    assert stop not in "".join(heard) and answer.text.startswith("".join(heard))
    further = generate(llama, "hello", stopping, begun=answer.tokens)[0]
    assert further.tokens[: len(answer.tokens)] == answer.tokens and len(further.tokens) > len(answer.tokens)
    assert further.text.startswith(answer.text + stop)


def test_stop_texts_are_written_in_one_line() -> None:
    assert GenerationSettings(stop="\\n|User:").stops == ("\n", "User:")
    assert GenerationSettings().stops == ()


def test_presets_are_settings() -> None:
    for preset in PRESETS:
        made = preset.applied(GenerationSettings(seed=9, max_new_tokens=5))
        assert made.seed == 9 and made.max_new_tokens == 5 and preset.applied(made) == made
    assert PRESETS[0].applied(GenerationSettings()) == GenerationSettings()


def test_an_overlong_prompt_is_said(llama: LoadedModel) -> None:
    answer = generate(llama, "x" * 200, GenerationSettings(temperature=0, max_new_tokens=8))[0]
    assert "first 80 of the prompt's 200 tokens" in answer.note


def test_earlier_turns_stand_before_the_prompt(llama: LoadedModel) -> None:
    llama.tokenizer.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}!"
    earlier = (("system", "s"), ("user", "a"), ("assistant", "b"))
    ids = prompt_ids(llama, "c", GenerationSettings(), earlier)
    assert llama.tokenizer.decode(ids) == "<system>s<user>a<assistant>b<user>c!"
    with pytest.raises(WorkbenchError, match="begins with the model's answer"):
        prompt_ids(llama, "c", GenerationSettings(), earlier[2:])


def test_a_template_that_refuses_is_said(llama: LoadedModel) -> None:
    llama.tokenizer.chat_template = "{{ raise_exception('no system turns') }}"
    with pytest.raises(WorkbenchError, match="template cannot write") as refused:
        generate(llama, "hello", GenerationSettings())
    assert "no system turns" in refused.value.problem.cause


def test_the_oldest_turns_are_left_out_before_the_prompt_is_cut(llama: LoadedModel) -> None:
    llama.tokenizer.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}!"
    earlier = (
        ("system", "s"),
        ("user", "a" * 60),
        ("assistant", "b"),
        ("user", "c"),
        ("assistant", "d" * 20),
    )
    settings = GenerationSettings(temperature=0, max_new_tokens=8)
    ids = prompt_ids(llama, "and now", settings, earlier)
    assert llama.tokenizer.decode(ids) == f"<system>s<user>c<assistant>{'d' * 20}<user>and now!"
    note = generate(llama, "and now", settings, earlier=earlier)[0].note
    assert note == "The first 2 turns of the conversation were left out: the model reads 128 tokens."
    both = generate(llama, "x" * 200, settings, earlier=earlier)[0].note
    assert "first 4 turns" in both and "of the prompt's" in both


@pytest.mark.parametrize("changes", [{}, {"temperature": 0.0}, {"beams": 2}])
def test_a_model_without_numbers_is_said(llama: LoadedModel, changes: dict[str, float]) -> None:
    with torch.no_grad():
        llama.model.lm_head.weight.fill_(float("nan"))
    with pytest.raises(WorkbenchError, match="not a number"):
        generate(llama, "hello", GenerationSettings.model_validate(changes))
    with pytest.raises(WorkbenchError, match="not a number"):
        choices(llama, [5, 6], [7], GenerationSettings.model_validate(changes))
    with pytest.raises(WorkbenchError, match="not a number"):
        score_text(llama, "hello")


def gpt2(tokenizer: Any) -> LoadedModel:
    torch.manual_seed(1)
    sizes: dict[str, Any] = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 128}
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), **sizes, bos_token_id=1, eos_token_id=1))
    return LoadedModel(model=model.eval(), tokenizer=tokenizer, head="causal-lm", name="gpt2", device=CPU)


def t5(tokenizer: Any) -> LoadedModel:
    torch.manual_seed(1)
    sizes: dict[str, Any] = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
    config = T5Config(
        vocab_size=len(tokenizer), **sizes, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1
    )
    model = T5ForConditionalGeneration(config).eval()
    with torch.no_grad():
        model.lm_head.weight.mul_(20)  # random weights of a T5 know no differences
    return LoadedModel(model=model, tokenizer=tokenizer, head="seq2seq", name="t5", device=CPU)


@pytest.mark.parametrize("made", [gpt2, t5])
@pytest.mark.parametrize("changes", [{}, {"repetition_penalty": 1.4}, {"beams": 3}])
def test_other_models_equal_transformers_as_well(
    llama: LoadedModel, made: Callable[[Any], LoadedModel], changes: dict[str, Any]
) -> None:
    loaded = made(llama.tokenizer)
    settings = GenerationSettings.model_validate({"temperature": 0.0, "max_new_tokens": 15} | changes)
    ours = generate(loaded, "hello", settings)[0]
    inputs = loaded.tokenizer("hello", return_tensors="pt")
    theirs = loaded.model.generate(
        input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], do_sample=False,
        max_new_tokens=15, num_beams=settings.beams, repetition_penalty=settings.repetition_penalty, pad_token_id=0,
    )[0].tolist()  # fmt: skip
    before = 1 if loaded.head == "seq2seq" else inputs["input_ids"].shape[1]
    expected = theirs[before:]
    assert list(ours.tokens) == (expected[: expected.index(1)] if 1 in expected else expected)
    ids = prompt_ids(loaded, "hello", settings)
    again = choices(loaded, ids, ours.tokens, settings)
    assert again.after == pytest.approx(ours.probabilities, abs=1e-5)
    assert choices(loaded, ids, ours.tokens, settings, first=3).after == pytest.approx(
        again.after[3:], abs=1e-5
    )


def test_a_next_turn_reads_only_what_is_new_and_writes_the_same(llama: LoadedModel) -> None:
    settings = GenerationSettings(temperature=1.0, max_new_tokens=9, seed=2)
    first = generate(llama, "hello", settings, reuse=True)[0]
    earlier = (("user", "hello"), ("assistant", first.text))
    ids = prompt_ids(llama, "and now", settings, earlier)
    with torch.no_grad():
        reader = ChatReader(llama, ids)
    assert reader.reused >= len(prompt_ids(llama, "hello", settings))
    generate(llama, "hello", settings, reuse=True)
    reused = generate(llama, "and now", settings, earlier=earlier, reuse=True)[0]
    alone = generate(llama, "and now", settings, earlier=earlier)[0]
    assert reused.tokens == alone.tokens
    assert reused.probabilities == pytest.approx(alone.probabilities, abs=1e-5)


def test_what_a_model_remembers_is_only_a_common_beginning(llama: LoadedModel) -> None:
    settings = GenerationSettings(temperature=0, max_new_tokens=9)
    for prompt in ("hello", "help", "hello", "hello", "h", "other"):
        reused = generate(llama, prompt, settings, reuse=True)[0]
        assert reused.tokens == generate(llama, prompt, settings)[0].tokens
