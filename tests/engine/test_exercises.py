"""Measuring language models: many answers at once, log-likelihoods by hand, choices, and rows known by heart."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from workbench.data.exercises import Exercise
from workbench.engine.answers import answer_many
from workbench.engine.chat_template import give_template, marked
from workbench.engine.exercises import Asked, measure_model
from workbench.engine.generation import generate, prompt_ids, require_writer
from workbench.engine.likelihood import Read, log_likelihoods
from workbench.engine.loading import LoadedModel, load_for_use
from workbench.run.evaluation import EvaluationSettings, Judge, Share
from workbench.run.generation import GenerationSettings
from workbench.session.lanes import JobCancelled

CPU = torch.device("cpu")
PROMPTS = ["hello", "a much longer question than the first one?", "12 34", "x", "good day to you"]


@pytest.fixture
def llama(tiny_llama: Path) -> LoadedModel:
    return load_for_use(tiny_llama, "llama", CPU)


@pytest.fixture
def gpt2(llama: LoadedModel) -> LoadedModel:
    """A random GPT-2, whose positions are counted and learned, so that padding could shift them."""
    config = GPT2Config(
        vocab_size=len(llama.tokenizer), n_positions=96, n_embd=32, n_layer=2, n_head=2, eos_token_id=1
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model: Any = GPT2LMHeadModel(config)
    return LoadedModel(model.eval(), llama.tokenizer, "causal-lm", "gpt2", CPU)


def exercise(question: str, answer: str, choices: tuple[str, ...] = (), right: int = -1) -> Exercise:
    turns: Any = ({"role": "user", "content": question}, {"role": "assistant", "content": answer})
    return Exercise(turns, choices, right)


def asked(*rows: Exercise, training: tuple[Exercise, ...] = (), **more: Any) -> Asked:
    settings = EvaluationSettings(max_new_tokens=12, **more)
    judge = Judge.of([row.expected for row in rows], settings.pattern)
    return Asked(rows, rows[: len(training)], training, judge, settings)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_answers_together_are_the_answers_one_by_one(kind: str, request: pytest.FixtureRequest) -> None:
    loaded: LoadedModel = request.getfixturevalue(kind)
    settings = GenerationSettings(temperature=0, max_new_tokens=20, chat=False)
    # The token that the first answer writes third ends answers, so that some leave their batch before others.
    first = generate(loaded, PROMPTS[0], settings)[0].tokens
    loaded.model.generation_config.eos_token_id = first[2]
    alone = [list(generate(loaded, prompt, settings)[0].tokens) for prompt in PROMPTS]
    assert len({len(answer) for answer in alone}) > 1
    ids = [prompt_ids(loaded, prompt, settings) for prompt in PROMPTS]
    for size in (1, 2, 5):
        assert answer_many(loaded, ids, [20] * 5, batch_size=size) == alone
    assert answer_many(loaded, ids, [1, 2, 20, 0, 3], batch_size=5) == [
        answer[:room] for answer, room in zip(alone, [1, 2, 20, 0, 3], strict=True)
    ]
    assert all(len(answer) == 20 for answer in answer_many(loaded, ids, [20] * 5, to_the_end=True))


def test_an_encoder_decoder_answers_together_as_alone(tiny_t5: Path) -> None:
    loaded = load_for_use(tiny_t5, "t5", CPU)
    require_writer(loaded)
    settings = GenerationSettings(temperature=0, max_new_tokens=8, chat=False)
    texts = ["rain and wind", "bread", "the train near the old hotel today"]
    alone = [list(generate(loaded, text, settings)[0].tokens) for text in texts]
    ids = [prompt_ids(loaded, text, settings) for text in texts]
    assert answer_many(loaded, ids, [8] * 3, batch_size=3) == alone


def test_answering_can_be_stopped(llama: LoadedModel) -> None:
    def check() -> None:
        raise JobCancelled

    with pytest.raises(JobCancelled):
        answer_many(llama, [[5, 6], [7]], [4, 4], check=check)


def test_log_likelihoods_are_those_computed_by_hand(llama: LoadedModel) -> None:
    chance = np.random.default_rng(0)
    rows = []
    for length in (9, 4, 17, 2):
        counts = chance.random(length) < 0.5
        rows.append(Read(chance.integers(2, 250, length).astype(np.int32), counts))
    found = log_likelihoods(llama, rows)
    for row, value in zip(rows, found, strict=True):
        ids: Any = torch.from_numpy(row.ids.astype(np.int64))
        with torch.no_grad():
            likely = torch.log_softmax(llama.model(ids[None]).logits[0].double(), dim=-1)
        by_hand = sum(float(likely[i - 1, ids[i]]) for i in range(1, len(ids)) if row.counts[i])
        assert value == pytest.approx(by_hand, abs=1e-4)
    assert log_likelihoods(llama, []).shape == (0,)


def test_an_encoder_decoder_s_log_likelihood_is_that_of_its_target(tiny_t5: Path) -> None:
    loaded = load_for_use(tiny_t5, "t5", CPU)
    source, target = np.array([7, 8, 9], dtype=np.int32), np.array([10, 11, 3], dtype=np.int32)
    other = Read(np.array([12, 3], dtype=np.int32), np.ones(2, dtype=bool), np.arange(5, 12, dtype=np.int32))
    found = log_likelihoods(loaded, [other, Read(target, np.ones(3, dtype=bool), source)])
    with torch.no_grad():
        loss = loaded.model(
            input_ids=torch.from_numpy(source.astype(np.int64))[None],
            labels=torch.from_numpy(target.astype(np.int64))[None],
        ).loss
    assert found[1] == pytest.approx(-3 * float(loss), rel=1e-4)


def test_the_most_probable_choice_and_the_most_probable_by_length(llama: LoadedModel) -> None:
    choices = ("no", "certainly and without a doubt", "yes")
    give_template(llama.tokenizer, "plain")
    likely = []
    for choice in choices:
        ids, counts = marked(llama.tokenizer, exercise("Is it?", choice).conversation)
        with torch.no_grad():
            rows = torch.log_softmax(
                llama.model(torch.from_numpy(ids.astype(np.int64))[None]).logits[0], dim=-1
            )
        places = np.flatnonzero(counts)
        # The end token is one of the answer's.
        assert len(places) == len(choice) + 1 + 1  # a blank before it, and the end
        likely.append(sum(float(rows[place - 1, ids[place]]) for place in places))
    best = int(np.argmax(likely))
    longest = int(np.argmax([value / len(choice) for value, choice in zip(likely, choices, strict=True)]))
    assert best != longest  # or the two figures could not be told apart
    for right in range(3):
        row = exercise("Is it?", choices[right], choices, right)
        scores, answers = measure_model(llama, asked(row))
        assert scores.choice == Share(int(right == best), 1)
        assert scores.choice_by_length == Share(int(right == longest), 1)
        assert answers[0].text == choices[best] and answers[0].right == (right == best)
        assert scores.loss == pytest.approx(-likely[right] / (len(choices[right]) + 2), abs=1e-4)


def test_what_was_learned_by_heart_is_recited_and_other_rows_are_not(llama: LoadedModel) -> None:
    learned = (exercise("Aaa?", "amber stones"), exercise("Zzz?", "yellow clouds"))
    others = (exercise("Kkk?", "nine times two"), exercise("Rrr?", "the 4th of July"))
    before, _ = measure_model(llama, asked(*others, training=learned))
    assert before.recital is not None and before.recital.training.whole.hits == 0
    plain = llama.tokenizer
    give_template(plain, "plain")
    batch = [torch.from_numpy(marked(plain, row.conversation).ids.astype(np.int64)) for row in learned]
    optimizer = torch.optim.AdamW(llama.model.parameters(), lr=1e-2, weight_decay=0.0)
    for _ in range(80):
        for ids in batch:
            llama.model(ids[None], labels=ids[None]).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    scores, answers = measure_model(llama, asked(*others, training=learned))
    assert scores.recital is not None
    assert scores.recital.training.whole == Share(2, 2) and scores.recital.training.share == 1.0
    assert scores.recital.held_out.whole == Share(0, 2) and scores.recital.held_out.share < 0.5
    assert scores.exact == Share(0, 2) and len(answers) == 2
    judge = Judge.of([row.expected for row in learned], "")
    known, _ = measure_model(llama, Asked(learned, (), (), judge, EvaluationSettings(max_new_tokens=30)))
    assert known.exact == Share(2, 2) and known.recital is None and math.exp(known.loss) < 1.2
