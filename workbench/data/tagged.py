"""Reads texts of which each word has a tag: words and tags as CoNLL has them, or texts with marked stretches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workbench.data.formats.conll import SPAN_TAG
from workbench.data.frame import Frame
from workbench.data.guess import guess
from workbench.data.label_columns import (
    Wrong,
    chosen_columns,
    require_rows,
    resolved_columns,
    roles_now,
    set_aside_notes,
    sides_by_name,
)
from workbench.data.labelled import natural_key
from workbench.data.row_sides import row_sides
from workbench.data.span_cells import (
    are_span_tags,
    begun_tags,
    joined_words,
    likely_span_column,
    stretches_in,
    tags_in,
    tags_of,
    words_in,
)
from workbench.data.step import Context
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table
from workbench.data.training_rows import Resolve, opened
from workbench.run.problem import bad_input
from workbench.run.recipe import DataSection

_REMEDY = (
    "Give words with a tag each (CoNLL, or lists in JSON Lines), or texts with marked stretches such as "
    '[[0, 5, "person"]].'
)


class TaggedRow(NamedTuple):
    """A text, where each of its words stands, as (start, end) in characters, the tag of each, and the row in the
    untouched file, from 0."""

    text: str
    places: tuple[tuple[int, int], ...]
    tags: tuple[str, ...]
    row: int = -1


@dataclass(frozen=True, slots=True)
class TaggedSides:
    """The rows of each side; `test` may be empty.

    Attributes:
        names: The tags; where they say where something begins and goes on, "O" first, then B- and I- of each kind.
        spans: Whether they do so.
        notes: Everything that a person should know, in sentences.
        fingerprints: SHA-256 of each file that was read.
        resolved: The recipe's fields of the columns, with what was named or guessed.
    """

    train: tuple[TaggedRow, ...]
    validation: tuple[TaggedRow, ...]
    test: tuple[TaggedRow, ...]
    names: tuple[str, ...]
    spans: bool
    notes: tuple[str, ...]
    fingerprints: tuple[str, ...]
    resolved: Mapping[str, str]


@dataclass(slots=True)
class _Side:
    """The rows of one side that can be used, those that cannot, and those in which a B- was put for an I-."""

    rows: list[tuple[int, TaggedRow]]
    wrong: list[Wrong]
    mended: list[int]


def tagged_sides(data: DataSection, context: Context, resolve: Resolve) -> TaggedSides:
    """Read, mend and divide texts of which each word has a tag.

    Args:
        data: What the recipe says of its data; `text` holds words or texts, `label` tags or marked stretches.
        context: The seed, and what steps are told.
        resolve: Finds a file.

    Raises:
        WorkbenchError: With what is wrong with the files, the columns, the steps or the split; or when no row to learn
            from, or none that is held out, can be used; or when nothing is marked.
    """
    table = opened(data, data.train, "data.train", context, resolve)
    text, labels = tagged_columns(table, data)
    found = row_sides(data, context, resolve, table, text, labels[0] if labels else "")
    text_now, labels_now = roles_now(found.train, found.table, data, text, labels)
    tags = labels_now[0]
    reading = reading_of(found.table, text_now, tags)
    notes = [f"Reading “{text_now}”, and learning {reading.told(tags)}.", *found.notes]
    read = {side: _read(frame, text_now, tags, reading) for side, frame in sides_by_name(found)}
    for side, one in read.items():
        if side != "train":
            _leave_out_unknown(one, reading.names)
        require_rows(len(one.rows), side, one.wrong, _REMEDY)
        notes += [*set_aside_notes(sorted(one.wrong), data, side), *_mended_notes(one.mended)]
    sides = [tuple(row for _, row in read[side].rows) for side in ("train", "validation", "test")]
    return TaggedSides(
        sides[0], sides[1], sides[2], reading.names, reading.spans, tuple(notes), found.fingerprints,
        resolved_columns(data, text or text_now, labels or labels_now),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file marks words: by stretches of a text or a tag a word, and whether tags begin and go on."""

    stretches: bool
    spans: bool
    names: tuple[str, ...]

    def told(self, column: str) -> str:
        """The same in words."""
        if not self.spans:
            return f"one of {counted(len(self.names), 'tag')} for each word from “{column}”"
        kinds = [name[2:] for name in self.names if name.startswith("B-")]
        what = "the marked stretches" if self.stretches else "the names"
        return f"{what} in “{column}” ({listed(kinds, 6)})"


def tagged_columns(table: Table, data: DataSection) -> tuple[str, tuple[str, ...]]:
    """The column of words or texts and that of tags or stretches, named or guessed; see `chosen_columns`.

    Raises:
        WorkbenchError: When a named one is not there, or none can be guessed.
    """
    likely = guess(table)
    spans = likely_span_column(table)
    guessed = likely.label if likely.kind == "token-classification" else spans
    if not (data.label or guessed):
        raise bad_input(
            f"No words with tags were found in {table.path.name}.",
            f"None of its columns ({listed(table.columns)}) has a tag for each word, or marks stretches of a text.",
            _REMEDY,
            field="data.label",
        )
    if not data.text and likely.kind == "token-classification" and data.label in ("", likely.label):
        data = data.model_copy(update={"text": likely.texts[0]})
    text, labels = chosen_columns(table, data, (guessed,))
    if len(labels) > 1:
        raise bad_input(
            "One column holds the tags.",
            f"The label column is set to {listed([f'“{name}”' for name in labels], 4)}.",
            "Name one column.",
            field="data.label",
        )
    return text, labels


