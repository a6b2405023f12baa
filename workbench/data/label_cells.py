"""How labels stand in the cells of a table: several in one, or a yes or no for each label in a column of its own."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Sequence

from workbench.data.tables import Table

#: What may stand between the labels of a cell; the first that occurs is taken for the whole file.
SEPARATORS = ("|", ";", ",")
YES, NO = frozenset({"1", "1.0", "true", "yes", "y"}), frozenset({"0", "0.0", "false", "no", "n"})
LONGEST = 40  # characters of a label, on average
SAMPLE = 2000  # cells that are looked at


def likely_label_columns(table: Table, text: str = "") -> tuple[str, ...]:
    """The columns that most likely hold sets of labels: one of lists, or all that say yes or no; none where neither."""
    others = [name for name in table.columns if name != text]
    several = [name for name in others if holds_sets(table.sample(name, SAMPLE))]
    if several:
        return (min(several, key=lambda name: _mean_length(table.sample(name, SAMPLE))),)
    switches = tuple(name for name in others if says_yes_or_no(table.sample(name, SAMPLE)))
    return switches if len(switches) > 1 else ()


def holds_sets(values: Sequence[str | None]) -> bool:
    """Whether the cells hold lists of labels that come up again and again, rather than sentences with commas."""
    filled = [value.strip() for value in values if value and value.strip()]
    separator = separator_of(filled)
    lists = sum(value.startswith("[") for value in filled) > 0.9 * len(filled) > 0
    if not filled or not (separator or lists):
        return False
    found = [labels for value in filled if (labels := read_labels(value, separator)) is not None]
    names = Counter(name for labels in found for name in labels)
    if len(found) < 0.9 * len(filled) or len(names) < 2:
        return False
    several = sum(len(labels) > 1 for labels in found)
    short = sum(map(len, names)) <= 25 * len(names) and max(map(len, names)) <= 2 * LONGEST
    spoken = sum(name.count(" ") > 3 for name in names)  # parts of sentences
    return several * 10 >= len(found) and short and not spoken and len(names) * 3 <= names.total()


def read_labels(value: str, separator: str) -> tuple[str, ...] | None:
    """The labels of one cell, each once; None for a list that cannot be read."""
    value = value.strip()
    if not value.startswith("["):
        parts = value.split(separator) if separator else [value]
        return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    try:
        found = json.loads(value)
    except ValueError:
        try:  # as Python writes a list
            found = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    if not isinstance(found, list) or not all(isinstance(one, str | int | float) for one in found):
        return None
    return tuple(dict.fromkeys(str(one).strip() for one in found if str(one).strip()))


def separator_of(values: Sequence[str]) -> str:
    plain = [value for value in values if not value.lstrip().startswith("[")]
    return next((mark for mark in SEPARATORS if any(mark in value for value in plain)), "")


def switch_of(value: str) -> bool | None:
    folded = value.casefold()
    return True if folded in YES else False if folded in NO else None


def says_yes_or_no(values: Sequence[str | None]) -> bool:
    """Whether nearly all filled cells say yes or no, and both occur or there are few rows."""
    said = [switch_of(value.strip()) for value in values if value and value.strip()]
    return bool(said) and sum(one is not None for one in said) >= 0.9 * len(said)


def _mean_length(values: Sequence[str | None]) -> float:
    filled = [len(value) for value in values if value]
    return sum(filled) / max(1, len(filled))
