"""Recognises conversations in a table, whichever way they are written, and reads each as messages with roles."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from workbench.data.header import name_words
from workbench.data.nested import kind_of
from workbench.data.suggest import listed
from workbench.data.tables import Table
from workbench.run.problem import bad_input

Row = Mapping[str, str | None]
ShapeName = Literal["messages", "sharegpt", "alpaca", "prompt-completion", "question-answer", "preference"]

#: How the many tools name the one who speaks.
ROLES = {
    "system": "system", "developer": "system",
    "user": "user", "human": "user", "prompter": "user", "customer": "user", "question": "user",
    "assistant": "assistant", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant",
    "bing": "assistant", "bard": "assistant", "ai": "assistant", "function_call": "assistant", "agent": "assistant",
    "tool": "tool", "function": "tool", "observation": "tool", "function_response": "tool", "ipython": "tool",
}  # fmt: skip
_WRITERS = ("role", "from", "speaker", "author")
_CONTENTS = ("content", "value", "text", "message")
_INSTRUCTION, _INPUT = ("instruction",), ("input", "context")
_OUTPUT = ("output", "response", "completion", "answer")
_PROMPT, _COMPLETION = ("prompt",), ("completion", "response", "output", "generation")
_QUESTION, _ANSWER = ("question", "query", "problem"), ("answer", "response", "solution")
_SPOKEN = re.compile(r"(?:\A|\n\n)(Human|Assistant): ?")
_SAMPLE = 200


class Message(TypedDict):
    """One turn: "system", "user", "assistant" or "tool", and what was said."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ChatShape:
    """How a table's rows write conversations.

    Attributes:
        name: "messages" (role and content), "sharegpt" (from and value), "alpaca" (instruction, input, output),
            "prompt-completion", "question-answer", or "preference" (a chosen and a rejected answer).
        columns: The columns by the part that they play: "messages", "prompt", "input", "completion", "system",
            "chosen", "rejected".
        reason: Why this shape was taken, in a sentence.
    """

    name: ShapeName
    columns: Mapping[str, str]
    reason: str


@dataclass(frozen=True, slots=True)
class Chat:
    """A row as a conversation, and what is wrong with it, one sentence each; empty where nothing is."""

    messages: tuple[Message, ...]
    complaints: tuple[str, ...] = ()


def chat_shape(table: Table) -> ChatShape | None:
    """How the rows write conversations; None where they write none."""
    by_word = {"_".join(name_words(name)): name for name in reversed(table.columns)}
    chosen, rejected = by_word.get("chosen"), by_word.get("rejected")
    if chosen and rejected:
        columns = {
            "chosen": chosen,
            "rejected": rejected,
            **_part(by_word, "prompt", (*_PROMPT, *_QUESTION, "input")),
        }
        columns |= _part(by_word, "system", ("system", "system_prompt"))
        return _shape("preference", columns, "each row has a chosen and a rejected answer")
    for name in table.columns:
        if turns := _turns_in(table, name):
            return _of_turns(name, turns)
    system = _part(by_word, "system", ("system", "system_prompt"))
    for shape, prompt, completion, why in (
        ("alpaca", _INSTRUCTION, _OUTPUT, "each row has an instruction and what to answer"),
        ("prompt-completion", _PROMPT, _COMPLETION, "each row has a prompt and how it goes on"),
        ("question-answer", _QUESTION, _ANSWER, "each row has a question and its answer"),
    ):
        columns = {**_part(by_word, "prompt", prompt), **_part(by_word, "completion", completion)}
        if len(columns) == 2:
            extra = _part(by_word, "input", _INPUT) if shape == "alpaca" else {}
            return _shape(shape, {**columns, **extra, **system}, why)  # type: ignore[arg-type]
    return None


def _shape(name: ShapeName, columns: dict[str, str], why: str) -> ChatShape:
    shown = listed([f"“{column}”" for column in columns.values()])
    return ChatShape(name, columns, f"The columns {shown} hold a conversation: {why}.")


def _of_turns(name: str, turns: Mapping[str, Any]) -> ChatShape:
    writer, content = _keys(turns)
    shape: ShapeName = "sharegpt" if writer == "from" else "messages"
    return ChatShape(
        shape,
        {"messages": name},
        f"“{name}” holds conversations: lists of turns with “{writer}” and “{content}”.",
    )


def _part(by_word: Mapping[str, str], part: str, names: Sequence[str]) -> dict[str, str]:
    found = next((by_word[name] for name in names if name in by_word), None)
    return {part: found} if found else {}


def _turns_in(table: Table, name: str) -> Mapping[str, Any] | None:
    """A turn of the column's conversations; None where most of its values are none."""
    found, filled = None, 0
    good = 0
    for value in table.sample(name, _SAMPLE):
        if not value:
            continue
        filled += 1
        turns = _parsed(value)
        if turns and all(isinstance(turn, dict) and all(_keys(turn)) for turn in turns):
            good += 1
            found = turns[0]
    return found if good * 2 > filled else None


def _parsed(value: str) -> list[Any] | None:
    if not value.lstrip().startswith("["):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _keys(turn: Mapping[str, Any]) -> tuple[str, str]:
    """The names under which a turn keeps who speaks and what is said; empty where it does not."""
    return next((k for k in _WRITERS if k in turn), ""), next((k for k in _CONTENTS if k in turn), "")


def messages(row: Row, shape: ChatShape, number: int = 1) -> list[Message]:
    """A row's conversation; of a preference, the one with the chosen answer.

    Args:
        row: The row's values by column.
        shape: How the table writes conversations.
        number: The row's number, from 1, for a problem's words.

    Raises:
        WorkbenchError: When it is no conversation that a model can learn from, naming the row and the turn.
    """
    chat = read_chat(row, shape)
    if chat.complaints:
        raise bad_input(
            f"Row {number} is no whole conversation.",
            " ".join(chat.complaints),
            "Correct the row, or leave it out.",
            field="data.train",
        )
    return list(chat.messages)


