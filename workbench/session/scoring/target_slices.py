"""Labels, numbers and marks as rows that are right or wrong, so that weak groups of them are found in the same way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workbench.run.row_scores import RowIds, RowScores
from workbench.run.target_rows import TargetRows

#: The columns under which questions know what is right and what the model says.
EXPECTED, ANSWER = "expected", "answer"
#: What a row without any label has there.
NOTHING = "nothing"


def right_and_wrong(found: TargetRows) -> RowScores:
    """The rows of an evaluation with whether each is right, its loss, the other columns of the file, and both answers
    as columns.

    What is expected, and what is answered, are columns only where the same comes again: the numbers of a regression, or
    marked words, are different in almost every row.
    """
    wrong = found.wrong.astype(np.float64)
    metadata: dict[str, tuple[str | None, ...]] = dict(found.metadata)
    if found.task == "multi-label":
        pairs = ((EXPECTED, found.true), (ANSWER, found.said))
        both = {name: tuple(value or NOTHING for value in values) for name, values in pairs}
        metadata = {f"{name} (given)" if name in both else name: one for name, one in metadata.items()} | both
    ids = RowIds(found.file, found.rows, found.keys)
    right = np.zeros(len(found), dtype=np.int64)
    rows = RowScores.of(
        found.texts, right, np.stack([1 - wrong, wrong], axis=1), ("right", "wrong"), ids,
        metadata=metadata, model=found.model, told=found.told, vectors=found.vectors, notes=found.notes,
    )  # fmt: skip
    return replace(rows, losses=found.losses)
