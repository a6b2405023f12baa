"""The rows of each side as a recipe asks for them: opened, mended, labelled, divided, and made ready to learn from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.data.frame import Frame
from workbench.data.guess import choose_columns
from workbench.data.labelled import labelled_rows
from workbench.data.opening import opening_of
from workbench.data.pipeline import (
    Mended,
    StepReport,
    as_table,
    learning,
    mended,
    parsed,
    patch_fingerprints,
    roles,
)
from workbench.data.splitting import sides
from workbench.data.step import Context
from workbench.data.tables import Table, open_table
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe import DataSection

#: Finds the file of a data set: its name in the recipe, and the field that names it.
Resolve = Callable[[str, str], Path]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRows:
    """Labelled rows of all sides; every row has a text and a label of one of the classes.

    Attributes:
        train: The rows to learn from, after all steps.
        validation: The held-out rows.
        test: The test rows; may be empty.
        class_names: The classes; numbers in numeric order, words in alphabetical order.
        reports: What each step did to the training file, in the order in which they were done.
        notes: Everything that a person should know, in sentences.
        fingerprints: SHA-256 of each file that was read.
        resolved: The recipe's fields of the columns, with what was named or guessed.
    """

    train: Frame
    validation: Frame
    test: Frame
    class_names: tuple[str, ...]
    reports: tuple[StepReport, ...]
    notes: tuple[str, ...]
    fingerprints: tuple[str, ...]
    resolved: Mapping[str, str]

    def numbered(self, frame: Frame) -> tuple[list[str], list[int]]:
        """The texts of one side, and the numbers of their classes."""
        number = {name: i for i, name in enumerate(self.class_names)}
        labels = [number[(label or "").strip()] for label in frame.column(frame.label)]
        return [text or "" for text in frame.column(frame.text)], labels


def training_rows(data: DataSection, context: Context, resolve: Resolve) -> TrainingRows:
    """Read, mend and divide labelled rows.

    Args:
        data: What the recipe says of its data.
        context: The seed, and what steps are told.
        resolve: Finds a file.

    Raises:
        WorkbenchError: With what is wrong with the files, the columns, the steps or the split.
    """
    table = opened(data, data.train, "data.train", context, resolve)
    text, label = roles(table, data)
    source = _with_roles(mended(table, data, context, text, label), table, data)
    frame = source.frame
    rows = labelled_rows(as_table(frame, table), frame.text, frame.label, origin=frame.origin)
    usable = frame.take(rows.kept)
    cut = sides(usable, data, context.seed, rows.labels, rows.class_names)
    notes = [
        f"Reading the text from “{frame.text}” and the label from “{frame.label}”.",
        *table.notes,
        *source.told(),
        *rows.notes,
        *cut.notes,
    ]
    prints = [table.fingerprint, *patch_fingerprints(data)]
    others: dict[str, Frame] = {}
    for name, share, chosen in (
        ("validation", data.validation, cut.validation),
        ("test", data.test, cut.test),
    ):
        others[name] = usable.take(chosen)
        if isinstance(share, str):
            own = opened(data, share, f"data.{name}", context, resolve)
            others[name], more = _held_out(
                own, f"data.{name}", source, (text, label), rows.class_names, data, context
            )
            notes += [f"{own.path.name}: {note}" for note in more]
            prints.append(own.fingerprint)
    train, reports, more = _learned(usable.take(cut.train), table, rows.class_names, others, data, context)
    return TrainingRows(
        train, others["validation"], others["test"], rows.class_names, (*source.reports, *reports),
        (*notes, *more), tuple(prints), {"data.text": data.text or text or frame.text,
                                         "data.label": data.label or label or frame.label},
    )  # fmt: skip


def opened(data: DataSection, source: str, field: str, context: Context, resolve: Resolve) -> Table:
    """One of a recipe's files, untouched; `field` is the recipe field that names it.

    Raises:
        WorkbenchError: When it is not there or cannot be read.
    """
    path = resolve(source, field)
    opening = opening_of(data, field, cache=context.cache, limits=context.limits, check=context.check)
    return open_table(path, opening)


def _with_roles(source: Mended, table: Table, data: DataSection) -> Mended:
    """The rows with their text and label columns, or a problem where a step did not bring them."""
    frame, (text, label) = source.frame, (source.frame.text, source.frame.label)
    if data.text and data.text not in (*table.columns, *frame.columns):
        text = data.text
    if data.label and data.label not in (*table.columns, *frame.columns):
        label = data.label
    text, label = choose_columns(as_table(frame, table), text, label)
    return dataclasses.replace(source, frame=dataclasses.replace(frame, text=text, label=label))


def _held_out(
    table: Table,
    field: str,
    source: Mended,
    columns: tuple[str, str],
    classes: tuple[str, ...],
    data: DataSection,
    context: Context,
) -> tuple[Frame, list[str]]:
    """The rows of a file to be measured on, mended as the training file was, with what there is to say of it."""
    for column in columns:
        if column and column not in table.columns:
            raise bad_input(
                f"The file {table.path} has no column “{column}”.",
                f"The training data has it; this file has: {', '.join(table.columns)}.",
                "Give both files the same columns.",
                field=field,
            )
    try:
        own = mended(table, data, context, *columns, like=source)
    except WorkbenchError as error:
        where = f"In {table.path.name}, which is mended as the training data is:"
        raise WorkbenchError(
            *(dataclasses.replace(p, title=f"{where} {p.title}", field=field) for p in error.problems)
        ) from error
    text, label = source.frame.text, source.frame.label
    frame = dataclasses.replace(own.frame, text=text, label=label)
    rows = labelled_rows(as_table(frame, table), text, label, classes, field=field, origin=frame.origin)
    return frame.take(rows.kept), [*table.notes, *own.told(), *rows.notes]


def _learned(
    frame: Frame,
    table: Table,
    classes: tuple[str, ...],
    others: Mapping[str, Frame],
    data: DataSection,
    context: Context,
) -> tuple[Frame, tuple[StepReport, ...], list[str]]:
    """The rows to learn from after the steps for learning alone."""
    if not any(step.learning_only for step in parsed(data.steps).values()):
        return frame, (), []
    held_out = [other for other in others.values() if other.rows]
    learned = learning(frame, data.steps, held_out, context)
    made = learned.frame
    rows = labelled_rows(as_table(made, table), made.text, made.label, classes, origin=made.origin)
    return made.take(rows.kept), learned.reports, [*learned.told(), *rows.notes]
