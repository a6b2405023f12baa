"""The step that leaves out rows whose text has different labels."""

from __future__ import annotations

from typing import Literal

import numpy as np

from workbench.data.changing import keep_rows
from workbench.data.classes import label_classes
from workbench.data.frame import Frame
from workbench.data.step import Context, Done, Step
from workbench.data.strings import column_strings, folded, same_text
from workbench.run.section import field


class RemoveConflicts(Step):
    """Settles texts that are labelled in two ways."""

    kind = "remove-conflicts"
    title = "Remove contradictions"
    help = "Leaves out texts that stand in the data with different labels, from which nothing can be learned."
    group = "labels"
    reads_label = True

    keep: Literal["none", "majority"] = field(
        "none",
        "Keep",
        "none: all rows of such a text go. majority: those with the most frequent label stay, if there is one.",
    )

    def needs(self) -> tuple[str, ...]:
        return ("",)

    def apply(self, frame: Frame, context: Context) -> Done:
        texts, _ = folded(column_strings(frame, frame.text), same_text, context.check)
        classes = label_classes(frame)
        if classes is None or not classes.names:
            return Done(frame)
        rows = np.flatnonzero((texts >= 0) & (classes.codes >= 0))
        both = texts[rows] * len(classes.names) + classes.codes[rows]
        pairs, pair_of, counts = np.unique(both, return_inverse=True, return_counts=True)
        text_of = pairs // len(classes.names)
        conflicting = np.isin(text_of, text_of[1:][text_of[1:] == text_of[:-1]])
        gone = conflicting.copy()
        if self.keep == "majority":
            gone[conflicting] = ~_largest(text_of[conflicting], counts[conflicting])
        keep = np.ones(frame.rows, dtype=bool)
        keep[rows[gone[pair_of]]] = False
        return keep_rows(frame, keep)

    def summary(self) -> str:
        which = "all of them" if self.keep == "none" else "all but the most frequent label"
        return f"Remove rows of the same text with different labels, {which}"


def _largest(groups: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Where a count is the largest of its group and no other is as large; groups are ascending."""
    order = np.lexsort((-counts, groups))
    sorted_groups, sorted_counts = groups[order], counts[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = sorted_groups[1:] != sorted_groups[:-1]
    tied = np.zeros(len(order), dtype=bool)
    tied[:-1] = first[:-1] & ~first[1:] & (sorted_counts[1:] == sorted_counts[:-1])
    largest = np.zeros(len(order), dtype=bool)
    largest[order] = first & ~tied
    return largest
