"""The step that leaves out rows in which something is missing."""

from __future__ import annotations

import numpy as np

from workbench.data.changing import keep_rows, told_columns
from workbench.data.frame import Frame
from workbench.data.step import Context, Done, Step, column_named
from workbench.data.tables import PORTION
from workbench.run.section import field


class DropMissing(Step):
    """Leaves out every row in which one of the columns is missing or blank."""

    kind = "drop-missing"
    title = "Drop rows with missing values"
    help = "Leaves out rows in which a column is empty or holds nothing but blanks."
    group = "rows"

    columns: tuple[str, ...] = field((), "Columns", "The columns to look at. None: the text and the label.")

    def needs(self) -> tuple[str, ...]:
        return self.columns or ("",)

    def apply(self, frame: Frame, context: Context) -> Done:
        columns = [column_named(frame, name) for name in self.needs()]
        if not self.columns and frame.label:
            columns.append(frame.label)
        keep = np.ones(frame.rows, dtype=bool)
        for start in range(0, frame.rows, PORTION):
            context.check()
            for name in columns:
                values = frame.column(name, start, start + PORTION)
                keep[start : start + len(values)] &= [bool(value and value.strip()) for value in values]
        return keep_rows(frame, keep)

    def summary(self) -> str:
        return f"Drop rows without {told_columns(self.columns, 'a text or a label')}"
