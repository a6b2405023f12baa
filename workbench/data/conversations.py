"""The conversations of each side as a recipe asks for them: opened, mended, divided, and read turn by turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.data.chat import ChatShape, Message, chat_shape, read_chat
from workbench.data.frame import Frame
from workbench.data.pipeline import text_role
from workbench.data.row_sides import row_sides
from workbench.data.step import Context
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table, no_such_column
from workbench.data.training_rows import Resolve, opened
from workbench.run.problem import bad_input
from workbench.run.recipe import DataSection

#: Rows that are no whole conversation and are told one by one.
_TOLD = 3

Conversation = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class ChatSides:
    """The conversations of each side; `validation` and `test` may be empty.

    Attributes:
        train, validation, test: Conversations that end with an answer.
        notes: Everything that a person should know, in sentences.
        fingerprints: SHA-256 of each file that was read.
    """

    train: tuple[Conversation, ...]
    validation: tuple[Conversation, ...]
    test: tuple[Conversation, ...]
    notes: tuple[str, ...]
    fingerprints: tuple[str, ...]


def chat_sides(data: DataSection, context: Context, resolve: Resolve) -> ChatSides:
    """Read, mend and divide conversations, in any of the shapes that are known.

    Named columns are the question and the answer: `data.text` and `data.label`.

    Args:
        data: What the recipe says of its data.
        context: The seed, and what steps are told.
        resolve: Finds a file.

    Raises:
        WorkbenchError: With what is wrong with the files, the columns, the steps or the split, or when no row of a
            file is a whole conversation.
    """
    table = opened(data, data.train, "data.train", context, resolve)
    rows = row_sides(data, context, resolve, table, text_role(table, data))
    shape = shape_of(rows.table, data)
    notes = [shape.reason, *rows.notes]
    found: dict[str, tuple[Conversation, ...]] = {}
    for name, part in (("train", rows.train), ("validation", rows.validation), ("test", rows.test)):
        found[name], more = conversations(part, shape, name, table)
        notes += more
    return ChatSides(found["train"], found["validation"], found["test"], tuple(notes), rows.fingerprints)


def shape_of(table: Table, data: DataSection) -> ChatShape:
    """How the rows write conversations: as the named columns say, or as their names and values do.

    Raises:
        WorkbenchError: When a named column is not there, or no conversation is recognised.
    """
    for name, field in ((data.text, "data.text"), (data.label, "data.label")):
        if name and name not in table.columns:
            raise no_such_column(table, name, field=field)
    if data.text and data.label:
        return ChatShape(
            "prompt-completion",
            {"prompt": data.text, "completion": data.label},
            f"Questions are read from “{data.text}” and answers from “{data.label}”.",
        )
    found = chat_shape(table)
    if found is None:
        raise bad_input(
            f"No conversations were found in {table.path.name}.",
            f"Its columns ({listed(table.columns)}) are neither lists of turns, nor an instruction with its output, a "
            "prompt with its completion, or a question with its answer.",
            "Choose the column of the questions as Text column and that of the answers as Label column.",
            field="data.text",
        )
    return found


def conversations(
    frame: Frame, shape: ChatShape, side: str, table: Table
) -> tuple[tuple[Conversation, ...], list[str]]:
    """The whole conversations, and what there is to say of the rows that are none.

    Args:
        frame: The rows.
        shape: How they write conversations.
        side: "train", "validation" or "test".
        table: The file that they are from.

    Raises:
        WorkbenchError: When there are rows, and none is a whole conversation.
    """
    names = tuple(shape.columns.values())
    found: list[Conversation] = []
    wrong: list[tuple[int, str]] = []
    for place, row in enumerate(zip(*map(frame.column, names), strict=True)):
        values: Mapping[str, str | None] = dict(zip(names, row, strict=True))
        chat = read_chat(values, shape)
        if chat.complaints:
            wrong.append((int(frame.origin[place]) + 1, chat.complaints[0]))
        else:
            found.append(chat.messages)
    told = " ".join(f"Row {number}: {why}" for number, why in wrong[:_TOLD])
    if wrong and not found:
        raise bad_input(
            f"No row of {table.path.name} is a whole conversation.",
            f"{shape.reason} {told}",
            "Correct the rows, or choose the columns of the questions and the answers.",
            field="data.train" if side == "train" else f"data.{side}",
        )
    if not wrong:
        return tuple(found), []
    were = "is no whole conversation and was" if len(wrong) == 1 else "are no whole conversations and were"
    where = {"train": "Training", "validation": "Held-out", "test": "Test"}[side]
    more = " Others are alike." if len(wrong) > _TOLD else ""
    return tuple(found), [f"{where}: {counted(len(wrong), 'row')} {were} set aside. {told}{more}"]
