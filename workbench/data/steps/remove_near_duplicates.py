"""The step that leaves out rows whose text is nearly the same as an earlier one."""

from __future__ import annotations

import numpy as np

from workbench.data.changing import keep_rows, named_columns, told_columns
from workbench.data.frame import Frame
from workbench.data.near import SIMILARITY, near_rows
from workbench.data.step import Context, Done, Step
from workbench.run.section import field


class RemoveNearDuplicates(Step):
    """Keeps the first of several texts that differ in a few characters."""

    kind = "remove-near-duplicates"
    title = "Remove near duplicates"
    help = "Keeps the first of several texts that are almost the same, such as copies with another greeting."
    group = "rows"

    column: str = field("", "Column", "The column whose texts are compared. Empty: the text.")
    similarity: float = field(
        SIMILARITY,
        "Similarity",
        "The share of neighbouring characters that two texts have in common from which one of them goes.",
        ge=0.3,
        le=1.0,
    )

    def needs(self) -> tuple[str, ...]:
        return (self.column,)

    def apply(self, frame: Frame, context: Context) -> Done:
        (column,) = named_columns(frame, (self.column,))
        found = near_rows(frame, column, self.similarity, context.check)
        keep = np.ones(frame.rows, dtype=bool)
        keep[found.rows] = False
        return keep_rows(frame, keep)

    def summary(self) -> str:
        return f"Remove near duplicates of {told_columns([self.column])} from a similarity of {self.similarity:g}"
