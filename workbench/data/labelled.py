"""Turns two columns into texts with class numbers, and splits them into training and held-out rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.data.suggest import counted, listed
from workbench.data.tables import Table
from workbench.run.problem import WorkbenchError, bad_input

Indices = npt.NDArray[np.int64]
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Texts, each with the number of its class.

    Attributes:
        texts: The texts, none blank.
        labels: For each text, an index into `class_names`.
        class_names: The classes; numbers in numeric order, words in alphabetical order.
        notes: What was set aside, in plain words.
        kept: For each text its row in the table, ascending; int64.
    """

    texts: list[str]
    labels: list[int]
    class_names: tuple[str, ...]
    notes: tuple[str, ...]
    kept: Indices


def labelled_rows(
    table: Table,
    text: str,
    label: str,
    class_names: Sequence[str] | None = None,
    *,
    field: str = "data.train",
    origin: Indices | None = None,
) -> LabelledRows:
    """The rows that have both a text and a label.

    Args:
        table: The data.
        text: The text column.
        label: The label column.
        class_names: The classes of the training data, for a file to be measured on; rows of other classes
            are set aside. None takes the classes from the rows.
        field: The recipe field that named the file.
        origin: Each row's number in the untouched file, from 0, by which rows are named; None: they are untouched.

    Raises:
        WorkbenchError: When no rows are left, there is only one class, or the labels look like texts.
    """
    texts, labels = table.column(text), [value and value.strip() for value in table.column(label)]
    unlabelled = [i for i, value in enumerate(labels) if not value]
    blank = [i for i, value in enumerate(texts) if labels[i] and not (value and value.strip())]
    numbers = np.arange(table.rows) if origin is None else origin
    notes = [
        *_aside(numbers[unlabelled], f"without a label in “{label}”"),
        *_aside(numbers[blank], f"without a text in “{text}”"),
    ]
    left_out = {*unlabelled, *blank}
    kept = [i for i in range(table.rows) if i not in left_out]
    if class_names is not None:
        known = frozenset(class_names)
        unknown = [i for i in kept if labels[i] not in known]
        strange = sorted({str(labels[i]) for i in unknown})
        notes += _aside(
            numbers[unknown], f"of a class that the training data does not have ({listed(strange, 4)})"
        )
        kept = [i for i in kept if labels[i] in known]
    if not kept:
        raise _nothing_left(table, notes, field)
    counts = Counter(str(labels[i]) for i in kept)
    if class_names is None:
        _check_classes(table, label, counts)
        class_names = sorted(counts, key=natural_key)
        notes += _class_notes(counts)
    number = {name: i for i, name in enumerate(class_names)}
    return LabelledRows(
        [str(texts[i]) for i in kept],
        [number[str(labels[i])] for i in kept],
        tuple(class_names),
        tuple(notes),
        np.array(kept, dtype=np.int64),
    )


def natural_key(name: str) -> tuple[int, float, tuple[tuple[int, int, str], ...]]:
    """The key by which class names sort as people expect: -1, 2, 10, then "room 2" before "room 10"."""
    if _NUMBER.fullmatch(name):
        return 0, float(name), ((1, 0, name),)
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    words = tuple((0, int(p), "") if p.isascii() and p.isdigit() else (1, 0, p.casefold()) for p in parts)
    return 1, 0.0, (*words, (1, 0, name))


def split(labels: Sequence[int], fraction: float, seed: int) -> tuple[Indices, Indices]:
    """Split rows into training and held-out ones so that both have the classes in the same proportion.

    A class with a single row stays in training; every other class has a row on both sides. The same labels,
    fraction and seed always give the same split, and no global random state is touched.

    Args:
        labels: The class number of each row.
        fraction: The share to hold out, above 0 and below 1.
        seed: The seed of the split's own generator.

    Returns:
        The row numbers for training and those held out, each in ascending order; int64.

    Raises:
        WorkbenchError: When no class has two rows, so that nothing can be held out.
    """
    if not 0.0 < fraction < 1.0:
        raise ValueError(f"the held-out fraction must lie between 0 and 1, not {fraction}")
    classes = np.asarray(labels, dtype=np.int64)
    names, sizes = np.unique(classes, return_counts=True)
    if not (sizes > 1).any():
        raise bad_input(
            "No rows can be held out.",
            "Every class has a single row, which is needed for training.",
            "Add rows, or give a file of held-out rows.",
            field="data.validation",
        )
    generator = np.random.default_rng(seed)
    held = [
        generator.permutation(np.flatnonzero(classes == name))[:count]
        for name, count in zip(names, _held_counts(sizes, fraction), strict=True)
    ]
    held_out = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(len(classes), dtype=np.int64), held_out), held_out


def _held_counts(sizes: Indices, fraction: float) -> Indices:
    """How many rows of each class to hold out: shares rounded by largest remainder, then at least 1 of 2."""
    exact = sizes * fraction
    counts = np.floor(exact).astype(np.int64)
    missing = round(float(exact.sum())) - int(counts.sum())
    order = np.argsort(counts - exact, kind="stable")  # the largest remainder first
    counts[order[:missing]] += 1
    clipped: Indices = np.clip(counts, np.minimum(1, sizes - 1), sizes - 1)
    return clipped


def _aside(rows: Indices, what: str) -> list[str]:
    if not len(rows):
        return []
    where = f"{'row' if len(rows) == 1 else 'rows'} {listed((rows + 1).tolist())}"
    return [f"{counted(len(rows), 'row')} {what} {'was' if len(rows) == 1 else 'were'} set aside ({where})."]


def _check_classes(table: Table, label: str, counts: Counter[str]) -> None:
    rows = counts.total()
    if len(counts) == 1:
        raise bad_input(
            "There is only one class.",
            f"Every row of {table.path.name} has “{next(iter(counts))[:60]}” in “{label}”.",
            "Choose another label column, or add rows of another class.",
            field="data.label",
        )
    long = sum(len(name) * count for name, count in counts.items()) > 40 * rows
    # Of a handful of rows many may be alone in their class; that is a small file, not a wrong column.
    if len(counts) * 2 > rows and (rows >= 20 or long):
        raise bad_input(
            f"“{label}” looks like text, not a label.",
            f"Its {counted(rows, 'row')} have {counted(len(counts), 'different value')}, such as "
            f"“{min(counts)[:60]}”.",
            "Choose a column with a few values that come up again.",
            field="data.label",
        )


def _class_notes(counts: Counter[str]) -> list[str]:
    notes = []
    single = sorted((name for name, count in counts.items() if count == 1), key=natural_key)
    if single:
        notes.append(
            f"{counted(len(single), 'class has', 'classes have')} a single row ({listed(single, 4)}): it is used "
            "for training and cannot be measured."
        )
    folded: dict[str, list[str]] = {}
    for name in sorted(counts):
        folded.setdefault(name.casefold(), []).append(name)
    notes += [
        f"The classes {listed(names, 4)} differ only in capitals and are kept apart."
        for names in folded.values()
        if len(names) > 1
    ]
    return notes


def _nothing_left(table: Table, notes: list[str], field: str) -> WorkbenchError:
    return bad_input(
        f"No rows of {table.path.name} can be used.",
        " ".join(notes) or "It has no rows.",
        "Check that the text and label columns are the right ones.",
        field=field,
    )
