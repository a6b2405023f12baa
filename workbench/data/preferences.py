"""Pairs of answers of which one was chosen, as a recipe asks for them: opened, mended, divided, and read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from workbench.data.chat import Chat, ChatShape, Message, Row, chat_shape, read_chat
from workbench.data.frame import Frame
from workbench.data.row_sides import row_sides
from workbench.data.step import Context
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table
from workbench.data.training_rows import Resolve, opened
from workbench.run.problem import bad_input
from workbench.run.recipe import DataSection


class Pair(NamedTuple):
    """A conversation up to the answer, and two answers to it; some files have no conversation, and two texts alone."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class PreferenceSides:
    """The pairs of each side; `test` may be empty. `fingerprints` are those of the files."""

    train: tuple[Pair, ...]
    validation: tuple[Pair, ...]
    test: tuple[Pair, ...]
    notes: tuple[str, ...]
    fingerprints: tuple[str, ...]


def preference_sides(data: DataSection, context: Context, resolve: Resolve) -> PreferenceSides:
    """Read, mend and divide pairs. Columns are known by their names: prompt, chosen, rejected, system.

    Args:
        data: What the recipe says of its data.
        context: The seed, and what steps are told.
        resolve: Finds a file.

    Raises:
        WorkbenchError: With what is wrong with the files, the columns, the steps or the split; or when no row to
            learn from, or none that is held out, is a pair.
    """
    table = opened(data, data.train, "data.train", context, resolve)
    found = row_sides(data, context, resolve, table)
    shape = pair_shape(found.table)
    notes = [shape.reason, *found.notes]
    sides = []
    for frame, name in ((found.train, "train"), (found.validation, "validation"), (found.test, "test")):
        pairs, wrong = _pairs(frame, shape)
        sides.append(pairs)
        notes += wrong
        if not pairs and name != "test":
            side = "to learn from" if name == "train" else "to be held out"
            raise bad_input(
                f"No pairs of answers are left {side}.",
                wrong[0] if wrong else f"No rows are left {side}.",
                "Each row needs a prompt, a chosen answer and another one that was rejected.",
                field=f"data.{name}",
            )
    return PreferenceSides(sides[0], sides[1], sides[2], tuple(notes), found.fingerprints)


def pair_shape(table: Table) -> ChatShape:
    """How the rows write pairs of answers.

    Raises:
        WorkbenchError: When they write none.
    """
    shape = chat_shape(table)
    if shape is None or shape.name != "preference":
        raise bad_input(
            f"No pairs of answers were found in {table.path.name}.",
            f"They need the columns “chosen” and “rejected”; this file has {listed(table.columns)}.",
            "Rename its columns with a step, or choose another task.",
            field="data.train",
        )
    return shape


def _pairs(frame: Frame, shape: ChatShape) -> tuple[tuple[Pair, ...], list[str]]:
    """The rows of one side as pairs, and a note on those that are none and were set aside."""
    names = tuple(shape.columns.values())
    found: list[Pair] = []
    wrong: list[str] = []
    columns = zip(*map(frame.column, names), strict=True)
    for number, values in zip(frame.origin.tolist(), columns, strict=True):
        pair = read_pair(dict(zip(names, values, strict=True)), shape)
        if isinstance(pair, Pair):
            found.append(pair)
        else:
            wrong.append(f"Row {number + 1}: {pair}")
    if not wrong:
        return tuple(found), []
    was = "was" if len(wrong) == 1 else "were"
    return tuple(found), [f"{counted(len(wrong), 'row')} {was} set aside. {wrong[0]}"]


def read_pair(row: Row, shape: ChatShape) -> Pair | str:
    """A row as a pair, or why it is none, in a sentence."""
    chosen, rejected = read_chat(row, shape), read_chat(row, shape, "rejected")
    for chat, column in ((chosen, "chosen"), (rejected, "rejected")):
        if not _alone(chat, shape) and chat.complaints:
            return f"With “{shape.columns[column]}”: {chat.complaints[0]}"
    prompt, other = chosen.messages[:-1], rejected.messages[:-1]
    if prompt != other:
        return "The two answers belong to different conversations."
    better, worse = chosen.messages[-1]["content"], rejected.messages[-1]["content"]
    return "The two answers are the same." if better == worse else Pair(prompt, better, worse)


def _alone(chat: Chat, shape: ChatShape) -> bool:
    """Whether it is a text that needs no prompt, since the file has none."""
    return (
        "prompt" not in shape.columns
        and len(chat.messages) == 1
        and bool(chat.messages[0]["content"].strip())
    )
