"""What a person thinks of answers, kept in the home as data sets: conversations to learn, and pairs to prefer by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workbench.run.files import write_whole
from workbench.run.home import Home
from workbench.run.problem import bad_input

#: Turns as (role, text) pairs.
Turns = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rating:
    """What a person thinks of one answer.

    Attributes:
        key: Which answer this is: a later rating with the same key takes the place of this one.
        model: Which model wrote it, in words.
        turns: The conversation up to the answer.
        answer: What the model wrote.
        liked: Thumbs up or down; None for neither.
        better: What it should have written; "" where nobody said.
        settings: The settings of generation.
    """

    key: str
    model: str
    turns: Turns
    answer: str
    liked: bool | None = None
    better: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is kept: the files, and how many rows each has."""

    folder: Path
    ratings: int
    chats: int
    pairs: int

    @property
    def chat_file(self) -> Path:
        """Conversations whose answers are good: {"messages": [...]} a line."""
        return self.folder / "good-answers.jsonl"

    @property
    def pair_file(self) -> Path:
        """Pairs of answers: {"prompt": [...], "chosen": [...], "rejected": [...]} a line."""
        return self.folder / "preferences.jsonl"


def feedback_folder(home: Home) -> Path:
    """Where it is kept."""
    return home.root / "feedback"


def kept_feedback(home: Home) -> Feedback:
    """What is kept so far.

    Raises:
        WorkbenchError: When the file of ratings is damaged.
    """
    return _counted(home, _read(home))


def keep(home: Home, rating: Rating) -> Feedback:
    """Keep a rating, in the place of an earlier one of the same answer; one that says nothing is taken out.

    Raises:
        WorkbenchError: When the files cannot be read or written.
    """
    ratings = [other for other in _read(home) if other.key != rating.key]
    if rating.liked is not None or rating.better:
        ratings.append(rating)
    folder = home.make(feedback_folder(home))
    found = _counted(home, ratings)
    try:
        for path, rows in (
            (_ratings_file(folder), [asdict(one) for one in ratings]),
            (found.chat_file, good_chats(ratings)),
            (found.pair_file, pairs(ratings)),
        ):
            write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    except OSError as error:
        raise bad_input(
            f"The feedback cannot be written into {folder}.",
            f"The system says: {error.strerror or error}.",
            "Make room on the disk, or choose another home.",
        ) from error
    return found


def good_chats(ratings: Sequence[Rating]) -> list[dict[str, Any]]:
    """The conversations to learn: with the better answer where there is one, else with a liked one."""
    return [
        {"messages": [*_messages(one.turns), *_messages((("assistant", one.better or one.answer),))]}
        for one in ratings
        if one.better or one.liked
    ]


def pairs(ratings: Sequence[Rating]) -> list[dict[str, Any]]:
    """What is better than what: a person's answer than the model's, and of two answers to the same the liked one."""
    found: dict[tuple[Turns, str, str], None] = {}
    for one in ratings:
        if one.better:
            found[one.turns, one.better, one.answer] = None
        for other in ratings:
            if one.liked and other.liked is False and one.turns == other.turns and one.answer != other.answer:
                found[one.turns, one.better or one.answer, other.answer] = None
    return [
        {
            "prompt": _messages(turns),
            "chosen": _messages((("assistant", chosen),)),
            "rejected": _messages((("assistant", rejected),)),
        }
        for turns, chosen, rejected in found
    ]


def _messages(turns: Turns) -> list[dict[str, str]]:
    return [{"role": role, "content": text} for role, text in turns]


def _counted(home: Home, ratings: Sequence[Rating]) -> Feedback:
    return Feedback(feedback_folder(home), len(ratings), len(good_chats(ratings)), len(pairs(ratings)))


def _ratings_file(folder: Path) -> Path:
    return folder / "ratings.jsonl"


def _read(home: Home) -> list[Rating]:
    path = _ratings_file(feedback_folder(home))
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="utf-8").split(
            "\n"
        )  # a text may hold what `splitlines` takes for an end
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(f"The feedback in {path} cannot be read.", f"The system says: {error}.") from error
    return [_rating(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _rating(path: Path, number: int, line: str) -> Rating:
    try:
        row = json.loads(line)
        turns = tuple((str(role), str(text)) for role, text in row.pop("turns"))
        return Rating(turns=turns, **row)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise bad_input(
            f"Line {number} of {path} is no rating.",
            f"It was changed or damaged: {error}.",
            "Correct the line, or delete it.",
        ) from error
