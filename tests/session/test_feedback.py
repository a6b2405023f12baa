"""Ratings of answers become conversations and pairs that the tasks read."""

from __future__ import annotations

import json

import pytest

from workbench.data.chat import chat_shape, read_chat
from workbench.data.tables import Table, open_table
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.session.feedback import Rating, feedback_folder, keep, kept_feedback

ASKED = (("system", "Be brief."), ("user", "Hello?"))


def test_good_answers_are_conversations_and_pairs_have_a_better_and_a_worse_one(home: Home) -> None:
    assert kept_feedback(home).ratings == 0
    keep(home, Rating("a", "m", ASKED, "Hi.", liked=True))
    keep(home, Rating("b", "m", ASKED, "Go away.", liked=False))
    found = keep(home, Rating("c", "m", (("user", "2 + 2?"),), "5 \u2028 maybe", better="[4]"))
    assert (found.ratings, found.chats, found.pairs) == (3, 2, 2) == _of(home)
    chats, pairs = open_table(found.chat_file), open_table(found.pair_file)
    shape = chat_shape(chats)
    assert shape is not None and shape.name == "messages"
    said = [read_chat(row, shape) for row in _rows(chats)]
    assert not any(chat.complaints for chat in said)
    assert [turn["content"] for turn in said[0].messages] == ["Be brief.", "Hello?", "Hi."]
    assert said[1].messages[-1] == {"role": "assistant", "content": "[4]"}
    shape = chat_shape(pairs)
    assert shape is not None and shape.name == "preference"
    rows = _rows(pairs)
    ends = [[read_chat(row, shape, which) for which in ("chosen", "rejected")] for row in rows]
    assert not any(chat.complaints for pair in ends for chat in pair)
    assert {tuple(chat.messages[-1]["content"] for chat in pair) for pair in ends} == {
        ("Hi.", "Go away."),
        ("[4]", "5 \u2028 maybe"),
    }
    assert ends[0][0].messages[:-1] == ends[0][1].messages[:-1]


def _rows(table: Table) -> list[dict[str, str | None]]:
    return [dict(zip(table.columns, table.row(i), strict=True)) for i in range(table.rows)]


def _of(home: Home) -> tuple[int, int, int]:
    found = kept_feedback(home)
    return found.ratings, found.chats, found.pairs


def test_a_later_rating_takes_the_place_of_an_earlier_one(home: Home) -> None:
    keep(home, Rating("a", "m", ASKED, "Hi.", liked=True))
    assert keep(home, Rating("a", "m", ASKED, "Hi.", liked=False)).chats == 0
    assert keep(home, Rating("a", "m", ASKED, "Hi.")).ratings == 0


def test_a_damaged_file_is_named_with_its_line_and_not_overwritten(home: Home) -> None:
    keep(home, Rating("a", "m", ASKED, "Hi.", liked=True))
    path = feedback_folder(home) / "ratings.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + json.dumps({"key": "b"}) + "\n", encoding="utf-8")
    with pytest.raises(WorkbenchError, match=r"Line 2 of .*ratings\.jsonl"):
        keep(home, Rating("c", "m", ASKED, "Hi.", liked=True))
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
