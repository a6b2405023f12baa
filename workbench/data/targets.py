"""Tasks whose rows have something else to predict than one class: which columns that is, and whether it can be read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.data.amounts import amount_columns, looked_at_amounts
from workbench.data.frame import Frame, Indices
from workbench.data.label_columns import Wrong, roles_now, set_aside_notes
from workbench.data.label_sets import looked_at_labels, set_columns
from workbench.data.pipeline import as_table
from workbench.data.tables import Table
from workbench.data.tagged import looked_at_tags, tagged_columns
from workbench.run.recipe import DataSection

_COLUMNS = {"multi-label": set_columns, "regression": amount_columns, "token-classification": tagged_columns}
_LOOKS = {
    "multi-label": looked_at_labels,
    "regression": looked_at_amounts,
    "token-classification": looked_at_tags,
}


class Readable(NamedTuple):
    """Rows as the task would learn from them: the columns in use, the usable rows, and what there is to say."""

    text: str
    labels: tuple[str, ...]
    kept: Indices
    notes: tuple[str, ...]


def has_targets(task: str) -> bool:
    """Whether the task is one of these."""
    return task in _COLUMNS


def target_columns(task: str, table: Table, data: DataSection) -> tuple[str, tuple[str, ...]]:
    """The column that is read and those that are predicted, of the untouched file; named or guessed.

    Raises:
        WorkbenchError: When a named one is not there, or none can be guessed.
    """
    return _COLUMNS[task](table, data)


def readable(
    task: str, frame: Frame, table: Table, data: DataSection, text: str, labels: tuple[str, ...]
) -> Readable:
    """What the task would make of mended rows.

    Args:
        task: The task's kind.
        frame: The rows after all steps.
        table: The untouched file.
        data: The recipe's columns.
        text: The column that is read, as `target_columns` found it.
        labels: Those that are predicted.

    Raises:
        WorkbenchError: When the columns do not hold what the task learns.
    """
    now = as_table(frame, table)
    text, labels = roles_now(frame, now, data, text, labels)
    found: tuple[list[Wrong], list[str]] = _LOOKS[task](frame, now, text, labels)
    wrong, notes = found
    kept = np.flatnonzero(~np.isin(frame.origin, [one.row for one in wrong])).astype(np.int64)
    return Readable(text, labels, kept, (*notes, *set_aside_notes(wrong, data, "train")))
