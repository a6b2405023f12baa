"""Rows to measure language models with: conversations, and questions with choices in the shapes that are about."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.data.exercises import Exercise, exercises
from workbench.data.step import Context
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import DataSection

Write = Callable[[str, str | bytes], Path]


def read(path: Path, text: str = "", label: str = "") -> tuple[Exercise, ...]:
    return exercises(
        DataSection(train=str(path), text=text, label=label), Context(), lambda name, field: Path(name)
    )[0]


def lines(*rows: Any) -> str:
    return "\n".join(map(json.dumps, rows))


@pytest.mark.parametrize(
    ("row", "first"),
    [
        ({"question": "2 + 2?", "choices": ["3", "5", "four"], "answer": 2}, {"answer": 0}),
        ({"question": "2 + 2?", "choices": ["3", "5", "four"], "answer": "C"}, {"answer": "A"}),
        ({"question": "2 + 2?", "choices": ["3", "5", "four"], "answer": "four"}, {"answer": "3"}),
        (
            {
                "stem": "2 + 2?",
                "choices": {"text": ["3", "5", "four"], "label": ["A", "B", "C"]},
                "answerKey": "C",
            },
            {"answerKey": "A"},
        ),
        ({"ctx": "2 + 2?", "endings": ["3", "5", "four"], "label": "2"}, {"label": "0"}),
    ],
)
def test_choices_are_read_in_the_shapes_that_are_about(write: Write, row: Any, first: Any) -> None:
    found = read(write("rows.jsonl", lines(row, row | first)))
    assert [one.right for one in found] == [2, 0]
    assert found[0].choices == ("3", "5", "four") and found[0].question == "2 + 2?"
    assert found[0].expected == "four"


def test_choices_may_be_columns_and_counted_from_1(write: Write) -> None:
    text = "question,A,B,C,answer\nWhich?,one,two,three,3\nAnd?,yes,no,,1\nBad?,yes,no,,9\n"
    path = write("rows.csv", text)
    found, notes = exercises(DataSection(train=str(path)), Context(), lambda name, field: Path(name))
    assert [(one.expected, len(one.choices)) for one in found] == [("three", 3), ("yes", 2)]
    assert any("row 3" in note for note in notes)


def test_conversations_are_rows_too_and_columns_can_be_named(write: Write) -> None:
    path = write("rows.jsonl", lines({"ask": "Hello?", "say": "Good day."}, {"ask": "Bye?", "say": "Bye."}))
    with pytest.raises(WorkbenchError, match="conversations"):
        read(path)
    found = read(path, text="ask", label="say")
    assert [(one.question, one.expected, one.choices) for one in found] == [
        ("Hello?", "Good day.", ()),
        ("Bye?", "Bye.", ()),
    ]
