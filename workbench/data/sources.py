"""Texts with what is to be written from each, as a recipe asks for them: opened, mended, divided, and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from workbench.data.frame import Frame
from workbench.data.header import name_words
from workbench.data.row_sides import row_sides
from workbench.data.step import Context
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table, no_such_column
from workbench.data.training_rows import Resolve, opened
from workbench.run.problem import bad_input
from workbench.run.recipe import DataSection

#: Names of columns that hold what is read, and what is to be written, the surest first.
_SOURCES = (
    "source", "src", "input", "article", "document", "dialogue", "question", "prompt", "text", "en", "english",
)  # fmt: skip
_TARGETS = (
    "target", "tgt", "output", "summary", "highlights", "translation", "answer", "response", "completion", "title",
)  # fmt: skip


class SourceSide(NamedTuple):
    """The texts to read, and the text to write from each."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceSides:
    """The texts of each side; `test` may be empty.

    Attributes:
        notes: Everything that a person should know, in sentences.
        fingerprints: SHA-256 of each file that was read.
        resolved: The recipe's fields of the columns, with what was named or guessed.
    """

    train: SourceSide
    validation: SourceSide
    test: SourceSide
    notes: tuple[str, ...]
    fingerprints: tuple[str, ...]
    resolved: Mapping[str, str]


def source_sides(data: DataSection, context: Context, resolve: Resolve) -> SourceSides:
    """Read, mend and divide texts; `data.text` is what is read, `data.label` what is to be written.

    Args:
        data: What the recipe says of its data.
        context: The seed, and what steps are told.
        resolve: Finds a file.

    Raises:
        WorkbenchError: With what is wrong with the files, the columns, the steps or the split; or when no row to
            learn from, or none that is held out, has both texts.
    """
    table = opened(data, data.train, "data.train", context, resolve)
    read, written = source_columns(table, data)
    found = row_sides(data, context, resolve, table, read, written)
    source, target = found.train.text, found.train.label
    for name, wanted, field in ((source, data.text, "data.text"), (target, data.label, "data.label")):
        if name not in found.train.columns:
            raise no_such_column(found.table, wanted or name, field=field)
    notes = [f"Reading “{source}”, and learning to write “{target}”.", *found.notes]
    sides = []
    for frame, name in ((found.train, "train"), (found.validation, "validation"), (found.test, "test")):
        side, more = _side(frame, source, target)
        sides.append(side)
        notes += more
        if not side.sources and name != "test":
            where = "to learn from" if name == "train" else "to be held out"
            raise bad_input(
                f"No rows are left {where}.",
                f"A row needs a text in “{source}” and one in “{target}”.",
                "Add rows, name other columns, or change how the rows are divided.",
                field=f"data.{name}",
            )
    resolved = {"data.text": data.text or read or source, "data.label": data.label or written or target}
    return SourceSides(sides[0], sides[1], sides[2], tuple(notes), found.fingerprints, resolved)


def source_columns(table: Table, data: DataSection) -> tuple[str, str]:
    """The columns that are read and written, named or guessed; empty for a named one that comes with a step.

    Raises:
        WorkbenchError: When a named one is not there, or none can be guessed.
    """
    for name, field in ((data.text, "data.text"), (data.label, "data.label")):
        if name and name not in table.columns and not data.steps:
            raise no_such_column(table, name, field=field)
    source, target = data.text, data.label
    target = target or _named_like(table, _TARGETS, source)
    source = source or _named_like(table, _SOURCES, target)
    if len(table.columns) == 2:
        source = source or next(name for name in table.columns if name != target)
        target = target or next(name for name in table.columns if name != source)
    if not (source and target):
        missing, field = ("to be written", "data.label") if source else ("read", "data.text")
        raise bad_input(
            f"It is not clear which column of {table.path.name} is {missing}.",
            f"Its columns are {listed(table.columns)}.",
            "Choose the column that is read as Text column, and the one to be written as Label column.",
            field=field,
        )
    there = set(table.columns)
    return source if source in there else "", target if target in there else ""


def _named_like(table: Table, names: tuple[str, ...], taken: str) -> str:
    """The column with the first of these names, other than the one that is taken; empty where there is none."""
    by_word = {"_".join(name_words(name)): name for name in reversed(table.columns) if name != taken}
    return next((by_word[name] for name in names if name in by_word), "")


def _side(frame: Frame, source: str, target: str) -> tuple[SourceSide, list[str]]:
    """The rows with both texts, and a note on the others, which are set aside."""
    rows = list(zip(frame.column(source), frame.column(target), strict=True))
    full = [(one, other) for one, other in rows if (one or "").strip() and (other or "").strip()]
    side = SourceSide(tuple(one or "" for one, _ in full), tuple(other or "" for _, other in full))
    origins = zip(frame.origin.tolist(), rows, strict=True)
    empty = [number for number, row in origins if not all((text or "").strip() for text in row)]
    if not empty:
        return side, []
    was = "was" if len(empty) == 1 else "were"
    return side, [
        f"{counted(len(empty), 'row')} without a text in “{source}” or “{target}” {was} set aside, the first is row "
        f"{empty[0] + 1}."
    ]
