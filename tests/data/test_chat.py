"""Conversations are recognised in every usual way of writing, read as messages, and wrong ones are told of by row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.data.chat import ChatShape, chat_shape, messages, read_chat
from workbench.data.tables import Table, read_table
from workbench.run.problem import WorkbenchError

Write = Callable[[str, str | bytes], Path]
Real = Callable[[str], Path]

HELLO = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]
BRIEF = {"role": "system", "content": "Be brief."}


def table_of(write: Write, *records: dict[str, Any]) -> Table:
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    return read_table(write("a.jsonl", "\n".join(lines) + "\n"))


def first(table: Table) -> dict[str, str | None]:
    return dict(zip(table.columns, table.row(0), strict=True))


@pytest.mark.parametrize(
    ("name", "record", "expected"),
    [
        ("messages", {"messages": [BRIEF, *HELLO], "source": "x"}, [BRIEF, *HELLO]),
        (
            "messages",
            {"dialogue": [{"role": "User", "content": [{"type": "text", "text": "Hello"}]}, HELLO[1]]},
            HELLO,
        ),
        (
            "sharegpt",
            {"conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Good day"}]},
            HELLO,
        ),
        ("alpaca", {"instruction": "Hello", "input": "", "output": "Good day"}, HELLO),
        (
            "alpaca",
            {"instruction": "Translate.", "input": "Hi", "output": "Good day", "system": "Be brief."},
            [BRIEF, {"role": "user", "content": "Translate.\n\nHi"}, HELLO[1]],
        ),
        (
            "alpaca",
            {"instruction": "Hello", "context": None, "response": "Good day", "category": "qa"},
            HELLO,
        ),
        ("prompt-completion", {"prompt": "Hello", "completion": "Good day"}, HELLO),
        ("question-answer", {"question": "Hello", "answer": "Good day"}, HELLO),
        ("preference", {"prompt": "Hello", "chosen": "Good day", "rejected": "What"}, HELLO),
        ("preference", {"prompt": HELLO[:1], "chosen": HELLO[1:], "rejected": HELLO[1:]}, HELLO),
        ("preference", {"chosen": HELLO, "rejected": HELLO}, HELLO),
        ("preference", {"prompt": HELLO[:1], "chosen": HELLO, "rejected": HELLO}, HELLO),
        (
            "preference",
            {
                "chosen": "\n\nHuman: Hello\n\nAssistant: Good day",
                "rejected": "\n\nHuman: Hello\n\nAssistant: No",
            },
            HELLO,
        ),
    ],
)
def test_every_shape_is_recognised_and_read(
    write: Write, name: str, record: dict[str, Any], expected: list[dict[str, str]]
) -> None:
    table = table_of(write, record, record)
    shape = chat_shape(table)
    assert shape is not None
    assert shape.name == name
    assert all(f"“{column}”" in shape.reason for column in shape.columns.values())
    assert messages(first(table), shape) == expected


def test_the_worse_answer_of_a_preference_is_read_as_well(write: Write) -> None:
    table = table_of(write, {"prompt": "Hello", "chosen": "Good day", "rejected": "What"})
    shape = chat_shape(table)
    assert shape is not None
    assert [turn["content"] for turn in read_chat(first(table), shape, "rejected").messages] == [
        "Hello",
        "What",
    ]


@pytest.mark.parametrize(
    "record",
    [
        {"text": "words", "label": 1},
        {"prompt": "words", "label": "a"},
        {"messages": "3"},
        {"tags": ["a", "b"]},
        {"items": [{"name": "a"}]},
    ],
)
def test_other_tables_hold_no_conversations(write: Write, record: dict[str, Any]) -> None:
    assert chat_shape(table_of(write, record, record)) is None


def test_real_questions_and_answers_are_read_whole(real: Real) -> None:
    table = read_table(real("gsm8k/test.jsonl"))
    shape = chat_shape(table)
    assert shape is not None
    assert shape.name == "question-answer"
    questions, answers = table.column("question"), table.column("answer")
    for number, (question, answer) in enumerate(zip(questions, answers, strict=True), 1):
        turns = messages({"question": question, "answer": answer}, shape, number)
        assert [turn["role"] for turn in turns] == ["user", "assistant"]
        assert turns[1]["content"] == answer


SHAPE = ChatShape("messages", {"messages": "messages"}, "")


def turn(role: str, content: object = "words") -> dict[str, object]:
    return {"role": role, "content": content}


@pytest.mark.parametrize(
    ("turns", "complaint"),
    [
        ([turn("user"), turn("robot")], "Turn 2 has the unknown role “robot”"),
        ([turn("assistant")], "Turn 1 is the assistant's, and nobody has asked anything"),
        ([turn("user"), turn("user"), turn("assistant")], "Turns 1 and 2 are both the user's"),
        ([turn("user"), turn("system"), turn("assistant")], "Turn 2 is the system's, which comes first"),
        ([turn("user")], "It ends with the user, so that there is no answer to learn"),
        ([turn("tool"), turn("assistant")], "Turn 1 is a tool's, and no assistant called it"),
        ([turn("user", " "), turn("assistant")], "Turn 1 (user) is empty"),
        ([turn("user", None), turn("assistant")], "Turn 1 (user) has no content"),
        ([turn("user", 5), turn("assistant")], "Turn 1 (user) has a number for its content"),
        (
            [turn("user", [{"type": "image"}]), turn("assistant")],
            "Turn 1 (user) holds something else than text",
        ),
        ([turn("user"), "words"], "Turn 2 is a text, not an object"),
        ([turn("user"), {"content": "words"}], "Turn 2 does not say who speaks"),
        ([], "It has no turns"),
        ({"role": "user"}, "is no list of turns"),
        (None, "“messages” is empty"),
    ],
)
def test_a_wrong_conversation_is_told_of_by_its_row_and_turn(turns: object, complaint: str) -> None:
    row = {"messages": None if turns is None else json.dumps(turns)}
    with pytest.raises(WorkbenchError) as caught:
        messages(row, SHAPE, 4817)
    assert caught.value.problem.title == "Row 4817 is no whole conversation."
    assert complaint in caught.value.problem.cause


def test_a_conversation_with_tools_is_whole() -> None:
    turns = [
        turn("developer"),
        turn("user"),
        {"role": "assistant", "content": None, "tool_calls": [{"name": "clock"}]},
        turn("function", "12:00"),
        turn("assistant"),
    ]
    found = messages({"messages": json.dumps(turns)}, SHAPE)
    assert [turn["role"] for turn in found] == ["system", "user", "assistant", "tool", "assistant"]
    assert found[2]["content"] == '[{"name": "clock"}]'
