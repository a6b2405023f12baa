"""Which rows stand together in a batch: a pure function of lengths, seed and epoch."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.run.training_fields import TrainingSection

Indexes = NDArray[np.int64]
Batching = Literal["by-length", "token-budget", "shuffled"]

#: How many batches are sorted by length together. More pads less; fewer keeps more chance in the order.
POOL = 50
#: A batch of the token budget has at most this many times the rows of the batch size.
MOST_ROWS = 8


class Batches:
    """The batches of every epoch of a run."""

    def __init__(self, lengths: NDArray[np.int64], settings: TrainingSection) -> None:
        self._lengths, self._settings = lengths, settings
        self.budget = token_budget(lengths, settings)
        self._kept: tuple[int, list[Indexes]] = (-1, [])

    def epoch(self, epoch: int) -> list[Indexes]:
        """The batches of one epoch, counted from 0; the last epoch asked for is kept."""
        if self._kept[0] != epoch:
            s = self._settings
            self._kept = (
                epoch,
                epoch_batches(self._lengths, s.batch_size, s.seed, epoch, s.batching, self.budget),
            )
        return self._kept[1]

    def count(self, epoch: int) -> int:
        """How many batches an epoch has; only the token budget makes it differ from epoch to epoch."""
        if self._settings.batching == "token-budget":
            return len(self.epoch(epoch))
        return math.ceil(len(self._lengths) / self._settings.batch_size)

    def padded(self, indexes: Indexes) -> int:
        """Tokens of a batch with its padding: what its time and memory depend on."""
        return int(self._lengths[indexes].max()) * len(indexes)


def token_budget(lengths: NDArray[np.int64], settings: TrainingSection) -> int:
    """Tokens that a batch of the token budget may hold: the recipe's, or those of an average batch."""
    average = math.ceil(float(lengths.mean()) * settings.batch_size) if len(lengths) else 1
    return max(settings.token_budget or average, 1)


def epoch_batches(
    lengths: NDArray[np.int64], batch_size: int, seed: int, epoch: int, how: Batching, budget: int = 0
) -> list[Indexes]:
    """The batches of one epoch, each an array of row numbers; every row occurs exactly once.

    Args:
        lengths: Tokens per row, shape (rows,).
        batch_size: Rows per batch; the last batch may be smaller.
        seed: The run's seed.
        epoch: Counted from 0; each epoch has another order.
        how: "by-length" sorts pools of `POOL` batches by length, cuts them into batches and shuffles these,
            so that little is padded and no order of length is seen; "token-budget" cuts the sorted pools where
            rows · longest would pass the budget; "shuffled" takes rows as they come.
        budget: Tokens per batch, padding included; a longer row is a batch of its own.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths))
    if how == "shuffled":
        return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    batches: list[Indexes] = []
    pool = batch_size * POOL
    for start in range(0, len(order), pool):
        rows = order[start : start + pool]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        if how == "token-budget":
            batches += _cut_by_budget(rows, lengths, budget, MOST_ROWS * batch_size)
        else:
            batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in generator.permutation(len(batches))]


def _cut_by_budget(rows: Indexes, lengths: NDArray[np.int64], budget: int, most: int) -> list[Indexes]:
    """Rows, sorted by length, cut so that rows · longest stays within the budget."""
    cut: list[Indexes] = []
    first = 0
    for i, row in enumerate(rows):
        count = i - first + 1
        if count > 1 and (count * int(lengths[row]) > budget or count > most):
            cut.append(rows[first:i])
            first = i
    cut.append(rows[first:])
    return cut


def sorted_batches(lengths: NDArray[np.int64], batch_size: int) -> list[Indexes]:
    """Batches for measuring: by length, nothing by chance."""
    order = np.argsort(lengths, kind="stable")
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
