"""The rows of each side, mended and divided, for tasks that read them in a way of their own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from workbench.data.frame import Frame
from workbench.data.pipeline import as_table, learning, mended, patch_fingerprints
from workbench.data.splitting import sides
from workbench.data.step import Context
from workbench.data.tables import Table
from workbench.data.training_rows import Resolve, opened
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe import DataSection


@dataclass(frozen=True, slots=True, eq=False)
class RowSides:
    """The rows of each side after all steps; `test` may have none.

    Attributes:
        table: The mended rows of the training file, before they were divided.
        notes: Everything that a person should know, in sentences.
        fingerprints: SHA-256 of each file that was read.
    """

    train: Frame
    validation: Frame
    test: Frame
    table: Table
    notes: tuple[str, ...]
    fingerprints: tuple[str, ...]


def row_sides(data: DataSection, context: Context, resolve: Resolve, table: Table,
              text: str = "", label: str = "") -> RowSides:  # fmt: skip
    """Mend and divide the rows of a table that was opened.

    Args:
        data: What the recipe says of its data.
        context: The seed, and what steps are told.
        resolve: Finds a file.
        table: The training file, untouched.
        text: The column that is read, so that the role follows where a step renames it; empty for none.
        label: The column that is to be written or predicted, likewise.

    Raises:
        WorkbenchError: With what is wrong with the files, the steps or the split.
    """
    source = mended(table, data, context, text, label)
    frame = source.frame
    cut = sides(frame, data, context.seed)
    notes = [*table.notes, *source.told(), *cut.notes]
    prints = [table.fingerprint, *patch_fingerprints(data)]
    others = {"validation": frame.take(cut.validation), "test": frame.take(cut.test)}
    for name in others:
        given = getattr(data, name)
        if not isinstance(given, str):
            continue
        own = opened(data, given, f"data.{name}", context, resolve)
        try:
            others[name] = mended(own, data, context, text, label, like=source).frame
        except WorkbenchError as error:
            where = f"In {own.path.name}, which is mended as the training data is:"
            raise WorkbenchError(
                *(
                    dataclasses.replace(p, title=f"{where} {p.title}", field=f"data.{name}")
                    for p in error.problems
                )
            ) from error
        missing = [column for column in frame.columns if column not in others[name].columns]
        if missing:
            raise bad_input(
                f"The file {own.path} has no column “{missing[0]}”.",
                f"The training data has it; this file has: {', '.join(own.columns)}.",
                "Give both files the same columns.",
                field=f"data.{name}",
            )
        prints.append(own.fingerprint)
    held_out = [other for other in others.values() if other.rows]
    learned = learning(frame.take(cut.train), data.steps, held_out, context)
    return RowSides(
        learned.frame, others["validation"], others["test"], as_table(frame, table),
        (*notes, *learned.told()), tuple(prints),
    )  # fmt: skip
