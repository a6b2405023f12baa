"""Folds for cross-validation, and the part of the rows that a learning curve learns from."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.data.frame import Indices

#: Draws of their own, so that a fold or a part is not what another draw with the same seed took.
_FOLDS, _PART = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What is put on a side as a whole: a row, or all rows that steps made from one row of the file.

    `first` is each unit's first row, ascending; `of` is the unit of each row.
    """

    first: Indices
    of: Indices

    def rows(self, units: Indices) -> Indices:
        """The rows of these units, ascending."""
        chosen = np.zeros(len(self.first), dtype=bool)
        chosen[units] = True
        return np.flatnonzero(chosen[self.of])


def units_of(keys: npt.NDArray[np.uint64]) -> Units:
    """The units of rows with these keys, or of these groups."""
    _, first, of = np.unique(keys, return_index=True, return_inverse=True)
    if len(first) == len(keys):
        own = np.arange(len(keys), dtype=np.int64)
        return Units(own, own)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return Units(np.sort(first).astype(np.int64), rank[of])


def stratified_folds(classes: Indices, folds: int, seed: int) -> Indices:
    """A fold from 0 for each unit, so that every fold has the classes in the same proportion, and as many units as
    any other, to within one.

    Args:
        classes: The class of each unit, int64, shape (units,).
        folds: How many.
        seed: Of the draw.
    """
    generator = np.random.default_rng([seed, _FOLDS])
    found = np.empty(len(classes), dtype=np.int64)
    dealt = 0
    for name in np.unique(classes):
        units = generator.permutation(np.flatnonzero(classes == name))
        found[units] = (dealt + np.arange(len(units))) % folds
        dealt += len(units)  # the next class goes on where this one ended, or the first folds would grow
    return found


def grouped_folds(groups: Indices, position: npt.NDArray[np.float64], folds: int) -> Indices:
    """A fold from 0 for each row; all rows of a group have the same one, and the folds are of about the same size.

    The largest groups are dealt first, each to the fold that has the fewest rows (Graham 1969).

    Args:
        groups: The group of each row, from 0, int64, shape (rows,).
        position: A number by chance for each group, which decides among groups of one size; shape (groups,).
        folds: How many.
    """
    sizes = np.bincount(groups)
    filled = [(0, fold) for fold in range(folds)]
    of_group = np.empty(len(sizes), dtype=np.int64)
    for group in np.lexsort((position, -sizes)):
        rows, fold = heapq.heappop(filled)
        of_group[group] = fold
        heapq.heappush(filled, (rows + int(sizes[group]), fold))
    return of_group[groups]


def part_of_classes(classes: Indices, share: float, seed: int) -> Indices:
    """Units that make up a share of each class, at least one of each; a smaller share is a part of a larger one.

    Returns:
        The units' numbers, ascending; int64.
    """
    generator = np.random.default_rng([seed, _PART])
    taken = []
    for name in np.unique(classes):
        units = generator.permutation(np.flatnonzero(classes == name))
        taken.append(units[: math.ceil(share * len(units) - 1e-9)])
    return np.sort(np.concatenate(taken)) if taken else np.empty(0, dtype=np.int64)


def part_by_position(groups: Indices, position: npt.NDArray[np.float64], share: float) -> Indices:
    """Rows of whole groups that make up about a share of all; a smaller share is a part of a larger one.

    Args:
        groups: The group of each row, from 0.
        position: A number by chance for each group; those with the smallest are taken.
        share: How much, above 0 and at most 1.

    Returns:
        The rows' numbers, ascending; int64.
    """
    sizes = np.bincount(groups)
    order = np.argsort(position, kind="stable")
    before = np.cumsum(sizes[order]) - sizes[order]
    taken = np.zeros(len(sizes), dtype=bool)
    taken[order[before < share * len(groups) - 1e-9]] = True
    return np.flatnonzero(taken[groups])
