"""The embedding map: sentence vectors of rows in two dimensions, also as they move from checkpoint to checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.data.suggest import counted
from workbench.run.embedding_map import EmbeddingMap, MapFrame, Projection
from workbench.run.folder import find_run
from workbench.run.home import Home
from workbench.run.problem import bad_input
from workbench.run.scratch_fields import is_new
from workbench.session.lanes import Desk

Vectors = NDArray[np.float32]
Points = NDArray[np.float32]

#: Rows that a map shows where nobody asks for another number: t-SNE's time grows faster than they do.
MOST: dict[Projection, int] = {"pca": 20_000, "tsne": 3000}
#: Dimensions that t-SNE begins with; the rest is mostly noise, and costs time.
_BEFORE_TSNE = 50
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class MapRequest:
    """A map of texts.

    Attributes:
        model: A short name, folder, run, checkpoint folder, Hub id, or `LIVE`.
        texts: The rows' texts.
        projection: How it is drawn.
        most: How many rows are shown, evenly from all; 0: as many as the projection takes.
        perplexity: For t-SNE, about how many neighbours each point has.
        seed: The same seed gives the same map.
        over_training: Whether the map is wanted by all models of the run `model`, one after the other: the one that it
            began with, each checkpoint that it kept, and the chosen one.
    """

    model: str
    texts: tuple[str, ...]
    projection: Projection = "pca"
    most: int = 0
    perplexity: float = 30.0
    seed: int = 0
    over_training: bool = False


def embedding_map(home: Home, request: MapRequest, desk: Desk) -> EmbeddingMap:
    """The map of texts by a model, or by those of a run in turn; then the map so far is reported after each of them,
    beside words.

    Raises:
        WorkbenchError: When there are too few texts, or no such model.
    """
    rows = _spread(len(request.texts), request.most or MOST[request.projection])
    if len(rows) < _FEWEST:
        raise bad_input(
            "There are too few texts for a map.",
            f"There are {len(rows)}; it takes {_FEWEST}.",
            "Choose more rows.",
        )
    models = stages(home, request.model) if request.over_training else [(request.model, request.model, None)]
    texts = [request.texts[i] for i in rows]
    found = EmbeddingMap((), rows, request.projection, float("nan"), _told(request, len(rows)))
    for name, words, step in models:
        vectors = _vectors(home, name, texts, words if request.over_training else "", desk)
        desk.check()
        desk.report(f"Drawing the map: {words}…" if request.over_training else "Drawing the map…")
        before = found.frames[-1].points if found.frames else None
        points, explained = project(vectors, request, before, desk.check)
        frame = MapFrame(words, step, _still(points))
        found = replace(found, frames=(*found.frames, frame), explained=explained)
        if request.over_training:
            desk.report(found)
    return found


def stages(home: Home, run: str) -> list[tuple[str, str, int | None]]:
    """The models of a run in time as (what the_model calls it, in words, step): base, checkpoints, the chosen one."""
    folder = find_run(home, run)
    found: list[tuple[str, str, int | None]] = []
    source = folder.recipe().model.source
    if not is_new(source):
        found.append((source, "before", 0))
    for checkpoint in folder.checkpoint_folders():
        step = int(checkpoint.name.removeprefix("step-"))
        found.append((str(checkpoint), f"step {step}", step))
    best = folder.history().best_evaluation
    if (folder.model / "config.json").is_file():
        found.append((str(folder.path), "the chosen model", best.step if best else None))
    if not found:
        raise bad_input(
            f"The run {folder.name} has no model to look at yet.",
            "It has saved neither a checkpoint nor a model.",
            "Wait for its first checkpoint.",
        )
    return found


def project(
    vectors: Vectors,
    request: MapRequest,
    before: Points | None = None,
    check: Callable[[], object] = lambda: None,
) -> tuple[Points, float]:
    """Vectors (rows, width) as points (rows, 2) of the size that `MapFrame` says, and the share that pca explains.

    Args:
        vectors: One for each row.
        request: How.
        before: The same rows' points in the frame before: t-SNE begins with them, and the map is turned to lie on
            them as well as it can.
        check: Called between two stages; may raise to end the work. t-SNE itself cannot be interrupted.
    """
    from sklearn.decomposition import PCA

    check()
    if not np.ptp(vectors, axis=0).any():  # a model that takes all texts for the same
        return np.zeros((len(vectors), 2), dtype=np.float32), 0.0
    width = min(_BEFORE_TSNE if request.projection == "tsne" else 2, *vectors.shape)
    model = PCA(n_components=width, random_state=request.seed)
    found = model.fit_transform(vectors.astype(np.float64))
    explained = float("nan")
    if request.projection == "pca":
        total = float(vectors.astype(np.float64).var(axis=0, ddof=1).sum())
        explained = float(model.explained_variance_.sum()) / total
        if width == 1:
            found = np.column_stack([found[:, 0], np.zeros(len(found))])
    else:
        check()
        found = _tsne(found, request, before)
    check()
    points = sized(found)
    if before is not None:
        points = laid_on(points, before)
    return points.astype(np.float32), explained


def _tsne(vectors: NDArray[np.float64], request: MapRequest, before: Points | None) -> NDArray[np.float64]:
    from sklearn.manifold import TSNE

    start = vectors[:, :2] if before is None else before.astype(np.float64)
    spread = float(start[:, 0].std()) or 1.0
    model = TSNE(
        perplexity=min(request.perplexity, (len(vectors) - 1) / 3),
        init=(start / spread * 1e-4).astype(np.float32),
        random_state=request.seed,
        learning_rate="auto",
        n_jobs=1,
    )
    found: NDArray[np.float64] = model.fit_transform(vectors.astype(np.float32)).astype(np.float64)
    return found


def sized(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points moved to their centre, at a mean squared distance of 1 from it."""
    moved: NDArray[np.float64] = points - points.mean(axis=0)
    size = float(np.sqrt((moved**2).sum(axis=1).mean()))
    if size > 0:
        moved /= size
    return moved


