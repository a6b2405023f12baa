"""Rows to measure a language model with: conversations whose last answer is expected, and questions with choices."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.data.chat import ChatShape, Message
from workbench.data.conversations import Conversation, conversations, shape_of
from workbench.data.frame import frame_of
from workbench.data.header import name_words
from workbench.data.pipeline import mended
from workbench.data.step import Context
from workbench.data.suggest import counted
from workbench.data.tables import Table
from workbench.data.training_rows import Resolve, opened
from workbench.run.problem import bad_input
from workbench.run.recipe import DataSection

_QUESTION = ("question", "query", "problem", "prompt", "sentence", "ctx", "context", "goal", "stem")
_CHOICES = ("choices", "options", "endings", "candidates", "alternatives", "mc1_targets")
_RIGHT = (
    "answer",
    "answer_key",
    "answerkey",
    "label",
    "gold",
    "target",
    "correct",
    "correct_answer",
    "answer_idx",
)
_LETTERS = "ABCDEFGHIJ"
#: Rows that are looked at to tell what a table holds.
_SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Exercise:
    """One row: a conversation that ends with the expected answer, and where there are choices, these and the right
    one's place among them."""

    conversation: Conversation
    choices: tuple[str, ...] = ()
    right: int = -1

    @property
    def question(self) -> str:
        """The last question."""
        turns = [turn["content"] for turn in self.conversation if turn["role"] == "user"]
        return turns[-1] if turns else ""

    @property
    def expected(self) -> str:
        """The expected answer."""
        return self.conversation[-1]["content"]


@dataclass(frozen=True, slots=True)
class _ChoiceShape:
    question: str
    choices: tuple[str, ...]
    right: str


def exercises(
    data: DataSection, context: Context, resolve: Resolve
) -> tuple[tuple[Exercise, ...], tuple[str, ...]]:
    """All rows of `data.train`, undivided, and what there is to say of them.

    Named columns are the question and the answer: `data.text` and `data.label`.

    Raises:
        WorkbenchError: When the file cannot be read, or holds neither conversations nor questions with choices.
    """
    table = opened(data, data.train, "data.train", context, resolve)
    shape = None if data.text and data.label else _choice_shape(table)
    if shape is not None:
        found, notes = _with_choices(table, shape, context.check)
        return found, (*table.notes, *notes)
    frame = (
        mended(table, data, context, "", "").frame if data.steps or data.patch else frame_of(table, "", "")
    )
    told: ChatShape = shape_of(table, data)
    chats, more = conversations(frame, told, "validation", table)
    return tuple(Exercise(chat) for chat in chats), (told.reason, *table.notes, *more)


def _choice_shape(table: Table) -> _ChoiceShape | None:
    """The columns of questions, choices and right answers; None where there are no choices."""
    by_word = {"_".join(name_words(name)): name for name in reversed(table.columns)}
    question = next((by_word[name] for name in _QUESTION if name in by_word), "")
    right = next((by_word[name] for name in _RIGHT if name in by_word), "")
    if not question or not right:
        return None
    for name in _CHOICES:
        # Choices with letters of their own come as two lists, laid out as “choices.text” and “choices.label”.
        for column in (by_word.get(name), by_word.get(f"{name}_text"), by_word.get(f"{name}_choices")):
            if column and any(_listed(value) for value in table.sample(column, _SAMPLE)):
                return _ChoiceShape(question, (column,), right)
    letters = [by_word[letter.lower()] for letter in _LETTERS if letter.lower() in by_word]
    numbered = [by_word[name] for name in by_word if name.startswith(("choice_", "option_", "ending_"))]
    several = letters if len(letters) > 1 else sorted(numbered)
    return _ChoiceShape(question, tuple(several), right) if len(several) > 1 else None


def _with_choices(
    table: Table, shape: _ChoiceShape, check: Callable[[], object]
) -> tuple[tuple[Exercise, ...], list[str]]:
    names = list(dict.fromkeys((shape.question, shape.right, *shape.choices)))
    columns = {name: table.column(name) for name in names}
    found: list[Exercise] = []
    wrong: list[int] = []
    zero = _counted_from_0(columns[shape.right])
    for row in range(table.rows):
        if row % 1000 == 0:
            check()
        question = (columns[shape.question][row] or "").strip()
        choices = _choices_of([columns[name][row] for name in shape.choices])
        right = _place(columns[shape.right][row], choices, zero)
        if not question or len(choices) < 2 or right is None:
            wrong.append(row + 1)
            continue
        turns: list[Message] = [{"role": "user", "content": question}]
        turns.append({"role": "assistant", "content": choices[right]})
        found.append(Exercise(tuple(turns), choices, right))
    if not found:
        raise bad_input(
            f"No row of {table.path.name} has a question with choices and a right one.",
            f"“{shape.right}” should say which it is: its text, its letter (A, B, …) or its number.",
            "Correct the rows, or name the columns of the questions and the answers.",
            field="data.train",
        )
    notes = [
        f"Questions are read from “{shape.question}”, with {len(found[0].choices)} choices in the first row."
    ]
    if wrong:
        notes.append(
            f"{counted(len(wrong), 'row')} without a question, choices and a right one set aside, the first is row "
            f"{wrong[0]}."
        )
    return tuple(found), notes


def _listed(value: str | None) -> list[Any] | None:
    """A cell that holds a list of at least two texts."""
    if not value or not value.lstrip().startswith("["):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and len(found) > 1 else None


def _choices_of(cells: Sequence[str | None]) -> tuple[str, ...]:
    if len(cells) == 1:
        found = _listed(cells[0]) or []
        texts = [str(one.get("text", "")) if isinstance(one, Mapping) else str(one) for one in found]
    else:
        texts = [cell or "" for cell in cells]
        while texts and not texts[-1].strip():  # rows may have fewer choices than others
            texts.pop()
    return tuple(text.strip() for text in texts) if all(text.strip() for text in texts) else ()


def _counted_from_0(values: Sequence[str | None]) -> bool:
    """Whether right choices that are numbers are counted from 0; where no row says 0, from 1."""
    numbers = {value.strip() for value in values if value and value.strip().isdecimal()}
    return "0" in numbers or not numbers


def _place(value: str | None, choices: Sequence[str], zero: bool) -> int | None:
    """Which of the choices a cell means: by its text, its letter or its number."""
    said = (value or "").strip()
    same = [place for place, choice in enumerate(choices) if choice == said]
    if said and same:
        return same[0]
    if len(said) == 1 and said.upper() in _LETTERS:
        place = _LETTERS.index(said.upper())
    elif said.isdecimal():
        place = int(said) - (0 if zero else 1)
    else:
        return None
    return place if 0 <= place < len(choices) else None
