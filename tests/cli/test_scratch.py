"""Models that start from nothing on the command line, up to nanoGPT's own small setting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, settings

SMALL = settings(
    "scratch.layers=1", "scratch.width=32", "scratch.heads=2", "training.max_length=32",
    "training.max_steps=6", "training.batch_size=8", "film.on=false",
)  # fmt: skip


def test_a_new_gpt_learns_from_a_text_and_writes(cli: Cli, tiny_text: Path) -> None:
    told = cli(
        "train", tiny_text, *SMALL, "--new", "gpt", *settings("scratch.tokeniser=characters"), "--json"
    ).json
    assert told["status"] == "finished" and told["metrics"]["perplexity"] > 1
    said = cli("generate", told["run"], "the rain", "--max-tokens", "5", "--greedy", "--json").json
    assert said


def test_new_sets_what_new_models_want_and_set_has_the_last_word(cli: Cli, tiny_text: Path) -> None:
    made = cli("recipe", tiny_text, *settings("training.learning_rate=0.002"), "--new", "gpt", "--json").json
    assert made["model"]["source"] == "new-gpt" and made["task"]["kind"] == "causal-lm"
    assert made["training"]["learning_rate"] == 0.002 and made["training"]["schedule"] == "cosine"
    made = cli("recipe", tiny_text, "--new", "bert", "--json").json
    assert made["model"]["source"] == "new-bert" and made["task"]["kind"] == "masked-lm"
    assert made["training"]["learning_rate"] == 0.001


def test_what_cannot_be_is_said_before_a_run_is_made(cli: Cli, tiny_text: Path) -> None:
    for override, words in (
        ("scratch.heads=3", "3 heads do not divide a width of 32"),
        ("scratch.vocabulary=10", "scratch.vocabulary"),
        ("scratch.tokeniser=word-pieces", "cannot write with word pieces"),
        ("task.kind=chat", "cannot learn the task chat"),
    ):
        said = cli("train", tiny_text, "--new", "gpt", *SMALL, *settings(override))
        assert said.code == 2 and words in said.err, said.err


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_nanogpts_small_setting_comes_to_nanogpts_loss(cli: Cli, real: Callable[[str], Path]) -> None:
    """Its README reports 1.88 for the characters of Shakespeare after 2 000 steps on a CPU, which takes minutes."""
    course = settings(
        "scratch.tokeniser=characters", "training.max_length=64", "training.batch_size=12",
        "training.max_steps=2000", "training.warmup_steps=100",
    )  # fmt: skip
    told = cli("train", real("tinyshakespeare/input.txt"), "--new", "gpt", *course, "--json").json
    assert told["metrics"]["loss"] <= 1.90
