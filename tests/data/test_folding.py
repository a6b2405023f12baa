"""Folds and parts of rows: each row is held out once, classes keep their share, groups stay whole, parts are nested."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.data.frame import Frame
from workbench.data.splitting import Sides, sides
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import DataSection


def _frame(rows: int, **columns: list[str]) -> Frame:
    data = pa.table({"text": [f"text {i}" for i in range(rows)], **columns})
    number = np.arange(rows, dtype=np.int64)
    return Frame(data, "text", "", number, (number * 2654435761 + 7).astype(np.uint64))


def _sides(frame: Frame, labels: list[int] | None = None, seed: int = 0, **fields: Any) -> Sides:
    return sides(frame, DataSection(train="x", **fields), seed, labels)


def _folds(frame: Frame, folds: int, labels: list[int] | None = None, **fields: Any) -> list[Sides]:
    return [_sides(frame, labels, folds=folds, fold=i + 1, **fields) for i in range(folds)]


@given(st.integers(2, 6), st.lists(st.integers(0, 2), min_size=12, max_size=60), st.integers(0, 5))
def test_each_row_is_held_out_once_and_classes_keep_their_share(
    folds: int, labels: list[int], seed: int
) -> None:
    found = [_sides(_frame(len(labels)), labels, seed, folds=folds, fold=i + 1) for i in range(folds)]
    assert sorted(np.concatenate([one.validation for one in found])) == list(range(len(labels)))
    for one in found:
        assert sorted([*one.train, *one.validation]) == list(range(len(labels)))
    sizes = [len(one.validation) for one in found]
    assert max(sizes) - min(sizes) <= 1
    for name in set(labels):
        counts = [sum(labels[row] == name for row in one.validation) for one in found]
        assert max(counts) - min(counts) <= 1


def test_groups_stay_whole_and_folds_are_of_one_size() -> None:
    patients = [f"p{i % 17}" for i in range(170)]
    found = _folds(_frame(170, patient=patients), 5, split="grouped", split_column="patient")
    seen = [{patients[row] for row in one.validation} for one in found]
    assert sum(map(len, seen)) == 17 == len(set.union(*seen))
    assert [len(one.validation) for one in found].count(30) == 3  # 17 groups of 10 on 5 folds: 4, 4, 3, 3, 3


def test_test_rows_are_put_aside_before_and_the_same_for_all_folds() -> None:
    found = _folds(_frame(100), 4, [i % 2 for i in range(100)], test=0.2)
    assert len({tuple(one.test) for one in found}) == 1
    assert len(found[0].test) == 20
    held = np.concatenate([one.validation for one in found])
    assert sorted([*held, *found[0].test]) == list(range(100))


def test_rows_made_of_one_row_are_held_out_together() -> None:
    frame = _frame(60)
    twins = frame.take(np.repeat(np.arange(30), 2))
    for one in _folds(twins, 3):
        assert not set(twins.origin[one.validation]) & set(twins.origin[one.train])


@pytest.mark.parametrize(
    "fields", [{}, {"split": "by-hash"}, {"split": "grouped", "split_column": "patient"}]
)
def test_a_smaller_part_to_learn_from_lies_in_a_larger_one(fields: dict[str, Any]) -> None:
    labels = [int(i % 10 == 0) for i in range(400)]
    frame = _frame(400, patient=[f"p{i // 4}" for i in range(400)])
    whole = _sides(frame, labels, **fields)
    before: set[int] = set()
    for share in (0.1, 0.25, 0.5):
        part = _sides(frame, labels, learn_share=share, **fields)
        assert np.array_equal(part.validation, whole.validation)
        assert before < set(part.train.tolist()) < set(whole.train.tolist())
        assert abs(len(part.train) - share * len(whole.train)) <= 4
        before = set(part.train.tolist())
        if not fields:
            assert sum(labels[row] for row in part.train) == round(
                share * sum(labels[row] for row in whole.train)
            )


@pytest.mark.parametrize(
    "fields",
    [
        {"folds": 2, "fold": 3},
        {"folds": 1},
        {"folds": 3, "split": "by-column", "split_column": "side"},
        {"folds": 3, "validation": "other.csv"},
        {"folds": 5, "split": "grouped", "split_column": "side"},
    ],
)
def test_folds_that_cannot_be(fields: dict[str, Any]) -> None:
    with pytest.raises(WorkbenchError) as caught:
        _sides(_frame(8, side=["train", "test"] * 4), **fields)
    assert caught.value.problem.field == "data.folds"
