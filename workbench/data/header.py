"""Guesses whether a table's first row names its columns, and holds the names that columns usually have."""

from __future__ import annotations

import re
from collections.abc import Sequence

# In order of trust: the first that occurs wins.
TEXT_NAMES = (
    "text", "sentence", "review", "message", "content", "utterance", "tweet", "comment", "body", "headline",
    "note", "question", "query", "title", "document", "description", "abstract", "summary", "post", "prompt",
    "input", "premise", "words", "string",
)  # fmt: skip
LABEL_NAMES = (
    "label", "labels", "class", "category", "intent", "sentiment", "target", "urgency", "topic", "emotion",
    "polarity", "rating", "stars", "score", "tag", "type", "priority", "spam", "gold", "y",
)  # fmt: skip
#: Languages whose short names head the columns of translations.
LANGUAGES = frozenset((
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "ro", "ru", "uk", "cs", "sv", "da", "fi", "tr", "el", "hu", "zh",
    "ja", "ko", "ar", "he", "hi", "vi", "id",
))  # fmt: skip
_OTHER_NAMES = ("id", "idx", "index", "date", "time", "author", "user", "answer", "source", "split", "name")
_KNOWN = frozenset(TEXT_NAMES + LABEL_NAMES + _OTHER_NAMES)
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")
_LONGEST_NAME = 60
_LOOKED_AT = 1000


def name_words(name: str) -> list[str]:
    """The words in a column's name: "reviewText" and "review_text" both give review, text."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[\W_]+", spaced.lower()) if word]


def is_number(value: str) -> bool:
    """Whether the field is written as a plain number."""
    return _NUMBER.fullmatch(value.strip()) is not None


def looks_like_header(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns of the rest.

    A row of names has short fields that are not numbers and do not come up again below. Of those, it is a
    header if one is a usual column name, or all are languages, or if they are distinct and a column below is all
    numbers.
    """
    names = [field.strip() for field in first]
    shown = [field for field in names if field]
    if not shown:
        return False
    if any(len(name) > _LONGEST_NAME or is_number(name) for name in shown):
        return False
    below = [row for row in rest[:_LOOKED_AT] if len(row) == len(names)]
    columns = [[row[i].strip() for row in below] for i in range(len(names))]
    if any(name and name in column for name, column in zip(names, columns, strict=True)):
        return False
    words = [name_words(name) for name in shown]
    if len(words) > 1 and all(len(word) == 1 and word[0] in LANGUAGES for word in words):
        return True
    if max(map(len, words)) <= 4 and any(w and w[-1] in _KNOWN and len(w) <= len(names) for w in words):
        return True
    return len(set(names)) == len(names) and any(column and all(map(is_number, column)) for column in columns)
