"""Finds rows to learn from that stand among the held-out rows as well, exactly or nearly."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from workbench.data.check import Check, Finding, Fix
from workbench.data.checks.duplicates import near_examples
from workbench.data.examples import row_examples
from workbench.data.frame import Frame, Indices
from workbench.data.near import SIMILARITY, Near, near_pairs
from workbench.data.step import Context
from workbench.data.strings import column_strings, folded, same_text
from workbench.data.suggest import counted

_WHY = (
    "What was seen in training is easy when it comes up in the measurement: the model looks better than it is on new "
    "texts."
)


class Leaks(Check):
    """Rows whose text stands among the held-out ones; capitals and blanks make no difference."""

    kind: ClassVar[str] = "leaks"
    title: ClassVar[str] = "In training and held out"
    order: ClassVar[int] = 26

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        if held_out is None or not _comparable(frame, held_out):
            return []
        rows, others = leaking(frame, held_out, context)
        if not len(rows):
            return []
        return [
            Finding(
                kind=self.kind,
                title=f"{counted(len(rows), 'row')} to learn from {'stands' if len(rows) == 1 else 'stand'} among the "
                f"held-out rows as well ({counted(len(others), 'held-out row')})",
                why=_WHY,
                severity="warning",
                rows=rows,
                count=len(rows),
                fixes=(Fix("Remove them from training", ({"kind": "remove-leaks"},)),),
                examples=row_examples(frame, rows, frame.text),
                column=frame.text,
                held_out=others,
            )
        ]


class NearLeaks(Check):
    """Rows whose text is nearly, but not exactly, that of a held-out one."""

    kind: ClassVar[str] = "near-leaks"
    title: ClassVar[str] = "Nearly the same in training and held out"
    order: ClassVar[int] = 28

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        if held_out is None or not _comparable(frame, held_out):
            return []
        near = near_pairs(frame, held_out, SIMILARITY, context.check)
        exact, _ = leaking(frame, held_out, context)
        new = ~np.isin(near.rows, exact)
        near = Near(near.rows[new], near.like[new], near.similarity[new], near.compared)
        if not len(near.rows):
            return []
        return [
            Finding(
                kind=self.kind,
                title=f"{counted(len(near.rows), 'row')} to learn from {'is' if len(near.rows) == 1 else 'are'} nearly "
                "the same as a held-out row",
                why=_WHY,
                severity="hint",
                rows=near.rows,
                count=len(near.rows),
                fixes=(
                    Fix("Remove them from training", ({"kind": "remove-leaks", "similarity": SIMILARITY},)),
                ),
                examples=near_examples(frame, held_out, near),
                column=frame.text,
                held_out=np.unique(near.like),
            )
        ]


def leaking(frame: Frame, held_out: Frame, context: Context) -> tuple[Indices, Indices]:
    """The rows to learn from whose text is held out as well, and those held-out rows; blank texts do not count."""
    codes, texts = folded(column_strings(frame, frame.text), same_text, context.check)
    other_codes, other_texts = folded(column_strings(held_out, held_out.text), same_text, context.check)
    there = set(other_texts)
    both = {text for text in texts if text in there}
    # The last one is for rows without a text.
    shared = np.array([text in both for text in texts] + [False])
    other_shared = np.array([text in both for text in other_texts] + [False])
    return np.flatnonzero(shared[codes]), np.flatnonzero(other_shared[other_codes])


def _comparable(frame: Frame, held_out: Frame) -> bool:
    return frame.text in frame.columns and held_out.text in held_out.columns
