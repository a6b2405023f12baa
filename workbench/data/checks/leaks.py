"""Finds rows to learn from that stand among the held-out or test rows as well, exactly or nearly."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from workbench.data.check import Finding, Fix, SideCheck
from workbench.data.checks.duplicates import near_examples
from workbench.data.examples import row_examples
from workbench.data.frame import Frame
from workbench.data.near import SIMILARITY, Near, near_pairs
from workbench.data.step import Context
from workbench.data.strings import in_both
from workbench.data.suggest import counted

#: What the rows of a side are called.
WORD_OF = {"validation": "held-out", "test": "test"}
_WHY = (
    "What was seen in training is easy when it comes up in the measurement: the model looks better than it is on new "
    "texts."
)


class Leaks(SideCheck):
    """Rows whose text stands among the held-out or test rows; capitals and blanks make no difference."""

    kind: ClassVar[str] = "leaks"
    title: ClassVar[str] = "In training and held out"
    order: ClassVar[int] = 26

    def between(self, frame: Frame, other: Frame, side: str, context: Context) -> list[Finding]:
        if not _comparable(frame, other):
            return []
        rows, others = in_both(frame, other, context.check)
        if not len(rows):
            return []
        return [
            Finding(
                kind=self.kind,
                title=f"{counted(len(rows), 'row')} to learn from {'stands' if len(rows) == 1 else 'stand'} among the "
                f"{WORD_OF[side]} rows as well ({counted(len(others), f'{WORD_OF[side]} row')})",
                why=_WHY,
                severity="warning",
                rows=rows,
                count=len(rows),
                fixes=(Fix("Remove them from training", ({"kind": "remove-leaks"},)),),
                examples=row_examples(frame, rows, frame.text),
                column=frame.text,
                held_out=others,
                side=side,
                about=side,
            )
        ]


class NearLeaks(SideCheck):
    """Rows whose text is nearly, but not exactly, that of a held-out or test row."""

    kind: ClassVar[str] = "near-leaks"
    title: ClassVar[str] = "Nearly the same in training and held out"
    order: ClassVar[int] = 28

    def between(self, frame: Frame, other: Frame, side: str, context: Context) -> list[Finding]:
        if not _comparable(frame, other):
            return []
        near = near_pairs(frame, other, SIMILARITY, context.check)
        exact, _ = in_both(frame, other, context.check)
        new = ~np.isin(near.rows, exact)
        near = Near(near.rows[new], near.like[new], near.similarity[new], near.compared)
        if not len(near.rows):
            return []
        return [
            Finding(
                kind=self.kind,
                title=f"{counted(len(near.rows), 'row')} to learn from {'is' if len(near.rows) == 1 else 'are'} nearly "
                f"the same as a {WORD_OF[side]} row",
                why=_WHY,
                severity="hint",
                rows=near.rows,
                count=len(near.rows),
                fixes=(
                    Fix("Remove them from training", ({"kind": "remove-leaks", "similarity": SIMILARITY},)),
                ),
                examples=near_examples(frame, other, near, f"{WORD_OF[side]} row"),
                column=frame.text,
                held_out=np.unique(near.like),
                side=side,
                about=side,
            )
        ]


def _comparable(frame: Frame, other: Frame) -> bool:
    return frame.text in frame.columns and other.text in other.columns
