"""Held-out rows of a run whose model writes: how probable each expected answer is, and the mean with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from workbench.run.answer_losses import AnswerLosses
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.scores import Number
from workbench.session.evaluating import held_out_exercises, spread
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk
from workbench.session.scoring.intervals import percentile_interval, row_weights

if TYPE_CHECKING:
    from workbench.engine.loading import LoadedModel

#: At most so many rows are read once more, evenly from all.
MOST = 400


def answer_losses(
    home: Home, run: RunFolder, desk: Desk, model: LoadedModel | None = None, most: int = MOST
) -> AnswerLosses | None:
    """How probable the expected answers of a run's held-out rows are to its model; None where nothing is held out.

    Args:
        home: Where the model and the data are looked up.
        run: A run on conversations, preferences, or pairs of source and target.
        desk: Where the work is done.
        model: The run's model where it is in memory.
        most: So many rows are read at most, evenly from all.

    Raises:
        WorkbenchError: When the data is gone, or the model is no writer.
    """
    from workbench.engine.exercises import likely_answers
    from workbench.engine.generation import require_writer

    found, recipe = held_out_exercises(home, run, desk)
    places = spread(range(len(found)), most)
    if not places:
        return None
    rows = [found[place] for place in places]
    loaded = model or the_model(home, str(run.path), desk)
    require_writer(loaded)
    sums, tokens = likely_answers(
        loaded, rows, system=recipe.chat.system, prefix=recipe.answer.prefix, check=desk.check
    )
    for array in (sums, tokens):
        array.flags.writeable = False
    return AnswerLosses(
        np.array(places, dtype=np.int64),
        len(found),
        tuple(row.question for row in rows),
        tuple(row.expected for row in rows),
        sums,
        tokens,
    )


def numbers_of_answers(found: AnswerLosses, seed: int = 0) -> dict[str, Number]:
    """Loss and perplexity of the answers' tokens with their 95 % intervals: rows are drawn again (bootstrap)."""
    total = int(found.tokens.sum())
    if not total:
        return {}
    blocks = row_weights(len(found.sums), seed)
    drawn = np.concatenate([(w @ found.sums) / np.maximum(1, w @ found.tokens) for w in blocks])
    loss, (low, high) = float(found.sums.sum()) / total, percentile_interval(drawn)
    shown = [math.exp(min(value, 700.0)) for value in (loss, low, high)]
    return {"loss": Number("loss", loss, low, high), "perplexity": Number("perplexity", *shown)}
