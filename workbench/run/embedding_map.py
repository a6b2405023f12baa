"""A map of texts in two dimensions: what a model takes to be alike lies close together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

#: pca shows the two directions in which the texts differ most, at once; tsne keeps neighbours together, in a while.
Projection = Literal["pca", "tsne"]
PROJECTIONS: tuple[Projection, ...] = ("pca", "tsne")


@dataclass(frozen=True, slots=True, eq=False)
class MapFrame:
    """The map by one model.

    Attributes:
        name: Which model, in words: "before", "step 400", "after".
        step: The training step that it stands at; None where it is not known.
        points: float32, shape (rows, 2), centred, with a mean squared distance of 1 from the centre; read-only.
    """

    name: str
    step: int | None
    points: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingMap:
    """Rows as points, by one model or by several one after the other.

    Attributes:
        frames: The maps in the order of the models, at least one. Each is turned to lie on the one before as well as
            it can, so that points move only where the model has moved them.
        rows: Which of the given rows the points are, as indexes into them, ascending; int64, read-only.
        projection: How it was drawn.
        explained: For pca, the share of all differences that the two directions show, in the last frame; NaN else.
        told: How the map came about, in words.
    """

    frames: tuple[MapFrame, ...]
    rows: NDArray[np.int64]
    projection: Projection
    explained: float
    told: str

    @property
    def points(self) -> NDArray[np.float32]:
        """The last frame's points."""
        return self.frames[-1].points
