"""The step that leaves out rows to learn from whose text is measured on as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.data.changing import keep_rows
from workbench.data.frame import Frame
from workbench.data.near import near_pairs
from workbench.data.step import Context, Done, Step
from workbench.data.strings import in_both
from workbench.run.section import field


class RemoveLeaks(Step):
    """Takes away from training what stands among held-out or test rows."""

    kind = "remove-leaks"
    title = "Remove leaks"
    help = "Leaves out rows to learn from whose text is also held out, so that the score is honest."
    group = "rows"
    learning_only = True

    similarity: float = field(
        1.0,
        "Similarity",
        "From which similarity to a held-out text a row goes; 1: only the same texts, but for capitals and blanks.",
        ge=0.3,
        le=1.0,
    )

    def needs(self) -> tuple[str, ...]:
        return ("",)

    def apply(self, frame: Frame, context: Context) -> Done:
        return Done(frame)

    def learn(self, frame: Frame, held_out: Sequence[Frame], context: Context) -> Done:
        keep = np.ones(frame.rows, dtype=bool)
        for other in held_out:
            keep[in_both(frame, other, context.check)[0]] = False
            if self.similarity < 1:
                keep[near_pairs(frame, other, self.similarity, context.check).rows] = False
        return keep_rows(frame, keep)

    def summary(self) -> str:
        nearly = "" if self.similarity == 1 else f", or nearly (from a similarity of {self.similarity:g})"
        return f"Remove rows to learn from whose text is also held out{nearly}"
