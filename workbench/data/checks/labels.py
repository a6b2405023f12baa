"""Finds labels that are no good to learn: one class only, several spellings, far too few rows, or far too many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from workbench.data.check import Check, Finding, Fix
from workbench.data.classes import Classes, label_classes, learnable_classes
from workbench.data.examples import MOST, quoted
from workbench.data.frame import Frame, Indices
from workbench.data.step import Context
from workbench.data.suggest import counted

#: A class with fewer rows can hardly be learned, and its held-out share is a row or none.
FEWEST = 10
#: From how many times the rows of the smallest class the largest is called too large, and when that is serious.
UNEVEN, VERY_UNEVEN = 5.0, 20.0

_NONE: Indices = np.empty(0, dtype=np.int64)


class OneClass(Check):
    """All labelled rows have the same label."""

    kind: ClassVar[str] = "one-class"
    title: ClassVar[str] = "Only one class"
    order: ClassVar[int] = 14

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        classes = label_classes(frame)
        if classes is None or len(classes.names) != 1:
            return []
        return [
            Finding(
                kind=self.kind,
                title=f"There is only one class, {quoted(classes.names[0])}",
                why="A model learns to tell classes apart; with one there is nothing to tell. Choose another label "
                "column, or add rows of another class.",
                severity="error",
                rows=_NONE,
                count=1,
                column=frame.label,
            )
        ]


class LabelSpellings(Check):
    """Labels that differ only in capitals, blanks or Unicode form."""

    kind: ClassVar[str] = "label-spellings"
    title: ClassVar[str] = "One class in several spellings"
    order: ClassVar[int] = 30

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        classes = learnable_classes(frame)
        if classes is None:
            return []
        several = [i for i, spellings in enumerate(classes.spellings) if len(spellings) > 1]
        if not several:
            return []
        rows = _rare_spellings(frame, classes)
        return [
            Finding(
                kind=self.kind,
                title=f"{counted(len(rows), 'row spells its class', 'rows spell their class')} unlike most rows of it "
                f"({counted(len(several), 'class', 'classes')})",
                why="Labels that differ in capitals, blanks or Unicode form are different classes to a model, though "
                "most likely they mean the same.",
                severity="warning",
                rows=rows,
                count=len(rows),
                fixes=(Fix("Use the most frequent spelling", ({"kind": "normalise-labels"},)),),
                examples=tuple(
                    ", ".join(f"“{name}” in {counted(n, 'row')}" for name, n in classes.spellings[i])
                    for i in several[:MOST]
                ),
                column=frame.label,
            )
        ]


class SmallClasses(Check):
    """Classes with too few rows to be learned or measured."""

    kind: ClassVar[str] = "small-classes"
    title: ClassVar[str] = "Classes with few rows"
    order: ClassVar[int] = 34

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        classes = learnable_classes(frame)
        if classes is None:
            return []
        small = np.flatnonzero(classes.sizes < FEWEST)
        if not len(small):
            return []
        rows = np.flatnonzero(np.isin(classes.codes, small))
        drop: tuple[Fix, ...] = ()
        if len(classes.names) - len(small) >= 2:
            # Classes are counted with all their spellings, which training must take for one class then.
            spelt: tuple[Mapping[str, Any], ...] = ()
            if any(len(spellings) > 1 for spellings in classes.spellings):
                spelt = ({"kind": "normalise-labels"},)
            drop = (Fix("Remove these classes", (*spelt, {"kind": "drop-classes", "below": FEWEST})),)
        if len(small) > 1:
            other = {name: "other" for i in small.tolist() for name, _ in classes.spellings[i]}
            drop += (Fix("Make them one class, “other”", ({"kind": "rename-labels", "names": other},)),)
        return [
            Finding(
                kind=self.kind,
                title=f"{counted(len(small), 'class has', 'classes have')} fewer than {FEWEST} rows",
                why="So few rows are hardly enough to learn a class, and how well it is learned cannot be measured.",
                severity="warning",
                rows=rows,
                count=len(small),
                fixes=drop,
                examples=tuple(
                    f"{quoted(classes.names[i])}: {counted(int(classes.sizes[i]), 'row')}"
                    for i in small[:MOST].tolist()
                ),
                column=frame.label,
            )
        ]


class ClassImbalance(Check):
    """One class has many times the rows of another; classes with too few rows are another finding."""

    kind: ClassVar[str] = "class-imbalance"
    title: ClassVar[str] = "Uneven classes"
    order: ClassVar[int] = 32

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        classes = learnable_classes(frame)
        if classes is None:
            return []
        sizes = classes.sizes[classes.sizes >= FEWEST]
        if len(sizes) < 2 or sizes.max() < UNEVEN * sizes.min():
            return []
        ratio = float(sizes.max() / sizes.min())
        small = np.flatnonzero((classes.sizes >= FEWEST) & (classes.sizes * UNEVEN <= sizes.max()))
        largest = classes.names[int(classes.sizes.argmax())]
        return [
            Finding(
                kind=self.kind,
                title=f"The largest class has {ratio:.3g} times the rows of the smallest",
                why=f"A model that always says {quoted(largest)} is right in "
                f"{sizes.max() / sizes.sum():.0%} of the rows, and training leans that way. "
                f"By their sizes, {counted(len(sizes), 'class', 'classes')} are worth "
                f"{effective_number(sizes):.2g} even ones. Look at F1 rather than accuracy.",
                severity="warning" if ratio >= VERY_UNEVEN else "hint",
                rows=np.flatnonzero(np.isin(classes.codes, small)),
                count=len(small),
                fixes=(
                    Fix("Repeat rows of small classes", ({"kind": "balance", "how": "oversample"},)),
                    Fix("Use fewer rows of large classes", ({"kind": "balance", "how": "undersample"},)),
                ),
                examples=tuple(
                    f"{quoted(name)}: {counted(int(n), 'row')}"
                    for name, n in sorted(
                        zip(classes.names, classes.sizes, strict=True), key=lambda one: one[1]
                    )[:MOST]
                ),
                column=frame.label,
            )
        ]


def effective_number(sizes: Indices) -> float:
    """How many classes of equal size would be as uncertain: exp of the entropy of the shares (Hill 1973, order 1)."""
    shares = sizes[sizes > 0] / sizes.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _rare_spellings(frame: Frame, classes: Classes) -> Indices:
    """The rows whose label is not spelled as most rows of its class spell it."""
    filled = np.flatnonzero(classes.raw >= 0)
    spelled, places = np.unique(classes.raw[filled], return_index=True)
    kept = np.full(len(classes.names), -1, dtype=np.int64)  # the spelling that each class keeps
    rows = np.bincount(classes.raw[filled])
    for number, place in zip(spelled.tolist(), filled[places].tolist(), strict=True):
        kind = int(classes.codes[place])
        if kept[kind] < 0 or rows[number] > rows[kept[kind]]:
            kept[kind] = number
    rare: Indices = filled[classes.raw[filled] != kept[classes.codes[filled]]]
    return rare
