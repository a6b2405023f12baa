"""Walks through a JSON text without making objects of all of it at once, and finds the lists that it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.data.suggest import counted
from workbench.run.problem import WorkbenchError, bad_input

_BLANK = re.compile(r"[ \t\r\n]*")
_PORTION = 1000
_REASONS = {
    "Expecting value": "a value is missing here",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing here",
    "Expecting ':' delimiter": "a colon is missing here",
    "Expecting property name enclosed in double quotes": "the name of a field, in double quotes, is missing here",
    "Illegal trailing comma before end of object": "a comma stands before a closing bracket",
    "Illegal trailing comma before end of array": "a comma stands before a closing bracket",
    "Unterminated string starting at": "the text that begins here is never closed",
    "Invalid control character at": "a control character stands inside a text here",
    "Invalid \\escape": "a backslash is followed by a character that it cannot stand before",
    "Invalid \\uXXXX escape": "\\u is not followed by four hexadecimal digits",
    "Extra data": "something follows after the end",
}


@dataclass(slots=True)
class Tree:
    """What a JSON text holds: its lists by their path, and how many values stand side by side in it."""

    lists: dict[str, list[Any]] = field(default_factory=dict)
    values: int = 0


class JsonWalker:
    """One way through a JSON text, value by value.

    Args:
        text: The text.
        path: The file, for a problem's words.
        problem_field: The recipe field that named it.
        told: Called with the share of the text that is read, from 0 to 1, after each portion of a list's items.
    """

    def __init__(self, text: str, path: Path, problem_field: str, told: Callable[[float], object]) -> None:
        self._text = text
        self._path = path
        self._field = problem_field
        self._told = told
        self._at = 0
        self._whole = 0
        self._decode = json.JSONDecoder(strict=False).raw_decode

    def tree(self) -> Tree:
        """Every list in the text that stands in no other list.

        Raises:
            WorkbenchError: Where the text breaks, naming line and column.
        """
        found = Tree()
        try:
            while self._next():
                self._value((), found)
                found.values += 1
        except json.JSONDecodeError as error:
            raise self._broken(error) from error
        except RecursionError as error:
            raise self._problem("Its values are nested too deeply.") from error
        return found

    def values(self) -> list[Any]:
        """The values that stand side by side; most files have one."""
        self._at = 0
        found = []
        while self._next():
            value, self._at = self._decode(self._text, self._at)
            found.append(value)
        return found

    def first_items(self, most: int) -> list[Any]:
        """The first items of the list that the text is, as far as the text goes."""
        self._next()
        self._at += 1
        found = []
        try:
            for item in self._items():
                found.append(item)
                if len(found) == most:
                    break
        except (json.JSONDecodeError, RecursionError):
            return found[:-1] if self._at >= len(self._text) else found
        return found

    def _next(self) -> str:
        """The next character that is no blank; empty at the end."""
        first = self._text[self._at : self._at + 1]
        if first > " ":  # most often nothing is between
            return first
        match = _BLANK.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._text[self._at : self._at + 1]

    def _value(self, path: tuple[str, ...], found: Tree) -> None:
        first = self._next()
        if first == "[":
            items = found.lists.setdefault(".".join(path), [])
            self._at += 1
            for item in self._items():
                items.append(item)
                self._whole += 1
                if self._whole % _PORTION == 0:
                    self._told(self._at / len(self._text))
        elif first == "{":
            self._at += 1
            for key in self._keys():
                self._value((*path, key), found)
        else:
            _, self._at = self._decode(self._text, self._at)

    def _items(self) -> Iterator[Any]:
        if self._next() == "]":
            self._at += 1
            return
        while True:
            self._next()
            item, self._at = self._decode(self._text, self._at)
            yield item
            if self._ends("]"):
                return

    def _keys(self) -> Iterator[str]:
        if self._next() == "}":
            self._at += 1
            return
        while True:
            if self._next() != '"':
                message = "Expecting property name enclosed in double quotes"
                raise json.JSONDecodeError(message, self._text, self._at)
            key, self._at = self._decode(self._text, self._at)
            if self._next() != ":":
                raise json.JSONDecodeError("Expecting ':' delimiter", self._text, self._at)
            self._at += 1
            yield key
            if self._ends("}"):
                return

    def _ends(self, bracket: str) -> bool:
        """Whether the list or object ends here; else a comma must follow."""
        follows = self._next()
        if follows not in ("", ",", bracket) or not follows:
            raise json.JSONDecodeError("Expecting ',' delimiter", self._text, self._at)
        self._at += 1
        return follows == bracket

    def _broken(self, error: json.JSONDecodeError) -> WorkbenchError:
        why = _REASONS.get(error.msg, error.msg)
        cut = error.pos >= len(self._text.rstrip()) or error.msg.startswith("Unterminated")
        tail = " The file may be cut short." if cut else ""
        before = f" {counted(self._whole, 'record')} before it could be read." if self._whole else ""
        return self._problem(f"It breaks in line {error.lineno}, column {error.colno}: {why}.{before}{tail}")

    def _problem(self, cause: str) -> WorkbenchError:
        return bad_input(
            f"{self._path.name} is not whole JSON.",
            cause,
            "Repair it there, or copy or download the file again.",
            field=self._field,
        )
