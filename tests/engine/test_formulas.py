"""Metrics and batches against their closed forms and against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.engine.batches import epoch_batches
from workbench.engine.metrics import classification_metrics, confusion_matrix


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
@settings(deadline=None)
def test_metrics_equal_scikit_learn_s(pairs: list[tuple[int, int]]) -> None:
    true, predicted = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    confusion = confusion_matrix(true, predicted, 5)
    assert (confusion == sklearn.metrics.confusion_matrix(true, predicted, labels=range(5))).all()
    ours = classification_metrics(confusion)
    assert ours["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(true, predicted))
    theirs = sklearn.metrics.f1_score(true, predicted, average="macro", zero_division=0)
    assert ours["f1_macro"] == pytest.approx(theirs)


@given(
    st.lists(st.integers(1, 100), min_size=1, max_size=400),
    st.integers(1, 40),
    st.sampled_from(["by-length", "shuffled"]),
)
@settings(deadline=None)
def test_every_row_stands_in_exactly_one_batch(lengths: list[int], size: int, how: str) -> None:
    batches = epoch_batches(np.array(lengths), size, 3, 1, how)  # type: ignore[arg-type]
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= size for batch in batches)
    assert len(batches) == math.ceil(len(lengths) / size)


def test_batches_depend_on_seed_and_epoch_and_nothing_else() -> None:
    lengths = np.random.default_rng(0).integers(5, 60, 500)

    def order(seed: int, epoch: int) -> list[int]:
        np.random.rand(3)
        return np.concatenate(epoch_batches(lengths, 16, seed, epoch, "by-length")).tolist()

    assert order(0, 0) == order(0, 0)
    assert order(0, 0) != order(0, 1) and order(0, 0) != order(1, 0)


def test_batches_by_length_pad_far_less() -> None:
    lengths = np.random.default_rng(0).integers(5, 100, 2000)

    def padding(how: str) -> int:
        batches = epoch_batches(lengths, 32, 0, 0, how)  # type: ignore[arg-type]
        return int(sum(lengths[b].max() * len(b) - lengths[b].sum() for b in batches))

    assert padding("by-length") < padding("shuffled") / 5
