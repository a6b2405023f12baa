"""Clusters of similar texts, by the directions of their sentence vectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

#: Rows that are put into clusters at most: more would take minutes.
MOST_CLUSTERED = 20_000
_CLUSTER = 25  # rows that a cluster has on average
_MOST_CLUSTERS = 24


def cluster_numbers(
    vectors: NDArray[np.float32], check: Callable[[], object] = lambda: None
) -> NDArray[np.int64] | None:
    """The cluster of each row (k-means of unit vectors); the same vectors give the same clusters.

    Args:
        vectors: One for each row, shape (rows, width).
        check: Called before the work begins; may raise to end it.

    Returns:
        int64, shape (rows,); None where the rows are too few, too many or too much alike.
    """
    rows = len(vectors)
    count = min(_MOST_CLUSTERS, rows // _CLUSTER)
    if count < 2 or rows > MOST_CLUSTERED:
        return None
    unit = _unit(vectors)
    count = min(count, len(np.unique(unit, axis=0)))  # equal texts have equal vectors
    if count < 2:
        return None
    from sklearn.cluster import KMeans

    check()
    found: NDArray[np.int64] = KMeans(count, n_init=2, random_state=0).fit_predict(unit).astype(np.int64)
    return found


def middle_row(vectors: NDArray[np.float32], rows: NDArray[np.int64]) -> int:
    """Of some rows the one that is most like all of them."""
    unit = _unit(vectors[rows])
    return int(rows[int((unit @ unit.mean(axis=0)).argmax())])


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)
