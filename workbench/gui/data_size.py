"""How large the data in hand is, as far as the preview tells: rows to learn from, their lengths, and steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.gui.workspace import Workspace
from workbench.run.recipe import Recipe
from workbench.run.scratch_fields import is_new, tokeniser_of
from workbench.run.task_kinds import learns_running_text

CHARACTERS = 4  # that a token of plain English has on average
#: Lengths that say enough about the others; the window's thread looks through them.
SAMPLE = 2000


@dataclass(frozen=True, slots=True, eq=False)
class DataSize:
    """Rows (or blocks of a plain text) to learn from, and the tokens of a sample of them; None: not known."""

    rows: int
    lengths: npt.NDArray[np.int64] | None


def data_size(workspace: Workspace, block: int | None = None) -> DataSize | None:
    """The size of what the recipe in hand learns from; None while the data is not known.

    A running text counts in blocks of `block` tokens, by itself of the recipe's maximum length.
    """
    data, recipe = workspace.data, workspace.recipe
    block = block or recipe.training.max_length
    if data is None or data.source != recipe.data.train:
        return None
    lengths = None
    if data.profile is not None:
        found = data.profile
        rows: int | None = found.rows - found.blank - found.unlabelled
        if found.unit == "tokens":
            lengths = found.lengths[:: max(1, len(found.lengths) // SAMPLE)]
            if learns_running_text(recipe.task.kind):  # texts are joined and cut into blocks
                rows = int(found.rows * float(np.mean(lengths)) / block) if len(lengths) else 0
    else:
        rows = data.counts.blocks(block) if data.counts else None
        if rows is None and data.counts:  # the model's tokenizer is not there yet
            single = is_new(recipe.model.source) and tokeniser_of(recipe) == "characters"
            rows = data.counts.characters // ((1 if single else CHARACTERS) * block)
    if rows is None:
        return None
    shares = [part for part in (recipe.data.validation, recipe.data.test) if isinstance(part, float)]
    return DataSize(max(1, round(rows * max(0.0, 1 - sum(shares)))), lengths)


def total_steps(recipe: Recipe, size: DataSize) -> int:
    """About how many steps the run has."""
    settings = recipe.training
    steps = math.ceil(math.ceil(size.rows / settings.batch_size) * settings.epochs)
    return max(1, min(steps, settings.max_steps) if settings.max_steps else steps)
