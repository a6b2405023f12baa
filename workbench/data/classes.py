"""The classes of labelled rows, with the spellings of each, and whether a column holds classes at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.data.frame import Frame, Indices
from workbench.data.strings import coded, column_strings, same_label
from workbench.data.tables import PORTION


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Each row's class; labels that differ only in capitals, blanks or Unicode form are one class.

    Attributes:
        codes: The number of each row's class, -1 where there is no label; int64, shape (rows,).
        names: Each class's most frequent spelling (the first of equally frequent ones).
        sizes: Each class's rows; int64, shape (classes,).
        spellings: Each class's spellings with their rows, as they stand in the file, in the order of `names`.
        raw: The number of each row's spelling, counted through all spellings; -1 where there is no label.
    """

    codes: Indices
    names: tuple[str, ...]
    sizes: Indices
    spellings: tuple[tuple[tuple[str, int], ...], ...]
    raw: Indices

    @property
    def are_classes(self) -> bool:
        """Whether the labels come up again, so that they can be learned; a text or an amount does not."""
        rows = int(self.sizes.sum())
        return rows < 20 or len(self.names) * 2 <= rows


def label_classes(frame: Frame) -> Classes | None:
    """The classes of a frame's rows; None where it has no label column."""
    if not frame.label or frame.label not in frame.columns:
        return None
    raw, labels = coded(column_strings(frame, frame.label))
    parts = (labels.slice(start, PORTION).to_pylist() for start in range(0, len(labels), PORTION))
    spelled: list[str] = [label for part in parts for label in part]
    rows = np.bincount(raw[raw >= 0], minlength=len(spelled))
    numbers: dict[str, int] = {}
    kinds = np.full(len(spelled) + 1, -1, dtype=np.int64)
    spellings: list[list[tuple[str, int]]] = []
    for i, label in enumerate(spelled):
        key = same_label(label)
        if not key:
            continue
        kinds[i] = numbers.setdefault(key, len(numbers))
        if kinds[i] == len(spellings):
            spellings.append([])
        spellings[kinds[i]].append((label, int(rows[i])))
    codes = kinds[raw]
    return Classes(
        codes=codes,
        names=tuple(max(group, key=lambda one: one[1])[0] for group in spellings),
        sizes=np.bincount(codes[codes >= 0], minlength=len(spellings)).astype(np.int64),
        spellings=tuple(map(tuple, spellings)),
        raw=np.where(codes >= 0, raw, -1),
    )


def learnable_classes(frame: Frame) -> Classes | None:
    """The same, but None as well where the label column holds no classes or nothing at all."""
    found = label_classes(frame)
    return found if found is not None and found.names and found.are_classes else None
