"""`workbench generate` beyond one answer, and `workbench score`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, settings

SHORT = settings("temperature=0", "max_new_tokens=5")


def test_a_file_of_prompts_becomes_a_file_of_answers(cli: Cli, tiny_llama: Path, tmp_path: Path) -> None:
    prompts, output = tmp_path / "prompts.csv", tmp_path / "answers.jsonl"
    prompts.write_text("id,question,model\n1,hello,mine\n2,good day,yours\n", encoding="utf-8")
    said = cli("--json", "generate", tiny_llama, "--prompts", prompts, "-o", output, *SHORT)
    assert said.code == 0 and said.json["answered"] == 2 and said.json["column"] == "question"
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [(row["question"], row["model (given)"]) for row in rows] == [
        ("hello", "mine"),
        ("good day", "yours"),
    ]
    alone = cli("--json", "generate", tiny_llama, "good day", *SHORT).json
    assert rows[1]["generated"] == alone["text"] and rows[1]["settings"] == alone["settings"]


def test_a_file_of_prompts_asks_for_what_is_missing(cli: Cli, tiny_llama: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text('{"a": "hello", "b": "x"}\n{"a": "bye", "b": "y"}\n', encoding="utf-8")
    output = tmp_path / "out.jsonl"
    asked = ("generate", tiny_llama, "--prompts", prompts)
    for arguments, words in (
        ((*asked, "-o", output), "which column"),
        ((*asked, "-o", output, "--column", "c"), "no column"),
        (asked, "-o FILE.jsonl"),
        (("generate", tiny_llama, "hello", "-o", output), "--prompts FILE"),
    ):
        said = cli(*arguments)
        assert said.code == 2 and words in said.err
    assert not output.exists()


def test_models_side_by_side_and_presets(cli: Cli, tiny_llama: Path) -> None:
    arguments = ("generate", tiny_llama, "hello", "--preset", "exact", *settings("max_new_tokens=4"))
    alone = cli("--json", *arguments).json
    assert alone["settings"]["temperature"] == 0 and alone["settings"]["top_k"] == 0
    both = cli("--json", *arguments, "--beside", tiny_llama).json["models"]
    assert [side["answers"][0]["tokens"] for side in both] == [alone["tokens"]] * 2
    wrong = cli("generate", tiny_llama, "hello", "--preset", "wild")
    assert wrong.code == 2 and "balanced" in wrong.err


def test_a_text_is_scored_token_by_token(cli: Cli, tiny_llama: Path) -> None:
    shown = cli("score", tiny_llama, "good day", "--compare", tiny_llama)
    assert shown.code == 0 and "perplexity" in shown.out and "+0.000" in shown.out
    found = cli("--json", "score", tiny_llama, "good day").json
    assert "".join(found["words"]) == "good day"
    assert found["log_probabilities"][0] is None and all(
        value < 0 for value in found["log_probabilities"][1:]
    )
    mean = -sum(found["log_probabilities"][1:]) / 7
    assert found["loss"] == pytest.approx(mean)
    assert cli("score", tiny_llama, "a").code == 2


def test_a_training_is_asked_and_its_answers_are_told(
    cli: Cli, tiny_llama: Path, tiny_text: Path, tmp_path: Path
) -> None:
    home = tmp_path / "asked"
    fields = (
        f"model.source={tiny_llama}", f"data.train={tiny_text}", "task.kind=causal-lm", "film.on=false",
        "training.max_steps=4", "training.max_length=32", "training.device=cpu",
        "pinned.prompts=once upon | rain", "pinned.every=1", "pinned.length=4",
    )  # fmt: skip
    assert cli("train", *settings(*fields), "--home", home).code == 0
    [run] = (home / "runs").iterdir()
    found = cli("--json", "pinned", run.name, "--home", home).json
    assert [asked["prompt"] for asked in found["prompts"]] == ["once upon", "rain"]
    assert [answer["step"] for answer in found["prompts"][0]["answers"]] == [0, 1, 2, 3, 4]
    shown = cli("pinned", run.name, "--home", home).out
    assert [line[:6] for line in shown.splitlines() if line.startswith("step")] == [
        "step 0",
        "step 2",
        "step 4",
    ] * 2
    assert "of the training time" in shown
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "What it answered as it learned" in page and "once upon" in page
    off = cli("pinned", run.name, "--home", tmp_path / "none")
    assert off.code == 2


def test_a_template_asks_two_models_and_cells_are_harmless(
    cli: Cli, tiny_llama: Path, tmp_path: Path
) -> None:
    prompts, output = tmp_path / "words.csv", tmp_path / "answers.csv"
    prompts.write_text("nr,word,remark\n1,rain,=1+1\n2,snow,fine\n", encoding="utf-8")
    asked = ("generate", tiny_llama, "--prompts", prompts, "-o", output, "--beside", tiny_llama, *SHORT)
    said = cli("--json", *asked, "--template", "Tell of {word}.")
    assert said.code == 0 and said.json["answered"] == 4
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["remark"] for row in rows] == ["'=1+1", "fine"]
    assert [row["asked"] for row in rows] == ["Tell of rain.", "Tell of snow."]
    alone = cli("--json", "generate", tiny_llama, "Tell of snow.", *SHORT).json["text"]
    assert (
        rows[1]["generated"].removeprefix("'")
        == rows[1][f"generated ({tiny_llama})"].removeprefix("'")
        == alone
    )
    for template, words in (("no column", "names no column"), ("{sun}", "'sun'")):
        wrong = cli(*asked, "--template", template)
        assert wrong.code == 2 and words in wrong.err


def test_saved_prompts_are_kept_renamed_asked_and_deleted(cli: Cli, tiny_llama: Path, tmp_path: Path) -> None:
    home = ("--home", tmp_path / "mine")
    assert "Saved: none" in cli("prompts", *home).out
    cli("prompts", "--save", "weather", "What is {thing} like in {place}?", *home)
    shown = cli("prompts", "--rename", "weather", "The weather", *home)
    assert shown.code == 0 and "The weather  (fill in: thing, place)" in shown.out
    fill = ("--fill", "thing=rain", "--fill", "place={thing}")
    asked = ("--json", "generate", tiny_llama, *home, *SHORT)
    found = cli(*asked, "--saved", "The weather", *fill)
    alone = cli("--json", "generate", tiny_llama, "What is rain like in {thing}?", *home, *SHORT)
    assert found.json["tokens"] == alone.json["tokens"]
    for arguments, words in (
        (("--saved", "The weather"), "thing, place"),
        (("--saved", "weather", *fill), "no saved prompt"),
        (("hello", "--saved", "The weather", *fill), "two prompts"),
        (("hello", *fill), "--saved NAME"),
        (("hello", "--turn", "tool", "x"), "no role"),
    ):
        wrong = cli("generate", tiny_llama, *arguments, *home)
        assert wrong.code == 2 and words in wrong.err
    assert "Saved: none" in cli("prompts", "--delete", "The weather", *home).out
    assert cli("prompts", "--delete", "The weather", *home).code == 2


def test_an_answer_is_rated_and_becomes_data(cli: Cli, tmp_path: Path) -> None:
    home = ("--home", tmp_path / "rated")
    rated = ("feedback", "--prompt", "Hello?", "--answer", "Go away.")
    found = cli("--json", *rated, "--better", "Good day.", *home).json
    assert (found["ratings"], found["conversations"], found["pairs"]) == (1, 1, 1)
    [row] = Path(found["pairs_file"]).read_text(encoding="utf-8").splitlines()
    assert json.loads(row)["chosen"] == [{"role": "assistant", "content": "Good day."}]
    assert "worse answer: 1, in" in cli("feedback", *home).out
    assert cli(*rated, *home).code == 2 and cli("feedback", "--good", *home).code == 2


def test_every_token_of_an_answer_tells_its_alternatives_and_another_can_be_taken(
    cli: Cli, tiny_llama: Path
) -> None:
    arguments = ("alternatives", tiny_llama, "hello", *settings("max_new_tokens=5", "seed=2"))
    alone = cli("--json", "generate", tiny_llama, "hello", *settings("max_new_tokens=5", "seed=2")).json
    found = cli("--json", *arguments).json["tokens"]
    assert [token["id"] for token in found] == alone["tokens"] and len(found[0]["others"]) == 10
    assert [token["after"] for token in found] == pytest.approx(alone["probabilities"], abs=1e-5)
    other = next(token["id"] for token in found[2]["others"] if token["id"] != found[2]["id"])
    one = cli("--json", *arguments, "--at", "3", "--take", str(other)).json
    assert one["tokens"] == [found[2]]
    assert sum(one["attention"]["weights"]) == pytest.approx(1, abs=1e-4)
    assert len(one["attention"]["tokens"]) == len(one["attention"]["weights"])
    assert one["instead"]["tokens"][:3] == [*alone["tokens"][:2], other]
    assert "looked at" in cli(*arguments, "--at", "3").out
    for wrong in (("--at", "9"), ("--at", "x"), ("--take", "4")):
        assert cli(*arguments, *wrong).code == 2


def test_gaps_are_filled(cli: Cli, tiny_bert: Path, tiny_llama: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    BertForMaskedLM(BertConfig.from_pretrained(tiny_bert)).save_pretrained(tmp_path / "masked")
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path / "masked")
    said = cli("--json", "fill", tmp_path / "masked", "the __ and the __")
    assert said.code == 0 and [len(gap) for gap in said.json["gaps"]] == [10, 10]
    first = [row["probability"] for row in said.json["gaps"][0]]
    assert first == sorted(first, reverse=True) and 0 < sum(first) <= 1
    words = cli("fill", tmp_path / "masked", "the __ and the __").out
    assert "gap 2" in words and said.json["text"] in words
    assert cli("fill", tmp_path / "masked", "the sea").code == 2
    assert "does not fill gaps" in cli("fill", tiny_llama, "the __").err
