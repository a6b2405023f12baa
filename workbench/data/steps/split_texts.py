"""The step that splits long texts into several rows."""

from __future__ import annotations

import numpy as np

from workbench.data.changing import named_columns, told_columns
from workbench.data.cutting import cutter, parts_of
from workbench.data.frame import Frame
from workbench.data.step import FIELD, Context, Done, Step
from workbench.run.problem import Problem
from workbench.run.section import field


class SplitTexts(Step):
    """Makes several rows of a text that is too long; each has the label and the origin of the whole."""

    kind = "split-texts"
    title = "Split long texts"
    help = "Makes several rows of a long text, so that none of it is lost; all parts stay on one side of the split."
    group = "texts"

    column: str = field("", "Column", "The column whose texts are split. Empty: the text.")
    tokens: int = field(
        0,
        "Tokens",
        "The most tokens of a part, with the marks that the model puts around it. 0: the recipe's maximum length.",
        unit="tokens",
        ge=0,
    )
    stride: int = field(
        0, "Overlap", "How many tokens a part repeats of the one before it.", unit="tokens", ge=0
    )

    def needs(self) -> tuple[str, ...]:
        return (self.column,)

    def complaints(self, frame: Frame) -> list[Problem]:
        found = super().complaints(frame)
        if self.tokens and self.stride >= self.tokens:
            found.append(
                Problem(
                    f"{self.title}: parts of {told_columns([self.column])} would never come to an end.",
                    f"Each part of {self.tokens} tokens is to repeat {self.stride} of the one before.",
                    "Choose a smaller overlap.",
                    field=FIELD,
                )
            )
        return found

    def apply(self, frame: Frame, context: Context) -> Done:
        (column,) = named_columns(frame, (self.column,))
        cut = cutter(frame, column, self.tokens, context)
        stride = min(self.stride, cut.limit - 1)
        rows, texts = list(range(frame.rows)), frame.column(column)
        # A part may have other tokens by itself than it had in the whole: until nothing is too long.
        while True:
            parts = {
                place: made
                for place, pieces in cut.too_long(texts, context.check)
                if len(made := parts_of(texts[place] or "", pieces, cut.limit, stride)) > 1
            }
            if not parts:
                break
            rows = [row for place, row in enumerate(rows) for _ in parts.get(place, " ")]
            texts = [part for place, text in enumerate(texts) for part in parts.get(place, [text])]
        notes = (cut.note,) if cut.note else ()
        if len(rows) == frame.rows:
            return Done(frame, notes=notes)
        added = len(rows) - frame.rows
        changed = int(np.sum(np.bincount(rows) > 1))
        return Done(frame.take(rows).with_column(column, texts), changed=changed, added=added, notes=notes)

    def summary(self) -> str:
        length = f"{self.tokens} tokens" if self.tokens else "the maximum length"
        overlap = f" that share {self.stride}" if self.stride else ""
        return f"Split {told_columns([self.column])} into parts of {length}{overlap}"
