"""The sides into which a person has divided rows already: files of their own, and sides that a column names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from workbench.data.frame import Frame, Indices
from workbench.data.labelled import labelled_rows
from workbench.data.pipeline import as_table, learning
from workbench.data.splitting import Sides, divides, sides
from workbench.data.step import Context
from workbench.data.tables import Table
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import DataSection


@dataclass(frozen=True, slots=True, eq=False)
class GivenSides:
    """The rows to learn from, and those that they must not stand among.

    Attributes:
        train: The places of the rows to learn from in the file's rows, ascending; int64.
        others: The rows to measure on by their side, "validation" or "test"; none is empty.
    """

    train: Indices
    others: Mapping[str, Frame]


def given_sides(
    frame: Frame, table: Table, data: DataSection, context: Context, files: Mapping[str, Frame]
) -> GivenSides:
    """Which rows of a file are learned from, and the sides that were given beside them.

    A side that is drawn from the file is not given: rows that stand on two such sides are copies within one file, and
    told as those. Rows that a step of the recipe keeps from leaking are not learned from any more.

    Args:
        frame: The file's rows after all steps but those for learning alone.
        table: The file, in whose name rows are read.
        data: How rows are divided, and the steps.
        context: The seed.
        files: The rows of sides with a file of their own.
    """
    named = data.split == "by-column"
    train = np.arange(frame.rows, dtype=np.int64)
    others: dict[str, Frame] = {}
    if divides(data) and (named or files):
        cut = _cut(frame, table, data, context.seed)
        if cut is not None:
            train = cut.train
            if named:
                others = {"validation": frame.take(cut.validation), "test": frame.take(cut.test)}
    others = {name: other for name, other in {**others, **files}.items() if other.rows}
    guards = [step for step in data.steps if step.kind == "remove-leaks"]
    if guards and others:
        placed = replace(frame.take(train), origin=train)  # so that rows can be known again afterwards
        train = learning(placed, guards, list(others.values()), context).frame.origin
    return GivenSides(train, others)


def _cut(frame: Frame, table: Table, data: DataSection, seed: int) -> Sides | None:
    """The sides as training will have them; None where the rows cannot be divided, which is told elsewhere."""
    try:
        if not frame.label:
            return sides(frame, data, seed)
        rows = labelled_rows(as_table(frame, table), frame.text, frame.label, origin=frame.origin)
        cut = sides(frame.take(rows.kept), data, seed, rows.labels, rows.class_names)
    except WorkbenchError:
        return None
    return Sides(rows.kept[cut.train], rows.kept[cut.validation], rows.kept[cut.test], cut.notes)
