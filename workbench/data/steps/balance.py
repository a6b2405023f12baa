"""The step that makes classes equally large among the rows to learn from."""

from __future__ import annotations

from typing import Literal

import numpy as np

from workbench.data.changing import chance, classes_of, lowest
from workbench.data.frame import Frame, Indices
from workbench.data.step import FIELD, Context, Done, Step
from workbench.data.suggest import counted
from workbench.run.problem import Problem
from workbench.run.section import field


class Balance(Step):
    """Evens out the classes' sizes by leaving rows out or by repeating them."""

    kind = "balance"
    title = "Balance classes"
    help = "Evens out the classes' sizes among the rows to learn from; held-out rows stay as they are."
    group = "labels"
    learning_only = True
    reads_label = True

    how: Literal["undersample", "oversample", "cap"] = field(
        "undersample",
        "How",
        "undersample: every class as small as the smallest. oversample: rows of small classes are repeated until "
        "they are as large as the largest. cap: no class above a number of rows.",
    )
    rows: int = field(0, "Rows", "For cap: the most rows that a class may have.", unit="rows", ge=0)

    def complaints(self, frame: Frame) -> list[Problem]:
        found = super().complaints(frame)
        if self.how == "cap" and not self.rows:
            found.append(
                Problem(
                    f"{self.title}: no number of rows is given.",
                    f"Each class of “{frame.label}” is to be capped at it.",
                    "Give the most rows that a class may have.",
                    field=FIELD,
                )
            )
        return found

    def apply(self, frame: Frame, context: Context) -> Done:
        codes, names = classes_of(frame)
        sizes = np.bincount(codes[codes >= 0], minlength=len(names))
        if not len(sizes):
            return Done(frame)
        scores = chance(frame, context, "balance")
        groups = [np.flatnonzero(codes == code) for code in range(len(names))]
        if self.how == "oversample":
            more = [_repeated(group, scores[group], int(sizes.max())) for group in groups]
            rows = np.concatenate([np.arange(frame.rows), *more])
            return Done(frame.take(rows), added=len(rows) - frame.rows)
        most = int(sizes.min()) if self.how == "undersample" else self.rows
        kept = [group[lowest(scores[group], most)] for group in groups]
        rows = np.sort(np.concatenate([np.flatnonzero(codes < 0), *kept]))
        return Done(frame.take(rows), removed=frame.rows - len(rows))

    def summary(self) -> str:
        if self.how == "cap":
            return f"Cap classes at {counted(self.rows, 'row')}"
        small = self.how == "undersample"
        return f"Balance classes by {'leaving out' if small else 'repeating'} rows"


def _repeated(group: Indices, scores: np.ndarray, size: int) -> Indices:
    """The rows to add to a class so that it has `size`: all of them as often as possible, then the lowest scores."""
    times, rest = divmod(size - len(group), len(group))
    return np.concatenate([*[group] * times, group[lowest(scores, rest)]])
