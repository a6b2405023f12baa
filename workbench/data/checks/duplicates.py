"""Finds rows that say the same: exact copies, near copies, and equal texts that are labelled differently."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from workbench.data.check import Check, Finding, Fix
from workbench.data.classes import label_classes
from workbench.data.examples import MOST, quoted, row_examples, row_number, value_at
from workbench.data.frame import Frame, Indices
from workbench.data.near import SIMILARITY, Near, near_rows
from workbench.data.step import Context
from workbench.data.strings import blank_rows, coded, column_strings, first_places, folded, same_text
from workbench.data.suggest import counted

#: Characters of distinct texts that near duplicates are looked for in: about a minute. The step looks at all.
MOST_CHARACTERS = 150_000_000


class ExactDuplicates(Check):
    """Rows with the same text and the same label as an earlier one, to the letter."""

    kind: ClassVar[str] = "exact-duplicates"
    title: ClassVar[str] = "Exact copies"
    order: ClassVar[int] = 22

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        if frame.text not in frame.columns:
            return []
        columns = [frame.text] + ([frame.label] if frame.label in frame.columns else [])
        codes, _ = coded(column_strings(frame, frame.text))
        if len(columns) > 1:
            labels, names = coded(column_strings(frame, frame.label))
            codes = codes * (len(names) + 1) + labels + 1
        _, first, groups = np.unique(codes, return_index=True, return_inverse=True)
        later = first[groups] != np.arange(frame.rows)
        later[blank_rows(frame, frame.text)] = False
        rows = np.flatnonzero(later)
        if not len(rows):
            return []
        several = len(np.unique(groups[rows]))
        same = "text and the same label" if len(columns) > 1 else "text"
        return [
            Finding(
                kind=self.kind,
                title=f"{counted(len(rows), 'row is an exact copy', 'rows are exact copies')} of an earlier row "
                f"({counted(several, 'text comes', 'texts come')} more than once)",
                why=f"Rows with the same {same} weigh more than others, and a copy that is held out makes the "
                "model look better than it is.",
                severity="warning",
                rows=rows,
                count=len(rows),
                fixes=(
                    Fix(
                        "Keep the first of each",
                        ({"kind": "remove-duplicates", "columns": columns, "keep": "first"},),
                    ),
                ),
                examples=tuple(
                    f"row {row_number(frame, row)} is row {row_number(frame, int(first[groups[row]]))} again: "
                    f"{quoted(value_at(frame, row, frame.text))}"
                    for row in rows[:MOST].tolist()
                ),
                column=frame.text,
            )
        ]


class NearDuplicates(Check):
    """Rows whose text is nearly, but not exactly, that of an earlier one."""

    kind: ClassVar[str] = "near-duplicates"
    title: ClassVar[str] = "Near copies"
    order: ClassVar[int] = 24

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        if frame.text not in frame.columns:
            return []
        near = near_rows(frame, frame.text, SIMILARITY, context.check, MOST_CHARACTERS)
        if not len(near.rows):
            return []
        whole = near.compared == frame.rows
        among = (
            ""
            if whole
            else f" (among the first {counted(near.compared, 'row')}; the others were not compared)"
        )
        return [
            Finding(
                kind=self.kind,
                title=f"{counted(len(near.rows), 'row is', 'rows are')} nearly the same as an earlier row{among}",
                why=f"At least {SIMILARITY:.0%} of what their texts are made of is the same. Near copies weigh more "
                "than other rows, and leak from training into held-out rows." + _labels_differ(frame, near),
                severity="hint",
                rows=near.rows,
                count=len(near.rows),
                fixes=(
                    Fix(
                        "Keep the first of each",
                        (
                            {
                                "kind": "remove-near-duplicates",
                                "column": frame.text,
                                "similarity": SIMILARITY,
                            },
                        ),
                    ),
                ),
                examples=near_examples(frame, frame, near, "row"),
                column=frame.text,
            )
        ]


class ConflictingLabels(Check):
    """Rows with the same text but different labels; capitals and blanks make no difference."""

    kind: ClassVar[str] = "conflicting-labels"
    title: ClassVar[str] = "Same text, different labels"
    order: ClassVar[int] = 20

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        classes = label_classes(frame)
        if classes is None or frame.text not in frame.columns:
            return []
        texts, distinct = folded(column_strings(frame, frame.text), same_text, context.check)
        several = conflicting(texts, len(distinct), classes.codes)
        rows = np.flatnonzero((texts >= 0) & (classes.codes >= 0))
        rows = rows[several[texts[rows]]]
        if not len(rows):
            return []
        steps = {"kind": "remove-conflicts", "keep": "none"}, {"kind": "remove-conflicts", "keep": "majority"}
        return [
            Finding(
                kind=self.kind,
                title=f"{counted(len(rows), 'row has', 'rows have')} the same text as another but a different label "
                f"({counted(int(several.sum()), 'text')})",
                why="The model is told two things of one text, and no model can be right on both. Often one of the "
                "labels is a mistake.",
                severity="warning",
                rows=rows,
                count=len(rows),
                fixes=(
                    Fix("Remove all of them", (steps[0],)),
                    Fix("Keep the label that most of them have", (steps[1],)),
                ),
                examples=_conflict_examples(frame, rows, texts),
                column=frame.text,
            )
        ]


def conflicting(texts: Indices, distinct: int, labels: Indices) -> np.ndarray:
    """Which of the `distinct` texts come with more than one label; bool. -1 stands for none of either."""
    both = np.flatnonzero((texts >= 0) & (labels >= 0))
    lowest = np.full(distinct, np.iinfo(np.int64).max)
    highest = np.full(distinct, -1, dtype=np.int64)
    np.minimum.at(lowest, texts[both], labels[both])
    np.maximum.at(highest, texts[both], labels[both])
    return highest > lowest


def near_examples(frame: Frame, others: Frame, near: Near, where: str) -> tuple[str, ...]:
    """Pairs of near copies, with how alike they are; `where` is what a row of the others is called."""
    return tuple(
        f"row {row_number(frame, row)}: {quoted(value_at(frame, row, frame.text))} is {alike:.0%} like "
        f"{where} {row_number(others, like)}: {quoted(value_at(others, like, others.text))}"
        for row, like, alike in zip(
            near.rows[:MOST].tolist(), near.like.tolist(), near.similarity.tolist(), strict=False
        )
    )


def _labels_differ(frame: Frame, near: Near) -> str:
    classes = label_classes(frame)
    if classes is None:
        return ""
    one, other = classes.codes[near.rows], classes.codes[near.like]
    differ = int(((one >= 0) & (other >= 0) & (one != other)).sum())
    if not differ:
        return ""
    return f" {counted(differ, 'of them has', 'of them have')} another label than the row they resemble."


def _conflict_examples(frame: Frame, rows: Indices, texts: Indices) -> tuple[str, ...]:
    # Rows of one text side by side, in the order in which the texts come.
    together = rows[np.argsort(first_places(texts, int(texts.max()) + 1)[texts[rows]], kind="stable")]
    found = row_examples(frame, together, frame.text)
    return tuple(
        f"{one} is {quoted(value_at(frame, row, frame.label))}"
        for one, row in zip(found, together.tolist(), strict=False)
    )
