"""Short ways to real runs of tiny models."""

from __future__ import annotations

import dataclasses
import functools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FILLERS, TOPICS, sentences
from workbench.run.events import Event
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe, with_overrides
from workbench.session import training

Run = Callable[..., tuple[RunFolder, list[Event]]]


class StopAfter(training.Control):
    """Asks to stop when this many steps are done."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._step = step

    def between_steps(self, live: Any) -> None:
        if live.step >= self._step:
            self.stop()


@pytest.fixture
def recipe(tiny_bert: Path, tiny_csv: Path) -> Callable[..., Recipe]:
    """A quick classification recipe with overrides such as "training.epochs=2"."""

    return functools.partial(quick_recipe, tiny_bert, tiny_csv)


def quick_recipe(model: Path, data: Path, *overrides: str) -> Recipe:
    """A quick classification recipe of a model folder and a table."""
    base = {
        "model": {"source": str(model)},
        "data": {"train": str(data), "validation": 0.25},
        "film": {"on": False},  # it takes longer than a tiny model's training
        "training": {"batch_size": 16, "epochs": 2, "learning_rate": 3e-3, "device": "cpu"},
    }
    return parse_recipe(with_overrides(base, overrides))


@pytest.fixture
def lm_recipe(tiny_llama: Path, tiny_text: Path) -> Callable[..., Recipe]:
    """A quick language-model recipe with overrides."""

    def make(*overrides: str) -> Recipe:
        base = {
            "model": {"source": str(tiny_llama)},
            "data": {"train": str(tiny_text)},
            "task": {"kind": "causal-lm"},
            "film": {"on": False},
            "pinned": {"on": False},
            "training": {
                "batch_size": 8,
                "max_steps": 12,
                "max_length": 64,
                "learning_rate": 5e-3,
                "device": "cpu",
            },
        }
        return parse_recipe(with_overrides(base, overrides))

    return make


@pytest.fixture
def masked_recipe(tiny_bert: Path, tiny_text: Path) -> Callable[..., Recipe]:
    """A quick recipe of masked words, with overrides."""

    def make(*overrides: str) -> Recipe:
        base = {
            "model": {"source": str(tiny_bert)},
            "data": {"train": str(tiny_text)},
            "task": {"kind": "masked-lm"},
            "film": {"on": False},
            "training": {
                "batch_size": 8,
                "max_steps": 12,
                "max_length": 32,
                "learning_rate": 5e-3,
                "device": "cpu",
            },
        }
        return parse_recipe(with_overrides(base, overrides))

    return make


@pytest.fixture
def chat_recipe(tiny_llama: Path, tmp_path: Path) -> Callable[..., Recipe]:
    """A quick recipe of 60 questions and answers, with overrides."""
    rows = [
        {"question": f"Say {word} {i}", "answer": f"{word}."} for i in range(30) for word in ("yes", "no")
    ]
    data = tmp_path / "answers.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    def make(*overrides: str) -> Recipe:
        base = {
            "model": {"source": str(tiny_llama)},
            "data": {"train": str(data), "validation": 0.2},
            "task": {"kind": "chat"},
            "film": {"on": False},
            "pinned": {"on": False},
            "training": {
                "batch_size": 8,
                "max_steps": 24,
                "max_length": 96,
                "learning_rate": 5e-3,
                "device": "cpu",
            },
        }
        return parse_recipe(with_overrides(base, overrides))

    return make


@pytest.fixture
def preference_recipe(tiny_llama: Path, tmp_path: Path) -> Callable[..., Recipe]:
    """A quick recipe of forty prompts, each with a chosen answer in words and a rejected one in digits."""
    rows = [
        {"prompt": f"Say {word} {i}", "chosen": f"{word} it is", "rejected": f"{7 * i} 000"}
        for i in range(20)
        for word in ("yes", "no")
    ]
    data = tmp_path / "pairs.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    def make(*overrides: str) -> Recipe:
        base = {
            "model": {"source": str(tiny_llama)},
            "data": {"train": str(data), "validation": 0.25},
            "task": {"kind": "preference"},
            "film": {"on": False},
            "pinned": {"on": False},
            "training": {
                "batch_size": 8,
                "max_steps": 12,
                "eval_every": 6,
                "max_length": 96,
                "learning_rate": 5e-3,
                "device": "cpu",
            },
        }
        return parse_recipe(with_overrides(base, overrides))

    return make


@pytest.fixture(scope="session")
def tiny_t5(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random T5 (2 layers on each side, 2 heads, width 32) and the words of `tiny_bert`."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    folder = tmp_path_factory.mktemp("models") / "tiny-t5"
    words = _word_tokenizer(tiny_bert, folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        T5ForConditionalGeneration(
            T5Config(
                vocab_size=words,
                d_model=32,
                d_kv=16,
                d_ff=64,
                num_layers=2,
                num_heads=2,
                pad_token_id=0,
                eos_token_id=3,
                decoder_start_token_id=0,
            )
        ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_bart(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BART (2 layers on each side, 2 heads, width 32) and the words of `tiny_bert`."""
    import torch
    from transformers import BartConfig, BartForConditionalGeneration

    folder = tmp_path_factory.mktemp("models") / "tiny-bart"
    words = _word_tokenizer(tiny_bert, folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BartForConditionalGeneration(
            BartConfig(
                vocab_size=words,
                d_model=32,
                encoder_layers=2,
                decoder_layers=2,
                encoder_attention_heads=2,
                decoder_attention_heads=2,
                encoder_ffn_dim=64,
                decoder_ffn_dim=64,
                max_position_embeddings=64,
                pad_token_id=0,
                bos_token_id=2,
                eos_token_id=3,
                decoder_start_token_id=3,
                forced_eos_token_id=None,
            )
        ).save_pretrained(folder)
    return folder


def _word_tokenizer(source: Path, folder: Path) -> int:
    """Save the word tokenizer of another folder, closing texts with an end token; returns its number of words."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(source)
    tokenizer.eos_token = "[SEP]"
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


@pytest.fixture
def seq2seq_recipe(tiny_t5: Path, tmp_path: Path) -> Callable[..., Recipe]:
    """A quick recipe of sixty sources, and the first two of their words as targets."""
    rows = [
        {"number": i, "source": text, "target": " ".join(text.split()[:2])}
        for i, (text, _) in enumerate(sentences(60))
    ]
    data = tmp_path / "sources.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    def make(*overrides: str) -> Recipe:
        base = {
            "model": {"source": str(tiny_t5)},
            "data": {"train": str(data), "validation": 0.25},
            "task": {"kind": "seq2seq"},
            "film": {"on": False},
            "pinned": {"on": False},
            "training": {
                "batch_size": 8,
                "max_steps": 40,
                "max_length": 32,
                "learning_rate": 1e-2,
                "device": "cpu",
            },
        }
        return parse_recipe(with_overrides(base, overrides))

    return make


def small_recipe(model: Path, data: Path, kind: str, *overrides: str) -> Recipe:
    """A quick recipe of a task that puts a head on an encoder."""
    base = {
        "model": {"source": str(model)},
        "data": {"train": str(data), "validation": 0.25},
        "task": {"kind": kind},
        "film": {"on": False},
        "training": {"batch_size": 16, "epochs": 4, "learning_rate": 1e-2, "device": "cpu"},
    }
    return parse_recipe(with_overrides(base, overrides))


@pytest.fixture
def multi_label_recipe(tiny_bert: Path, tmp_path: Path) -> Callable[..., Recipe]:
    """A quick recipe of 96 texts with the labels of all topics of which they have a word."""
    data = tmp_path / "labels.csv"
    data.write_text(
        "text,labels\n" + "".join(f'{t},"{", ".join(n)}"\n' for t, n in topic_sets(96)), encoding="utf-8"
    )
    return functools.partial(small_recipe, tiny_bert, data, "multi-label")


@pytest.fixture
def regression_recipe(tiny_bert: Path, tmp_path: Path) -> Callable[..., Recipe]:
    """A quick recipe of 96 texts with a price: 1000, and 250 more for each word about the weather."""
    data = tmp_path / "prices.csv"
    rows = [
        (text, 1000 + 250 * sum(word in TOPICS["weather"] for word in text.split()))
        for text, _ in topic_sets(96)
    ]
    data.write_text("text,price\n" + "".join(f"{text},{price}\n" for text, price in rows), encoding="utf-8")
    return functools.partial(small_recipe, tiny_bert, data, "regression")


@pytest.fixture
def tagged_recipe(tiny_bert: Path, tmp_path: Path) -> Callable[..., Recipe]:
    """A quick recipe of 96 sentences in which weather is a name, and so are kitchens' words, two together as one."""
    data = tmp_path / "names.conll"
    data.write_text(
        "\n\n".join(map(marked_words, (text for text, _ in topic_sets(96)))) + "\n", encoding="utf-8"
    )
    return functools.partial(small_recipe, tiny_bert, data, "token-classification")


def topic_sets(rows: int, seed: int = 0) -> list[tuple[str, list[str]]]:
    """(text, topics) pairs: one or two words of each of one or two topics, among fillers."""
    chance, found = random.Random(seed), []
    for _ in range(rows):
        topics = sorted(chance.sample(list(TOPICS), chance.choice((1, 2))))
        words = [word for topic in topics for word in chance.sample(TOPICS[topic], chance.choice((1, 2)))]
        words += chance.sample(FILLERS, 3)
        chance.shuffle(words)
        found.append((" ".join(words), topics))
    return found


def marked_words(text: str) -> str:
    """A sentence in CoNLL's lines."""
    lines, before = [], ""
    for word in text.split():
        kind = next((name for name in ("weather", "kitchen") if word in TOPICS[name]), "")
        tag = f"{'I' if kind == before else 'B'}-{kind}" if kind else "O"
        lines.append(f"{word}\t{tag}")
        before = kind
    return "\n".join(lines)


@pytest.fixture
def run(home: Home) -> Run:
    """Carry out a recipe in this test's home and return the run folder and all events; `check` tries first
    whether it fits, as Start does."""

    def carry_out(
        recipe: Recipe, control: Any = None, *, check: bool = False
    ) -> tuple[RunFolder, list[Event]]:
        prepared = dataclasses.replace(training.begin(home, recipe), fits=not check)
        return prepared.folder, list(training.carry_out(prepared, control or training.Control()))

    return carry_out
