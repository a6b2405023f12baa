"""The step that leaves out classes with too few rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from workbench.data.changing import keep_rows, labels_of
from workbench.data.classes import label_classes
from workbench.data.frame import Frame
from workbench.data.step import Context, Done, Step
from workbench.data.strings import same_label
from workbench.data.suggest import counted, listed
from workbench.run.section import field


def _as_training_counts(spellings: Iterable[tuple[str, int]]) -> Counter[str]:
    """The rows of each spelling; only blanks at the ends make no difference to training."""
    counts: Counter[str] = Counter()
    for name, rows in spellings:
        counts[name.strip()] += rows
    return counts


class DropClasses(Step):
    """Leaves out every class that has fewer rows than are needed; all spellings of a class count together."""

    kind = "drop-classes"
    title = "Drop small classes"
    help = "Leaves out classes with so few rows that they can be neither learned nor measured."
    group = "labels"
    reads_label = True

    below: int = field(10, "Below", "Classes with fewer rows than this go.", unit="rows", ge=1)

    def apply(self, frame: Frame, context: Context) -> Done:
        classes = label_classes(frame)
        if classes is None:
            return Done(frame)
        few = classes.sizes < self.below
        gone = [f"“{name}”" for name, small in zip(classes.names, few, strict=True) if small]
        notes: tuple[str, ...] = (
            (f"{counted(len(gone), 'class', 'classes')} left out: {listed(gone, 6)}",) if gone else ()
        )
        split = [
            f"“{name}”"
            for name, small, spellings in zip(classes.names, few, classes.spellings, strict=True)
            if not small and min(_as_training_counts(spellings).values()) < self.below
        ]
        if split:
            notes += (
                f"{counted(len(split), 'class', 'classes')} stayed because all spellings were counted together: "
                f"{listed(split, 6)}. To training each spelling is a class of its own: put “One spelling for each "
                "label” before this step.",
            )
        done = keep_rows(frame, ~np.append(few, False)[classes.codes], *notes)  # the last one is for -1
        return replace(done, found=frozenset(map(same_label, np.array(classes.names)[few].tolist())))

    def again(self, frame: Frame, found: Any, context: Context) -> Done:
        gone: frozenset[str] = found or frozenset()
        return keep_rows(
            frame, np.array([same_label(label) not in gone for label in labels_of(frame)], dtype=bool)
        )

    def summary(self) -> str:
        return f"Drop classes with fewer than {counted(self.below, 'row')}"
