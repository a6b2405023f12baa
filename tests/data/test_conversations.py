"""Conversations are read in every shape, divided, and rows that are none are told of, not trained on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.data.conversations import ChatSides, chat_sides
from workbench.data.step import Context
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import DataSection

Write = Callable[[str, str | bytes], Path]
Real = Callable[[str], Path]


def read(path: Path, **fields: Any) -> ChatSides:
    data = DataSection(train=str(path), **fields)
    return chat_sides(data, Context(0, 64), lambda source, field: Path(source))


def lines(write: Write, name: str, rows: list[dict[str, Any]]) -> Path:
    return write(name, "\n".join(map(json.dumps, rows)) + "\n")


SHAPES: dict[str, Callable[[int], dict[str, Any]]] = {
    "messages": lambda i: {
        "messages": [{"role": "user", "content": f"Ask {i}"}, {"role": "assistant", "content": f"Say {i}"}]
    },
    "sharegpt": lambda i: {
        "conversations": [{"from": "human", "value": f"Ask {i}"}, {"from": "gpt", "value": f"Say {i}"}]
    },
    "alpaca": lambda i: {"instruction": f"Ask {i}", "input": "", "output": f"Say {i}"},
    "prompt-completion": lambda i: {"prompt": f"Ask {i}", "completion": f"Say {i}"},
    "question-answer": lambda i: {"question": f"Ask {i}", "answer": f"Say {i}"},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_conversations(write: Write, shape: str) -> None:
    found = read(lines(write, "a.jsonl", [SHAPES[shape](i) for i in range(20)]), validation=0.2, test=0.1)
    sizes = (len(found.train), len(found.validation), len(found.test))
    assert sizes == (14, 4, 2)
    asked = {turns[0]["content"] for part in (found.train, found.validation, found.test) for turns in part}
    assert asked == {f"Ask {i}" for i in range(20)}
    for turns in found.train:
        assert [turn["role"] for turn in turns] == ["user", "assistant"]
        assert turns[1]["content"] == turns[0]["content"].replace("Ask", "Say")


def test_rows_that_are_no_whole_conversation_are_set_aside_by_number(write: Write) -> None:
    rows = [SHAPES["question-answer"](i) for i in range(10)]
    rows[3]["answer"] = ""
    found = read(lines(write, "a.jsonl", rows), validation=0)
    assert len(found.train) == 9
    assert any("1 row is no whole conversation" in note and "Row 4:" in note for note in found.notes)


def test_an_empty_answer_column_is_refused_with_its_name(write: Write) -> None:
    rows = [{"question": f"Ask {i}", "answer": ""} for i in range(10)]
    with pytest.raises(WorkbenchError) as caught:
        read(lines(write, "a.jsonl", rows), validation=0)
    assert "“answer”" in caught.value.problem.cause and "is empty" in caught.value.problem.cause


def test_columns_of_any_name_can_be_chosen(write: Write) -> None:
    rows = [{"said": f"Ask {i}", "reply": f"Say {i}", "n": i} for i in range(10)]
    path = lines(write, "a.jsonl", rows)
    with pytest.raises(WorkbenchError) as caught:
        read(path)
    assert caught.value.problem.field == "data.text" and "said" in caught.value.problem.cause
    found = read(path, text="said", label="reply", validation=0)
    assert found.train[0][1]["content"] == "Say 0"
    with pytest.raises(WorkbenchError) as caught:
        read(path, text="said", label="nothing")
    assert caught.value.problem.field == "data.label"


def test_a_held_out_file_of_its_own_is_read_the_same_way(write: Write) -> None:
    train = lines(write, "a.jsonl", [SHAPES["messages"](i) for i in range(6)])
    other = lines(write, "b.jsonl", [SHAPES["messages"](i) for i in range(6, 9)])
    found = read(train, validation=str(other))
    assert (len(found.train), len(found.validation)) == (6, 3)
    assert len(found.fingerprints) == 2


def test_real_questions_are_divided_without_a_loss(real: Real) -> None:
    found = read(real("gsm8k/test.jsonl"), validation=0.1)
    assert len(found.train) + len(found.validation) == 1319
    assert all("####" in turns[-1]["content"] for turns in found.train)