def looked_at_tags(
    frame: Frame, table: Table, text: str, labels: Sequence[str]
) -> tuple[list[Wrong], list[str]]:
    """Rows that cannot be used, and what there is to say of the others.

    Raises:
        WorkbenchError: When nothing is marked.
    """
    reading = reading_of(table, text, labels[0])
    side = _read(frame, text, labels[0], reading)
    begun = Counter(
        tag for _, row in side.rows for tag in row.tags if not reading.spans or tag.startswith("B-")
    )
    counts = [f"{tag.removeprefix('B-')} {count}" for tag, count in begun.most_common()]
    what = "Marked are" if reading.spans else "The tags and their words are"
    return side.wrong, [f"{what}: {listed(counts, 12)}.", *_mended_notes(side.mended)]


def reading_of(table: Table, text: str, tags: str) -> Reading:
    """How the file marks words, and its tags.

    Raises:
        WorkbenchError: When nothing is marked.
    """
    cells = table.column(tags)
    filled = [cell for cell in cells if cell]
    read = [stretches_in(cell) for cell in filled]
    stretches = sum(one is not None for one in read) > 0.5 * len(read) and any(read)
    if stretches:
        kinds = {f"B-{stretch.kind}" for one in read if one for stretch in one}
        return Reading(True, True, _span_names(kinds))
    # Only rows that can be used say which tags there are: a row of other words holds no tags.
    pairs = zip(table.column(text), cells, strict=True)
    fitting = [found for words, cell in pairs if len(found := tags_in(cell)) == len(words_in(words)) > 0]
    every = [tag for one in fitting or [tags_in(cell) for cell in filled] for tag in one]
    if are_span_tags(every):
        return Reading(False, True, _span_names({tag for tag in every if SPAN_TAG.fullmatch(tag)}))
    if len(set(every)) < 2:
        only = f"Every word has the tag “{every[0][:40]}”." if every else f"“{tags}” is empty."
        raise bad_input(f"Nothing is marked in {table.path.name}.", only, _REMEDY, field="data.label")
    if len(set(every)) * 2 > len(every):
        raise bad_input(
            f"“{tags}” looks like text, not tags.",
            f"{counted(len(every), 'word')} have {counted(len(set(every)), 'different tag')}, such as "
            f"“{min(every)[:40]}”.",
            _REMEDY,
            field="data.label",
        )
    return Reading(False, False, tuple(sorted(set(every), key=natural_key)))


def _span_names(tags: set[str]) -> tuple[str, ...]:
    kinds = sorted({tag.partition("-")[2] for tag in tags} - {""}, key=natural_key)
    return ("O", *(f"{letter}-{kind}" for kind in kinds for letter in "BI"))


def _read(frame: Frame, text: str, tags: str, reading: Reading) -> _Side:
    side = _Side([], [], [])
    cells = zip(frame.origin.tolist(), frame.column(text), frame.column(tags), strict=True)
    for row, words, marks in cells:
        found = _row(words, marks, text, tags, reading)
        if isinstance(found, str):
            side.wrong.append(Wrong(row, found))
            continue
        if reading.spans and not reading.stretches:
            begun, mended = begun_tags(found.tags)
            found = found._replace(tags=begun)
            if mended:
                side.mended.append(row)
        side.rows.append((row, found._replace(row=row)))
    return side


def _row(words: str | None, marks: str | None, text: str, tags: str, reading: Reading) -> TaggedRow | str:
    """A row as it is learned, or why it cannot be."""
    if not (words or "").strip():
        return f"“{text}” is empty."
    if not (marks or "").strip():
        return f"“{tags}” is empty."
    if reading.stretches:
        stretches = stretches_in(marks)
        if stretches is None:
            return f"“{tags}” holds no list of stretches: {(marks or '')[:40]}"
        made = tags_of(words or "", stretches)
        return made if isinstance(made, str) else TaggedRow(words or "", *made)
    found, given = words_in(words), tags_in(marks)
    if len(found) != len(given):
        return f"“{text}” has {counted(len(found), 'word')} and “{tags}” has {counted(len(given), 'tag')}."
    if not found:
        return f"“{text}” is empty."
    strange = next((tag for tag in given if reading.spans and SPAN_TAG.fullmatch(tag) is None), "")
    if strange:
        return f"“{strange[:40]}” in “{tags}” is none of O, B-… and I-…."
    return TaggedRow(*joined_words(found), tuple(given))


def _leave_out_unknown(side: _Side, names: tuple[str, ...]) -> None:
    known, kept = frozenset(names), []
    for row, found in side.rows:
        unknown = next((tag for tag in found.tags if tag not in known), "")
        if unknown:
            side.wrong.append(Wrong(row, f"The training file does not have the tag “{unknown[:40]}”."))
        else:
            kept.append((row, found))
    side.rows = kept


def _mended_notes(rows: list[int]) -> list[str]:
    if not rows:
        return []
    where = listed([row + 1 for row in rows], 5)
    return [
        f"In {counted(len(rows), 'row')} something begins with I- (or another letter that goes on): its first word "
        f"was given B- ({'row' if len(rows) == 1 else 'rows'} {where})."
    ]
