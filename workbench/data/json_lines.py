"""Reads records of JSON, such as each line of JSON Lines is one, in portions, and sets aside what does not fit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.data.aside import Aside
from workbench.data.encodings import broken
from workbench.data.nested import Layout, as_json, kind_of, layout_of, spread
from workbench.data.suggest import counted
from workbench.run.problem import bad_input

Record = dict[str, Any]
#: So many rows tell what kind of value a field holds ...
_LEARNED = 1000
#: ... where this share of them agrees.
_AGREED = 0.9
_SHOWN = 8
_STRUCTURES = ("a list", "an object")


@dataclass(slots=True)
class JsonRows:
    """The rows of a file of objects, fed in portions of whole lines.

    Attributes:
        path: The file.
        named_by: The recipe field that named it.
        unit: What the rows' numbers count: "line" or "record".
        damaged: Whether lines may hold characters that are broken.
        aside: The lines that do not hold an object, or one whose values are of another kind than elsewhere.
        names: The fields in the order in which they first appear.
        rows: How many objects there were.
    """

    path: Path
    named_by: str
    damaged: bool = False
    unit: str = "line"
    aside: Aside = field(default_factory=Aside)
    names: list[str] = field(default_factory=list)
    rows: int = 0
    _kinds: dict[str, str] | None = None
    _layout: Layout | None = None
    _usual: set[tuple[object, ...]] = field(default_factory=set)
    _missing: Counter[str] = field(default_factory=Counter)
    _absent: dict[str, list[int]] = field(default_factory=dict)
    _odd: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _odd_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _first: list[int] = field(default_factory=list)

    def feed(self, lines: Iterable[str], begins: int) -> list[Record]:
        """The objects in the lines, of which the first has the number `begins`."""
        return self.take(
            [found for number, line in enumerate(lines, begins) if (found := self._parse(number, line))]
        )

    def take(self, parsed: Sequence[tuple[int, Record, str]]) -> list[Record]:
        """The rows among objects that are read already, each with its number and its text; "" writes it anew."""
        if self._kinds is None and parsed:
            self._learn([record for _, record, _ in parsed[:_LEARNED]])
        kept = []
        for number, raw, line in parsed:
            record = spread(raw, self._layout) if self._layout else raw
            shape = (*record, *map(type, record.values()))
            if shape in self._usual and len(record) == len(self.names):
                self.rows += 1
                kept.append(record)
                continue
            if why := self._misfit(number, {**raw, **record}):
                self.aside.add(number, "with a value of the wrong kind", why, line or as_json(raw) or "")
            else:
                self._note(number, record)
                kept.append(record)
                if not self._is_odd(record):
                    self._usual.add(shape)
        return kept

    def _learn(self, records: list[Record]) -> None:
        """What the first rows tell of the others: the kinds of their values, and the objects to be laid out."""
        self._kinds = _learn(records)
        layout = layout_of(records)
        if layout.fields:
            self._layout = layout
            self._kinds = _learn([spread(record, layout) for record in records]) | self._kinds

    def plain(self) -> dict[str, type]:
        """The fields' kinds, `str` or `int`, where the rows so far are so plain; empty where they are not."""
        for shape in self._usual if self._layout is None else ():
            names, kinds = shape[: len(shape) // 2], shape[len(shape) // 2 :]
            if set(names) == set(self.names) and set(kinds) <= {str, int}:
                found = {str(name): kind for name, kind in zip(names, kinds, strict=True)}
                return {name: str if found[name] is str else int for name in self.names}
        return {}

    def notes(self) -> list[str]:
        """What was set aside or taken as missing."""
        said = []
        for name in self.names:
            if absent := self._missing[name]:
                where = _places(self._absent[name], absent, self.unit)
                said.append(f"{counted(absent, 'row')} without “{name}” ({where}): taken as missing.")
        for (name, kind), lines in self._odd.items():
            count = self._odd_counts[name, kind]
            said.append(
                f"“{name}” is {kind} in {counted(count, 'row')} ({_places(lines, count, self.unit)}): taken as text."
            )
        return [*said, *self.aside.notes(self.unit)]

    def require_rows(self) -> None:
        """Refuse a file that is not JSON Lines.

        Raises:
            WorkbenchError: Naming the first line that is no object, or saying that there is no value at all.
        """
        if self.aside.too_many(self.rows):
            first = self.aside.rows[0]
            raise bad_input(
                f"{self.path.name} is not JSON Lines.",
                f"Line {first.row} {first.why}.",
                'Write one object a line, such as {"text": "…", "label": "…"}.',
                field=self.named_by,
            )
        if not self.names:
            raise bad_input(
                f"The file {self.path.name} holds no rows.",
                "It holds no JSON object with a value in it.",
                'Write one object a line, such as {"text": "…", "label": "…"}.',
                field=self.named_by,
            )

    def _parse(self, number: int, line: str) -> tuple[int, Record, str] | None:
        if not line.strip():
            return None
        if self.damaged and (why := broken(line)):
            self.aside.add(number, "with broken characters", f"cannot be taken: {why}", line)
            return None
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            why = f"is not JSON: {error.msg} at character {error.colno}"
        except (RecursionError, ValueError):  # a number of more digits than Python converts
            why = "is not JSON: it is too deep or too long"
        else:
            if isinstance(value, dict):
                return number, value, line
            why = f"is {kind_of(value)}, not an object in braces"
        self.aside.add(number, "that could not be read", why, line)
        return None

    def _misfit(self, number: int, record: Record) -> str:
        """What is of so different a kind that the row cannot be taken; empty where all is well."""
        kinds = self._kinds or {}
        for name, value in record.items():
            usual = kinds.get(name)
            if usual is None or value is None:
                continue
            kind = kind_of(value)
            if kind != usual and (kind in _STRUCTURES or usual in _STRUCTURES):
                return f"has {kind} in “{name}”, where other rows have {usual}"
            if kind != usual:
                lines = self._odd.setdefault((name, kind), [])
                self._odd_counts[name, kind] += 1
                if len(lines) < _SHOWN:
                    lines.append(number)
        return ""

    def _is_odd(self, record: Record) -> bool:
        kinds = self._kinds or {}
        return any(
            value is not None and kinds.get(name, kind_of(value)) != kind_of(value)
            for name, value in record.items()
        )

    def _note(self, number: int, record: Record) -> None:
        for name in record:
            if name not in self._absent:
                self.names.append(name)
                self._absent[name] = list(self._first)
                self._missing[name] = self.rows
        for name in self.names:
            if name not in record:
                self._missing[name] += 1
                if len(self._absent[name]) < _SHOWN:
                    self._absent[name].append(number)
        self.rows += 1
        if len(self._first) < _SHOWN:
            self._first.append(number)


def _learn(records: list[Record]) -> dict[str, str]:
    """The kind of value that each field holds, where nearly all of the rows agree."""
    kinds: dict[str, Counter[str]] = {}
    for record in records:
        for name, value in record.items():
            if value is not None:
                kinds.setdefault(name, Counter())[kind_of(value)] += 1
    usual = {name: counts.most_common(1)[0] for name, counts in kinds.items()}
    return {name: kind for name, (kind, n) in usual.items() if n >= _AGREED * kinds[name].total() and n > 9}


def _places(lines: list[int], count: int, unit: str) -> str:
    shown = ", ".join(map(str, lines))
    more = f" and {count - len(lines)} more" if count > len(lines) else ""
    return f"{unit if count == 1 else unit + 's'} {shown}{more}"
