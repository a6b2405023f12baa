"""`workbench evaluate` on a real run of a tiny model, beside its base."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, settings
from workbench.cli.main import main
from workbench.run.events import Evaluated
from workbench.run.folder import RunFolder
from workbench.run.journal import read_journal

SHORT = settings("max_new_tokens=6", "rows=4", "recited=3")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions with numbers for answers."""
    path = tmp_path_factory.mktemp("answers") / "sums.jsonl"
    rows = [{"question": f"What is {n} and 1?", "answer": f"Sum:\n#### {n + 1}"} for n in range(24)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chatted(tmp_path_factory: pytest.TempPathFactory, tiny_llama: Path, answers: Path) -> Path:
    """A home with one run of chat tuning, called sums."""
    home = tmp_path_factory.mktemp("chatted")
    overrides = settings(
        f"model.source={tiny_llama}", "task.kind=chat", "training.max_steps=4", "training.precision=fp32",
        "data.validation=0.25", "training.learning_rate=0.005",
    )  # fmt: skip
    assert main(["train", str(answers), *overrides, "--name", "sums", "--home", str(home)]) == 0
    return home


def test_a_run_is_measured_on_its_own_held_out_rows_beside_its_base(cli: Cli, chatted: Path) -> None:
    all_rows = settings("max_new_tokens=6", "rows=0", "recited=3")
    said = cli("--json", "evaluate", "sums", "--beside", "base", *all_rows, "--home", chatted)
    assert said.code == 0
    (folder,) = (RunFolder(path) for path in (chatted / "runs").iterdir())
    measured = [event for event in read_journal(folder.journal_file) if isinstance(event, Evaluated)]
    best = [event for event in measured if event.best][-1]
    tuned, base = said.json["models"]
    # The same rows, template and tokens as the run was measured with before and after.
    for model, event in ((base, measured[0]), (tuned, best)):
        assert model["loss"] == pytest.approx(event.metrics["loss"], rel=1e-3)
    assert said.json["rows"] == said.json["of"] == len(said.json["samples"]) == 6
    assert tuned["numeric"]["of"] == tuned["form"]["of"] == 6 and tuned["choice"] is None
    assert tuned["recital"]["training"]["whole"]["of"] == base["recital"]["held_out"]["whole"]["of"] == 3
    sample = said.json["samples"][0]
    assert sample["expected"].endswith(sample["wanted"]) and sample["wanted"].isdecimal()
    assert [answer["model"] for answer in sample["answers"]] == [tuned["model"], base["model"]]


def test_a_model_is_measured_on_a_file_and_the_answers_are_written(
    cli: Cli, tiny_llama: Path, answers: Path, tmp_path: Path
) -> None:
    output = tmp_path / "answers.jsonl"
    said = cli("evaluate", tiny_llama, answers, "--training", answers, *SHORT, "-o", output)
    assert said.code == 0
    for words in ("4 of 24 rows", "Expected number", "Recited of training rows", "Question 1:"):
        assert words in said.out
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [row["wanted"] for row in rows] == ["1", "7", "13", "19"]  # evenly from all
    assert len(rows[0]["answers"]) == 1


def test_choices_are_weighed(cli: Cli, tiny_llama: Path, tmp_path: Path) -> None:
    quiz = tmp_path / "quiz.jsonl"
    quiz.write_text(
        '{"question": "Which?", "choices": ["one", "two", "three"], "answer": "B"}\n', encoding="utf-8"
    )
    (model,) = cli("--json", "evaluate", tiny_llama, quiz).json["models"]
    assert model["choice"]["of"] == model["choice_by_length"]["of"] == 1 and model["exact"] is None


def test_evaluate_says_what_is_missing(cli: Cli, tiny_llama: Path, tiny_bert: Path, answers: Path) -> None:
    for arguments, words in (
        ((tiny_llama,), "which rows"),
        ((tiny_llama, answers, "--beside", "base"), "no base"),
        ((tiny_bert, answers), "cannot write"),
        ((tiny_llama, answers, *settings("pattern=(")), "pattern"),
        ((tiny_llama, answers, "-o", "answers.csv"), ".jsonl"),
    ):
        said = cli("evaluate", *arguments)
        assert said.code == 2 and words in said.err


def test_a_run_that_began_from_nothing_has_no_base(cli: Cli, chatted: Path, tmp_path: Path) -> None:
    home = tmp_path / "other"
    shutil.copytree(chatted, home)
    (recipe,) = home.glob("runs/*/recipe.toml")
    text = re.sub(r'(?m)^source = ".*"$', 'source = "new-gpt"', recipe.read_text(encoding="utf-8"), count=1)
    recipe.write_text(text, encoding="utf-8")
    for arguments in (("evaluate", "sums", "--beside", "base"), ("interpolate", "sums", "--along")):
        said = cli(*arguments, "--home", home)
        assert said.code == 2 and "began from nothing" in said.err
