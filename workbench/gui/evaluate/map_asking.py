"""Which map of the rows is wanted, how it is had, and its points as a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.run.embedding_map import EmbeddingMap, Projection
from workbench.run.inside.tables import Table
from workbench.run.problem import bad_input
from workbench.run.row_scores import RowScores
from workbench.session.lanes import Desk

if TYPE_CHECKING:
    from workbench.run.home import Home

#: More points than these say no more.
MOST: dict[Projection, int] = {"pca": 10_000, "tsne": 3000}


@dataclass(frozen=True, slots=True)
class MapWish:
    """Which map is wanted.

    Attributes:
        model: What the model is called in requests.
        texts: The rows.
        projection: How it is drawn.
        over: Whether it is wanted by all models of the run, one after the other.
    """

    model: str
    texts: tuple[str, ...]
    projection: Projection
    over: bool


def drawn(home: Home, wish: MapWish, desk: Desk) -> EmbeddingMap:
    """The map by a model, or by those of its run in turn.

    Raises:
        WorkbenchError: When a training is wanted of a model that was not trained here.
    """
    from workbench.session.embedding_map import MapRequest, embedding_map
    from workbench.session.evaluating import run_behind

    request = MapRequest(wish.model, wish.texts, wish.projection, MOST[wish.projection])
    if wish.over:
        run = run_behind(home, wish.model)
        if run is None:
            raise bad_input(
                "There is no training to play.",
                "This model was not trained here, so there are no checkpoints of it.",
                "Choose a run above.",
            )
        request = replace(request, model=run.name, over_training=True)
    return embedding_map(home, request, desk)


def table_of(found: EmbeddingMap, rows: RowScores) -> Table:
    """A line for each point of each model's map."""
    lines = [["model", "row", "x", "y", "text", "true", "predicted"]]
    for frame in found.frames:
        for at, (x, y) in zip(found.rows.tolist(), frame.points.tolist(), strict=True):
            true = rows.names[rows.true[at]] if rows.true is not None else ""
            number = str(int(rows.row_ids.rows[at]) + 1)
            predicted = rows.names[rows.predicted[at]]
            lines.append([frame.name, number, f"{x:.5f}", f"{y:.5f}", rows.texts[at], true, predicted])
    return lines
