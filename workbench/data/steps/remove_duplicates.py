"""The step that leaves out rows that are exactly the same as another."""

from __future__ import annotations

from typing import Literal

import numpy as np

from workbench.data.changing import keep_rows, named_columns, told_columns
from workbench.data.frame import Frame
from workbench.data.step import Context, Done, Step
from workbench.data.strings import coded, column_strings, folded, same_text
from workbench.run.section import field


class RemoveDuplicates(Step):
    """Keeps one row of several whose values are the same in some columns."""

    kind = "remove-duplicates"
    title = "Remove duplicates"
    help = "Keeps one of several rows that are exactly the same, so that none counts twice."
    group = "rows"

    columns: tuple[str, ...] = field((), "Columns", "What has to be the same. None: the text.")
    keep: Literal["first", "last"] = field("first", "Keep", "Which of the rows stays.")

    def needs(self) -> tuple[str, ...]:
        return self.columns or ("",)

    def apply(self, frame: Frame, context: Context) -> Done:
        columns = named_columns(frame, self.columns)
        codes = np.zeros(frame.rows, dtype=np.int64)
        filled = np.zeros(frame.rows, dtype=bool)
        for name in columns:
            context.check()
            values = column_strings(frame, name)
            here, _ = coded(values)
            filled |= folded(values, same_text, context.check)[0] >= 0
            # Numbered anew after each column, so that the products stay small.
            _, codes = np.unique(codes * (here.max(initial=0) + 2) + here + 1, return_inverse=True)
        places = np.arange(frame.rows) if self.keep == "first" else np.arange(frame.rows)[::-1]
        _, chosen = np.unique(codes[places], return_index=True)
        keep = ~filled  # rows that are blank there are no copies of each other
        keep[places[chosen]] = True
        return keep_rows(frame, keep)

    def summary(self) -> str:
        which = "" if self.keep == "first" else ", keeping the last"
        return f"Remove duplicates of {told_columns(self.columns)}{which}"
