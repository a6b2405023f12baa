"""How marked words stand in the cells of a table: a tag for each word, or stretches of a text by their characters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from workbench.data.formats.conll import SPAN_TAG, words
from workbench.data.tables import Table

#: A word of a text that nobody has cut into words yet: letters and digits, or one other sign.
_WORD = re.compile(r"\w+|[^\w\s]")
_STARTS, _ENDS = ("start", "start_offset", "begin", "start_char"), ("end", "end_offset", "stop", "end_char")
_TYPES = ("label", "type", "entity_type", "entity", "entity_group", "tag", "name")
_BEGINS, _GOES_ON = frozenset("BSU"), frozenset("IELM")
_SAMPLE = 200


class Stretch(NamedTuple):
    """Characters of a text, from `start` to before `end`, and what they are marked as."""

    start: int
    end: int
    kind: str


def word_places(text: str, edges: Iterable[int] = ()) -> tuple[tuple[int, int], ...]:
    """Where the words of a text stand, as (start, end) in characters; no word reaches over an edge."""
    cuts = sorted(set(edges))
    places: list[tuple[int, int]] = []
    for found in _WORD.finditer(text):
        start, end = found.span()
        for cut in cuts:
            if start < cut < end:
                places.append((start, cut))
                start = cut
        places.append((start, end))
    return tuple(places)


def joined_words(found: Sequence[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Words as one text with a blank between two, and where each stands in it."""
    places, start = [], 0
    for word in found:
        places.append((start, start + len(word)))
        start += len(word) + 1
    return " ".join(found), tuple(places)


def tags_in(cell: str | None) -> list[str]:
    """The tags of a cell: joined by blanks, or a list of words or numbers."""
    if cell and cell.startswith("["):
        try:
            found = json.loads(cell)
        except ValueError:
            return words(cell)
        if isinstance(found, list) and all(isinstance(one, str | int) for one in found):
            return [str(one) for one in found]
    return words(cell)


def words_in(cell: str | None) -> list[str]:
    """The words of a cell."""
    return [] if cell == "[]" else words(cell)


def stretches_in(cell: str | None) -> list[Stretch] | None:
    """The marked stretches of a cell, as [start, end, kind] or as objects with such names; None where it holds none
    that can be read."""
    if not cell or not cell.startswith("["):
        return None
    try:
        found = json.loads(cell)
    except ValueError:
        return None
    read = [_stretch(one) for one in found] if isinstance(found, list) else [None]
    return None if None in read else sorted(one for one in read if one is not None)


def _stretch(value: object) -> Stretch | None:
    if isinstance(value, dict):
        keys = [
            next((value[name] for name in names if name in value), None) for names in (_STARTS, _ENDS, _TYPES)
        ]
        kinds = value.get("labels")  # as Label Studio writes it
        if keys[2] is None and isinstance(kinds, list) and len(kinds) == 1:
            keys[2] = kinds[0]
    elif isinstance(value, list) and len(value) == 3:
        keys = list(value)
    else:
        return None
    start, end, kind = keys
    if type(start) is not int or type(end) is not int or not isinstance(kind, str) or not kind.strip():
        return None
    return Stretch(start, end, "_".join(kind.split()))


def likely_span_column(table: Table) -> str:
    """The column that holds marked stretches of another; empty where there is none."""
    for name in table.columns:
        values = [value for value in table.sample(name, _SAMPLE) if value]
        if not values or not values[0].startswith("["):
            continue
        read = [stretches_in(value) for value in values]
        if sum(one is not None for one in read) > 0.9 * len(read) and any(read):
            return name
    return ""


def tags_of(
    text: str, stretches: Sequence[Stretch]
) -> tuple[tuple[tuple[int, int], ...], tuple[str, ...]] | str:
    """The words of a text with a tag each, or why the stretches do not fit the text."""
    for one, following in zip(stretches, [*stretches[1:], None], strict=True):
        if not 0 <= one.start < one.end <= len(text):
            return f"“{one.kind}” from {one.start} to {one.end} does not lie in a text of {len(text)} characters."
        if following is not None and following.start < one.end:
            return f"“{one.kind}” and “{following.kind}” overlap at character {following.start}."
    places = word_places(text, [edge for one in stretches for edge in (one.start, one.end)])
    tags = ["O"] * len(places)
    for one in stretches:
        inside = [i for i, (start, end) in enumerate(places) if one.start <= start and end <= one.end]
        if not inside:
            return f"“{one.kind}” from {one.start} to {one.end} holds no word."
        for i in inside:
            tags[i] = f"{'B' if i == inside[0] else 'I'}-{one.kind}"
    return places, tuple(tags)


def are_span_tags(tags: Iterable[str]) -> bool:
    """Whether nearly all tags say where something begins and goes on, and at least one does."""
    found = list(tags)
    fit = sum(SPAN_TAG.fullmatch(tag) is not None for tag in found)
    return (
        bool(found)
        and fit > 0.95 * len(found)
        and any("-" in tag and SPAN_TAG.fullmatch(tag) for tag in found)
    )


def begun_tags(tags: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Tags of any scheme (IOB1, BIOES, BILOU) with B- where each stretch begins and I- where it goes on.

    Returns:
        The tags, and whether a stretch began with another letter than B, S or U, and was given its B-.
    """
    made: list[str] = []
    before, mended = "", False
    for tag in tags:
        letter, _, kind = tag.partition("-")
        if letter in _BEGINS:
            made.append(f"B-{kind}")
        elif letter in _GOES_ON:
            begins = before != kind
            mended |= begins
            made.append(f"{'B' if begins else 'I'}-{kind}")
        else:
            made.append("O")
        before = kind if kind and letter != "O" else ""
    return tuple(made), mended
