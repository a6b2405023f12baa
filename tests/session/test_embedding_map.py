"""The embedding map: true to its vectors, the same each time, and still where the model stands still."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import sentences
from tests.engine.conftest import quick_recipe
from workbench.run.embedding_map import EmbeddingMap
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.session import training
from workbench.session.embedding_map import (
    MapRequest,
    embedding_map,
    laid_on,
    project,
    sized,
    stages,
)
from workbench.session.lanes import JobCancelled, lone_desk

TEXTS = tuple(text for text, _ in sentences(40))


def _vectors(rows: int = 40, width: int = 8) -> np.ndarray:
    chance = np.random.default_rng(1)
    groups = 6 * chance.normal(size=(2, width))
    return (groups[np.arange(rows) % 2] + chance.normal(size=(rows, width))).astype(np.float32)


def test_a_plane_is_shown_as_it_is() -> None:
    chance = np.random.default_rng(0)
    plane = chance.normal(size=(30, 2)) @ np.linalg.qr(chance.normal(size=(5, 5)))[0][:2]
    points, explained = project(plane.astype(np.float32), MapRequest("", ()))
    assert explained == pytest.approx(1, abs=1e-5)
    true = np.linalg.norm(plane[:, None] - plane[None], axis=-1)
    shown = np.linalg.norm(points[:, None] - points[None], axis=-1)
    assert shown / shown.max() == pytest.approx(true / true.max(), abs=1e-5)


@pytest.mark.parametrize("projection", ["pca", "tsne"])
def test_the_same_seed_gives_the_same_map_and_groups_stay_apart(projection: str) -> None:
    request = MapRequest("", (), projection, perplexity=8)  # type: ignore[arg-type]
    first, _ = project(_vectors(), request)
    again, _ = project(_vectors(), request)
    assert (first == again).all()
    assert first.mean(axis=0) == pytest.approx([0, 0], abs=1e-5)
    assert (first.astype(np.float64) ** 2).sum(axis=1).mean() == pytest.approx(1, rel=1e-5)
    near = np.argsort(np.linalg.norm(first[:, None] - first[None], axis=-1), axis=1)[:, 1]
    assert (near % 2 == np.arange(40) % 2).all()


def test_a_turned_map_is_turned_back() -> None:
    points = sized(_vectors()[:, :2].astype(np.float64))
    for angle, mirror in ((0.7, 1), (2.9, -1)):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * [1, mirror]
        assert laid_on(points @ turn, points) == pytest.approx(points)
    other = sized(np.random.default_rng(2).normal(size=(40, 2)))
    laid = laid_on(other, points)
    rest = ((laid - points) ** 2).sum()
    assert all(((laid * sign - points) ** 2).sum() >= rest for sign in ([1, -1], [-1, 1], [-1, -1]))


def test_vectors_that_are_all_alike_are_one_point() -> None:
    points, explained = project(np.ones((6, 4), np.float32), MapRequest("", ()))
    assert not points.any() and explained == 0


def test_the_work_ends_between_two_stages() -> None:
    left = 2  # before the vectors are looked at, and before the map is made of them

    def stop() -> None:
        nonlocal left
        left -= 1
        if not left:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        project(_vectors(), MapRequest("", ()), check=stop)


def test_a_model_s_map_shows_rows_from_all(home: Home, tiny_bert: Path) -> None:
    found = embedding_map(home, MapRequest(str(tiny_bert), TEXTS, most=10), lone_desk())
    assert found.rows.tolist() == list(range(0, 40, 4)) and found.points.shape == (10, 2)
    assert found.points.dtype == np.float32 and not found.points.flags.writeable
    assert "10 rows of 40" in found.told and 0 < found.explained <= 1
    with pytest.raises(WorkbenchError, match="too few texts"):
        embedding_map(home, MapRequest(str(tiny_bert), TEXTS[:3]), lone_desk())


def test_the_map_plays_over_training(home: Home, tiny_bert: Path, tiny_csv: Path) -> None:
    recipe = quick_recipe(
        tiny_bert, tiny_csv, "training.checkpoint_every=3", "training.max_steps=6", "data.validation=0.5"
    )
    prepared = dataclasses.replace(training.begin(home, recipe), fits=True)
    list(training.carry_out(prepared, training.Control()))
    run = prepared.folder.name
    assert [(words, step) for _, words, step in stages(home, run)][:3] == [
        ("before", 0),
        ("step 3", 3),
        ("step 6", 6),
    ]
    heard: list[object] = []
    found = embedding_map(home, MapRequest(run, TEXTS, over_training=True), lone_desk(heard.append))
    assert [len(one.frames) for one in heard if isinstance(one, EmbeddingMap)] == [1, 2, 3, 4]
    assert all(frame.points.shape == (40, 2) for frame in found.frames)
    moved = [
        float(((late.points - early.points) ** 2).sum())
        for early, late in zip(found.frames, found.frames[1:], strict=False)
    ]
    assert moved[-1] < 1e-6 < moved[0]  # the chosen model is that of the last step