def laid_on(points: NDArray[np.float64], before: NDArray[np.floating]) -> NDArray[np.float64]:
    """Centred points turned, and mirrored where that helps, to lie on others as well as they can (orthogonal
    Procrustes, Schönemann 1966): the rotation R = UVᵀ of the singular value decomposition XᵀY = UΣVᵀ."""
    u, _, v = np.linalg.svd(points.T @ before.astype(np.float64))
    turned: NDArray[np.float64] = points @ (u @ v)
    return turned


def _vectors(home: Home, model: str, texts: Sequence[str], words: str, desk: Desk) -> Vectors:
    from workbench.engine.row_scores import row_outputs
    from workbench.session.inspection import the_model

    loaded = the_model(home, model, desk)
    who = f" ({words})" if words else ""

    def say(done: int, of: int) -> None:
        desk.report(f"Reading texts{who}: {done} of {of}")

    found = row_outputs(loaded, texts, check=desk.check, say=say, vectors=True).vectors
    assert found is not None
    return found


def _spread(rows: int, most: int) -> NDArray[np.int64]:
    if rows <= most:
        return _still(np.arange(rows, dtype=np.int64))
    return _still(np.arange(most, dtype=np.int64) * rows // most)


def _told(request: MapRequest, shown: int) -> str:
    of = "" if shown == len(request.texts) else f" of {len(request.texts)}, evenly from all"
    how = {
        "pca": "the two directions in which their sentence vectors differ most (PCA)",
        "tsne": "neighbours of their sentence vectors kept together (t-SNE); distances between groups mean little",
    }[request.projection]
    return f"{counted(shown, 'row')}{of}: {how}."


def _still(array: NDArray[np.generic]) -> NDArray:  # type: ignore[type-arg]
    array.flags.writeable = False
    return array
