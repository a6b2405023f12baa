"""What a data set is, is guessed right for real data without a click, and the reason is said."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from workbench.data.guess import KIND_WORDS, choose_columns, guess
from workbench.data.tables import read_table

Write = Callable[[str, str | bytes], Path]
Real = Callable[[str], Path]


@pytest.mark.parametrize(
    ("name", "kind", "task", "texts", "label"),
    [
        ("sst2/train.tsv", "text-classification", "text-classification", ("column 1",), "column 2"),
        ("waimai/waimai_10k.csv", "text-classification", "text-classification", ("review",), "label"),
        ("wnut17/train.conll", "token-classification", "token-classification", ("tokens",), "tags"),
        ("wnut17/dev.conll", "token-classification", "token-classification", ("tokens",), "tags"),
        ("gsm8k/test.jsonl", "chat", "chat", ("question", "answer"), ""),
        ("tinyshakespeare/input.txt", "plain-text", "causal-lm", ("text",), ""),
    ],
)
def test_real_data_is_known_without_a_click(
    real: Real, name: str, kind: str, task: str, texts: tuple[str, ...], label: str
) -> None:
    found = guess(read_table(real(name)))
    assert (found.kind, found.task, found.texts, found.label) == (kind, task, texts, label)
    assert found.kind in KIND_WORDS
    assert found.reasons
    assert all(
        f"“{column}”" in " ".join(found.reasons)
        for column in (*texts, label)
        if column and kind != "plain-text"
    )
    assert all(reason.endswith(".") for reason in found.reasons)


def as_csv(header: str, *rows: tuple[object, ...]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([header.split(","), *rows])
    return out.getvalue()


def test_two_texts_that_belong_together_are_both_read(write: Write) -> None:
    rows = [(f"a longer second text {i}", f"the first {i}", "ab"[i % 2]) for i in range(30)]
    found = guess(read_table(write("a.csv", as_csv("hypothesis,premise,label", *rows))))
    assert (found.kind, found.texts, found.label) == (
        "text-classification",
        ("premise", "hypothesis"),
        "label",
    )


def test_which_split_a_row_belongs_to_is_no_class(write: Write) -> None:
    rows = [(f"some words about it {i}", ("train", "test")[i % 5 == 0]) for i in range(50)]
    table = read_table(write("a.csv", as_csv("words,split", *rows)))
    assert guess(table).kind == "causal-lm"
    with pytest.raises(Exception, match="No label column was found"):
        choose_columns(table, "", "")


def test_questions_with_a_few_answers_are_sorted_and_not_answered(write: Write) -> None:
    rows = [(f"is the number {i} even", ("yes", "no")[i % 2]) for i in range(60)]
    found = guess(read_table(write("a.csv", as_csv("question,answer", *rows))))
    assert (found.kind, found.texts, found.label) == ("text-classification", ("question",), "answer")


def test_questions_with_answers_and_a_class_are_sorted(write: Write) -> None:
    rows = [(f"what is {i}", f"it is the number {i}", "ab"[i % 2]) for i in range(60)]
    assert guess(read_table(write("a.csv", as_csv("question,answer,label", *rows)))).label == "label"


def test_better_and_worse_answers_are_a_preference(write: Write) -> None:
    rows = [(f"say {i}", f"it is {i}", f"no {i}") for i in range(30)]
    found = guess(read_table(write("a.csv", as_csv("prompt,chosen,rejected", *rows))))
    assert found.kind == found.task == "preference"
    assert found.chat is not None
    assert set(found.texts) == {"prompt", "chosen", "rejected"}


@pytest.mark.parametrize(
    ("header", "pair"),
    [
        ("id,source,target", ("source", "target")),
        ("article,highlights,id", ("article", "highlights")),
        ("de,en", ("de", "en")),
        ("Source Text,Target Text", ("Source Text", "Target Text")),
    ],
)
def test_translations_and_summaries_are_written_from_their_source(
    write: Write, header: str, pair: tuple[str, str]
) -> None:
    rows = [[f"{name} {i} has a text" for name in header.split(",")] for i in range(12)]
    found = guess(read_table(write("pairs.csv", as_csv(header, *rows))))
    assert (found.kind, found.task, (*found.texts, found.label)) == ("seq2seq", "seq2seq", pair)
    assert found.reasons and found.kind in KIND_WORDS


def test_a_target_that_comes_again_and_again_is_a_class(write: Write) -> None:
    rows = [(f"a text that is read {i}", "ab"[i % 2]) for i in range(30)]
    found = guess(read_table(write("a.csv", as_csv("source,target", *rows))))
    assert (found.kind, found.label) == ("text-classification", "target")


def test_lists_of_words_and_tags_are_known_in_any_format(write: Write, tmp_path: Path) -> None:
    words = [[f"word{i}", "is", "here"] for i in range(30)]
    tags = [["NOUN", "VERB", "ADV"]] * 30
    parquet.write_table(
        pa.table({"id": list(range(30)), "tokens": words, "pos": tags}), tmp_path / "a.parquet"
    )
    found = guess(read_table(tmp_path / "a.parquet"))
    assert (found.kind, found.texts, found.label) == ("token-classification", ("tokens",), "pos")
    records = [{"words": w, "ner_tags": ["B-x", "O", "O"]} for w in words]
    found = guess(read_table(write("a.json", json.dumps(records))))
    assert (found.kind, found.texts, found.label) == ("token-classification", ("words",), "ner_tags")


def test_short_texts_with_one_word_classes_are_not_tagged_words(write: Write) -> None:
    rows = [("good", "positive"), ("bad", "negative")] * 20
    assert guess(read_table(write("a.csv", as_csv("words,tag", *rows)))).kind == "text-classification"


def test_pictures_in_folders_are_known(tmp_path: Path) -> None:
    for name in ("cat/1.jpg", "cat/2.jpg", "dog/3.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"content")
    found = guess(read_table(tmp_path))
    assert (found.kind, found.texts, found.label) == ("image-classification", ("path",), "label")


def test_documents_in_a_table_are_no_running_text(write: Write) -> None:
    lines = [json.dumps({"text": f"A document of its own, number {i}."}) for i in range(30)]
    assert guess(read_table(write("a.jsonl", "\n".join(lines)))).kind == "causal-lm"
    assert guess(read_table(write("a.txt", "A line.\nAnother line.\n"))).kind == "plain-text"


def test_guessing_is_ready_without_the_libraries_that_read_files() -> None:
    code = "import sys, workbench.data.guess; print({'pyarrow', 'datasets', 'pandas', 'torch'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
