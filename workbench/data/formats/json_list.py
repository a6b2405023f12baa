"""JSON: a list of records, at the top or somewhere inside an object, with nested fields by path."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.data.encodings import broken, decode_head
from workbench.data.format import Format, Opening
from workbench.data.json_lines import JsonRows, Record
from workbench.data.json_tree import JsonWalker, Tree
from workbench.data.letting_go import let_go
from workbench.data.nested import as_json, kind_of
from workbench.data.suggest import counted, did_you_mean, listed
from workbench.data.tables import Table, text_table
from workbench.data.text_files import read_decoded
from workbench.run.problem import WorkbenchError, bad_input

_LINES = (".jsonl", ".ndjson")
_OTHERS = (".csv", ".tsv", ".tab", ".txt", ".md", ".text", ".conll")
_PORTION = 2000
_BEGINNING = 1024**2  # bytes that are read for the first rows of a large file
_CONVERSATIONS = frozenset(("messages", "conversations"))


@dataclass(frozen=True, slots=True)
class _Found:
    """The items that are to become rows, where they stand, and what a person should know of the choice."""

    items: list[Any]
    path: str
    notes: tuple[str, ...]


class JsonList(Format):
    """One JSON document that holds a list of records."""

    title = "JSON"
    suffixes = (".json",)
    order = 150

    def claims(self, path: Path, head: bytes) -> bool:
        suffix = path.suffix.lower()
        if not head or suffix in _OTHERS:
            return False
        text = decode_head(head).lstrip()
        if text.startswith("["):
            # A plain text may begin with a bracket as well: "[Scene 1]".
            return suffix in (*self.suffixes, *_LINES) or text[1:].lstrip().startswith("{")
        return suffix == ".json" and text.startswith("{") and not _is_lines(text)

    def read(self, path: Path, opening: Opening) -> Table:
        data, read = read_decoded(path, opening)
        fingerprint = hashlib.sha256(data).hexdigest()
        del data

        def told(share: float) -> None:
            opening.check()
            opening.progress(share)

        found = _find(read.text, path, opening, told)
        damaged, said = read.damaged, [*read.notes, *found.notes]
        del read
        if found.items and all(isinstance(item, str) for item in found.items):
            return text_table(path, {"text": found.items}, said, fingerprint)
        rows = JsonRows(path, opening.field, damaged, "record")
        records = _records(found.items, rows, opening)
        values = {name: [as_json(record.get(name)) for record in records] for name in rows.names}
        let_go(records, found.items)
        table = text_table(path, values, [*said, *rows.notes()], fingerprint, rows.aside.rows)
        let_go(*values.values())
        return table

    def peek(self, path: Path, opening: Opening, rows: int) -> Table:
        if opening.records or path.stat().st_size < opening.large:
            return super().peek(path, opening, rows)
        with path.open("rb") as file:
            text = decode_head(file.read(_BEGINNING))
        if not text.lstrip().startswith("["):
            return super().peek(path, opening, rows)
        items = JsonWalker(text, path, opening.field, lambda _: None).first_items(rows)
        if not items:  # the first record alone is longer than what was read
            return super().peek(path, opening, rows)
        read = JsonRows(path, opening.field, True, "record")
        records = _records(items, read, opening)
        values = {name: [as_json(record.get(name)) for record in records] for name in read.names}
        return text_table(path, values, read.notes(), "", read.aside.rows)


def _is_lines(text: str) -> bool:
    """Whether the first line is an object of its own with another one below it."""
    first, _, rest = text.partition("\n")
    if not rest.lstrip().startswith("{"):
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


def _find(text: str, path: Path, opening: Opening, told: Callable[[float], object]) -> _Found:
    """The list of records: the one that is named, else the longest list of objects."""
    walker = JsonWalker(text, path, opening.field, told)
    tree = walker.tree()
    if opening.records:
        return _named(tree, opening.records, path, opening.field)
    if tree.values > 1:
        return _Found(walker.values(), "", ("The file holds several JSON values one after another.",))
    able = {name: items for name, items in tree.lists.items() if any(isinstance(i, dict) for i in items)}
    lone = len(able) == 1 and not _CONVERSATIONS.isdisjoint(able)
    if lone:  # a single conversation, whose turns are no rows
        return _Found(walker.values(), "", ("The file holds one record.",))
    if able:
        chosen = max(able, key=lambda name: (len(able[name]), -name.count(".")))
        return _Found(able[chosen], chosen, _choice(chosen, able))
    if "" in tree.lists:
        return _Found(tree.lists[""], "", ())
    return _from_object(walker.values()[0], path, opening.field)


def _named(tree: Tree, name: str, path: Path, field: str) -> _Found:
    if name in tree.lists:
        return _Found(tree.lists[name], name, ())
    raise bad_input(
        f"There is no list “{name}” in {path.name}.",
        f"Its lists are {listed([key or 'the whole file' for key in tree.lists], 12)}."
        if tree.lists
        else "It holds no list at all.",
        f"{did_you_mean(name, tree.lists)} Name one of these, or leave it empty.".strip(),
        field=field,
    )


def _choice(chosen: str, able: dict[str, list[Any]]) -> tuple[str, ...]:
    """What was taken for the rows, where that is not plain."""
    if not chosen and len(able) == 1:
        return ()
    others = [f"{name or 'the whole file'} ({len(items)})" for name, items in able.items() if name != chosen]
    more = f" The other lists are {listed(others, 5)}." if others else ""
    return (f"The rows are the records in “{chosen or 'the whole file'}”.{more}",)


def _from_object(value: Any, path: Path, field: str) -> _Found:
    """The rows of an object without a list of records: columns side by side, records by key, or one record."""
    if not isinstance(value, dict) or not value:
        raise _no_rows(path, f"It holds {kind_of(value)} and no list of records.", field)
    columns = list(value.values())
    if all(isinstance(c, list) for c in columns) and len({len(c) for c in columns}) == 1 and columns[0]:
        rows = [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
        return _Found(rows, "", ("The file holds its columns one by one; they were put side by side.",))
    if len(value) > 1 and all(isinstance(c, dict) and c for c in columns):
        if all(c.keys() == columns[0].keys() for c in columns) and all(map(str.isdigit, columns[0])):
            rows = [{name: c[key] for name, c in value.items()} for key in columns[0]]
            return _Found(rows, "", ("The file holds its columns one by one; they were put side by side.",))
        if len(value) > len(columns[0]):
            rows = [{"key": key, **record} for key, record in value.items()]
            return _Found(rows, "", ("The file holds its records by name; the name is in “key”.",))
    return _Found([value], "", ("The file holds one record.",))


def _records(items: list[Any], rows: JsonRows, opening: Opening) -> list[Record]:
    """The items that are objects, laid out; the others are set aside by their number in the list, from 1."""
    if not items:
        raise _no_rows(rows.path, "Its list is empty.", opening.field)
    records: list[Record] = []
    for start in range(0, len(items), _PORTION):
        opening.check()
        parsed = []
        for number, item in enumerate(items[start : start + _PORTION], start + 1):
            if not isinstance(item, dict):
                why = f"is {kind_of(item)}, not an object in braces"
                rows.aside.add(number, "that could not be read", why, as_json(item) or "null")
            elif rows.damaged and (why := broken(content := as_json(item) or "")):
                rows.aside.add(number, "with broken characters", f"cannot be taken: {why}", content)
            else:
                parsed.append((number, item, ""))
        records += rows.take(parsed)
    if rows.aside.too_many(len(records)):
        first = rows.aside.rows[0]
        raise bad_input(
            f"{rows.path.name} holds no list of records.",
            f"{rows.aside.total} of {counted(len(items), 'item')} cannot be rows. Record {first.row} {first.why}.",
            'Write each record as an object, such as {"text": "…", "label": "…"}.',
            field=opening.field,
        )
    if not rows.names:
        raise _no_rows(rows.path, "Its records have no fields.", opening.field)
    return records


def _no_rows(path: Path, cause: str, field: str) -> WorkbenchError:
    return bad_input(
        f"The file {path.name} holds no rows.",
        cause,
        'Write a list of records, such as [{"text": "…", "label": "…"}].',
        field=field,
    )