def read_chat(row: Row, shape: ChatShape, answer: Literal["chosen", "rejected"] = "chosen") -> Chat:
    """A row's conversation and what is wrong with it.

    Args:
        row: The row's values by column.
        shape: How the table writes conversations.
        answer: Of a preference, which of its two answers ends the conversation.
    """
    if shape.name in ("messages", "sharegpt"):
        return _checked(*_list_of_turns(row.get(shape.columns["messages"]), shape.columns["messages"]))
    if shape.name == "preference":
        return _checked(*_preference(row, shape.columns, answer))
    said = {part: (row.get(column) or "").strip() for part, column in shape.columns.items()}
    prompt = "\n\n".join(text for text in (said["prompt"], said.get("input", "")) if text)
    turns: list[Message] = [{"role": "user", "content": prompt}]
    turns.append({"role": "assistant", "content": row.get(shape.columns["completion"]) or ""})
    return _checked([*_system(said), *turns], [])


def _system(said: Mapping[str, str]) -> list[Message]:
    return [{"role": "system", "content": said["system"]}] if said.get("system") else []


def _preference(row: Row, columns: Mapping[str, str], answer: str) -> tuple[list[Message], list[str]]:
    said = {part: (row.get(column) or "") for part, column in columns.items()}
    start, wrong = _spoken(said["prompt"], "user", columns["prompt"]) if said.get("prompt") else ([], [])
    end, more = _spoken(said[answer], "assistant", columns[answer])
    # Some data sets give the whole conversation with each answer, others the last turn alone.
    whole = start and end[: len(start)] == start
    both = end if whole or (end and end[0]["role"] != "assistant") else [*start, *end]
    return [*_system(said), *both], [*wrong, *more]


def _spoken(value: str, role: str, column: str) -> tuple[list[Message], list[str]]:
    """The turns in a value that is a list of them, a text with "Human:" and "Assistant:", or one turn."""
    if _parsed(value) is not None:
        return _list_of_turns(value, column)
    parts = _SPOKEN.split(value)
    if len(parts) > 2 and not parts[0].strip():
        speakers = zip(parts[1::2], parts[2::2], strict=True)
        return [{"role": ROLES[who.lower()], "content": text.strip()} for who, text in speakers], []
    return [{"role": role, "content": value}], []


def _list_of_turns(value: str | None, column: str) -> tuple[list[Message], list[str]]:
    if not (value or "").strip():
        return [], [f"“{column}” is empty."]
    turns = _parsed(value or "")
    if turns is None:
        return [], [f"“{column}” is no list of turns."]
    found: list[Message] = []
    wrong = []
    for number, turn in enumerate(turns, 1):
        if not isinstance(turn, dict):
            wrong.append(f"Turn {number} is {kind_of(turn)}, not an object with a role and a content.")
            continue
        writer, content = _keys(turn)
        said = str(turn.get(writer, "")).strip()
        role = ROLES.get(said.lower().replace(" ", "_"), "")
        if not writer or not role:
            known = "system, user, assistant and tool"
            wrong.append(f"Turn {number} has the unknown role “{said}”; {known} are known." if writer else
                         f"Turn {number} does not say who speaks.")  # fmt: skip
            continue
        text, why = _content(turn.get(content)) if content else ("", "has no content")
        calls = turn.get("tool_calls") or turn.get("function_call")
        if why and not calls:
            wrong.append(f"Turn {number} ({role}) {why}.")
        if calls:
            text = "\n".join(part for part in (text, json.dumps(calls, ensure_ascii=False)) if part)
        found.append({"role": role, "content": text})
    return found, wrong


def _content(value: object) -> tuple[str, str]:
    """The text of a turn's content, and what is wrong with it; parts of text are put together."""
    if isinstance(value, str):
        return value, ""
    if isinstance(value, list):
        texts = [
            part.get("text")
            for part in value
            if isinstance(part, dict) and part.get("type", "text") == "text"
        ]
        if len(texts) == len(value) and all(isinstance(text, str) for text in texts):
            return "\n".join(map(str, texts)), ""
        return "", "holds something else than text"
    return "", "has no content" if value is None else f"has {kind_of(value)} for its content"


def _checked(turns: Sequence[Message], wrong: Sequence[str]) -> Chat:
    """The conversation with complaints of its order, where the turns themselves can be read."""
    return Chat(tuple(turns), tuple(wrong or _order(turns)))


def _order(turns: Sequence[Message]) -> list[str]:
    if not turns:
        return ["It has no turns."]
    wrong = []
    before = ""
    for number, turn in enumerate(turns, 1):
        role = turn["role"]
        if role == "system" and number > 1:
            wrong.append(f"Turn {number} is the system's, which comes first or not at all.")
        elif role == before and role in ("user", "assistant"):
            wrong.append(f"Turns {number - 1} and {number} are both the {role}'s.")
        elif role == "assistant" and before in ("", "system"):
            wrong.append(f"Turn {number} is the assistant's, and nobody has asked anything.")
        elif role == "tool" and before not in ("assistant", "tool"):
            wrong.append(f"Turn {number} is a tool's, and no assistant called it.")
        if not turn["content"].strip() and role != "tool":
            wrong.append(f"Turn {number} ({role}) is empty.")
        before = role
    if before != "assistant":
        wrong.append(f"It ends with the {before}, so that there is no answer to learn.")
    return wrong
