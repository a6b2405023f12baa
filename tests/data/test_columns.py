"""The text and label columns are guessed with a reason, and wrong choices are answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.data.guess import choose_columns, guess_columns
from workbench.data.tables import read_table
from workbench.run.problem import WorkbenchError

Write = Callable[[str, str | bytes], Path]
Real = Callable[[str], Path]


@pytest.mark.parametrize(
    ("name", "text", "label", "task"),
    [
        ("sst2/dev.tsv", "column 1", "column 2", "text-classification"),
        ("waimai/waimai_10k.csv", "review", "label", "text-classification"),
        ("gsm8k/test.jsonl", "question", "", "causal-lm"),
        ("tinyshakespeare/input.txt", "text", "", "causal-lm"),
    ],
)
def test_columns_of_real_data(real: Real, name: str, text: str, label: str, task: str) -> None:
    guess = guess_columns(read_table(real(name)))
    assert (guess.text, guess.label, guess.task) == (text, label, task)
    assert len(guess.reasons) == 2
    assert text in guess.reasons[0]


def rows(header: str, line: Callable[[int], str], count: int = 40) -> str:
    return "\n".join([header, *(line(i) for i in range(count))])


def test_without_usual_names_the_long_column_is_text_and_the_repeating_one_label(write: Write) -> None:
    content = rows(
        "id,when,what,which", lambda i: f"{i},2024-01-{i % 28 + 1:02},some longer words {i},{'ab'[i % 2]}"
    )
    guess = guess_columns(read_table(write("a.csv", content)))
    assert (guess.text, guess.label) == ("what", "which")
    assert "2 different values" in guess.reasons[1]


def test_a_label_by_name_alone_is_not_believed(write: Write) -> None:
    content = rows("text,label,kind", lambda i: f"some words {i},a title of its own {i},{'ab'[i % 2]}")
    assert guess_columns(read_table(write("a.csv", content))).label == "kind"


def test_a_file_sorted_by_class_still_shows_its_classes(write: Write) -> None:
    content = rows("review,stars", lambda i: f"some words about it {i},{i // 5000}", 25_000)
    guess = guess_columns(read_table(write("a.csv", content)))
    assert (guess.text, guess.label) == ("review", "stars")
    assert "5 different values" in guess.reasons[1]


def test_given_names_are_kept_and_empty_ones_guessed(write: Write) -> None:
    content = rows("title,body,label,topic", lambda i: f"head {i},a longer body {i},{i % 2},{i % 3}")
    table = read_table(write("a.csv", content))
    assert choose_columns(table, "", "") == ("body", "label")
    assert choose_columns(table, "title", "topic") == ("title", "topic")
    assert choose_columns(table, "", "topic") == ("body", "topic")


def test_a_missing_label_column_is_named_with_those_that_exist(write: Write) -> None:
    table = read_table(write("a.csv", rows("text,label", lambda i: f"words {i},{i % 2}")))
    with pytest.raises(
        WorkbenchError, match=r"no column “lables”.*text, label.*Did you mean “label”"
    ) as caught:
        choose_columns(table, "text", "lables")
    assert caught.value.problem.field == "data.label"
    with pytest.raises(WorkbenchError, match="no column “body”") as caught:
        choose_columns(table, "body", "")
    assert caught.value.problem.field == "data.text"


def test_text_and_label_cannot_be_one_column(write: Write) -> None:
    table = read_table(write("a.csv", rows("text,label", lambda i: f"words {i},{i % 2}")))
    with pytest.raises(WorkbenchError, match="same column"):
        choose_columns(table, "label", "label")


def test_a_file_without_a_label_says_that_none_was_found(real: Real) -> None:
    with pytest.raises(WorkbenchError, match="No label column was found"):
        choose_columns(read_table(real("gsm8k/test.jsonl")), "", "")
