"""Rows are divided completely, repeatably and as the recipe says; groups stay whole and old rows keep their side."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.frame import Frame
from workbench.data.moments import moments
from workbench.data.splitting import Sides, positions, sides
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import DataSection

_EMPTY = hashlib.sha256(b"").hexdigest()[:16]


def _frame(rows: int, keys: Sequence[int] | None = None, **columns: Sequence[str | None]) -> Frame:
    data = pa.table({"text": [f"text {i}" for i in range(rows)], **columns})
    named = range(1, rows + 1) if keys is None else keys
    return Frame(data, "text", "label", np.arange(rows, dtype=np.int64), np.array(named, dtype=np.uint64))


def _data(split: str = "stratified", **fields: Any) -> DataSection:
    return DataSection(split=split, **fields)


def _complete(found: Sides, rows: int) -> None:
    assert sorted([*found.train, *found.validation, *found.test]) == list(range(rows))
    for side in (found.train, found.validation, found.test):
        assert side.dtype == np.int64
        assert side.tolist() == sorted(side.tolist())


def _same(one: Sides, other: Sides) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one[:3], other[:3], strict=True))


@pytest.mark.parametrize(
    ("rows", "classes", "validation", "test", "seed", "sums"),
    [
        (200, 3, 0.1, 0.0, 1, ("b25f53d9e172aa9c", "ded6ad1cad1efa28", _EMPTY)),
        (200, 3, 0.1, 0.2, 1, ("ec282dd445887b2c", "e96db545b90aa27b", "1845cd82c9291879")),
        (1000, 7, 0.25, 0.1, 42, ("a5e15627237924fd", "39a834a5b56b37c9", "85a8d5312bb68f7c")),
        (57, 5, 0.3, 0.3, 0, ("e162dab146bf098e", "873e82c85331b427", "929c8fd59b6bcb10")),
        (120, 2, "held.csv", 0.5, 9, ("1475418464d1b1d1", _EMPTY, "c526516f242b9a68")),
    ],
)
def test_the_stratified_split_is_the_one_that_older_recipes_had(
    rows: int, classes: int, validation: float | str, test: float, seed: int, sums: tuple[str, ...]
) -> None:
    """A recipe of an earlier version gives the same run: the sums were taken before there were other splits."""
    labels = (np.random.default_rng(seed).integers(0, classes, rows) ** 2 % classes).tolist()
    found = sides(_frame(rows), _data(validation=validation, test=test), seed, labels)
    assert tuple(hashlib.sha256(side.astype("<i8").tobytes()).hexdigest()[:16] for side in found[:3]) == sums


_shares = st.sampled_from([0.0, 0.1, 0.2, 0.33])


@given(st.integers(300, 600), _shares, _shares, st.integers(0, 2**31), st.booleans())
@settings(deadline=None)
def test_stratified_sizes_and_sides(
    rows: int, validation: float, test: float, seed: int, labelled: bool
) -> None:
    labels = [i % 3 for i in range(rows)] if labelled else None
    found = sides(_frame(rows), _data(validation=validation, test=test), seed, labels)
    _complete(found, rows)
    assert abs(len(found.validation) - validation * rows) <= 4
    assert abs(len(found.test) - test * rows) <= 4
    assert _same(found, sides(_frame(rows), _data(validation=validation, test=test), seed, labels))


@given(st.lists(st.integers(0, 3), min_size=8, max_size=120), st.integers(0, 9))
@settings(deadline=None)
def test_every_class_is_learned_from(labels: list[int], seed: int) -> None:
    try:
        cut = sides(_frame(len(labels)), _data(validation=0.25, test=0.25), seed, labels)
    except WorkbenchError:
        return  # too few rows of each class to hold any out
    _complete(cut, len(labels))
    assert {labels[int(i)] for i in cut.train} == set(labels)


@pytest.mark.parametrize("split", ["stratified", "by-hash", "by-time"])
def test_pieces_of_one_row_stay_together(split: str) -> None:
    keys = [i // 3 for i in range(600)]
    frame = _frame(600, keys, date=[f"2024-01-01T{key // 60:02}:{key % 60:02}" for key in keys])
    found = sides(
        frame,
        _data(split, split_column="date", validation=0.2, test=0.2),
        seed=3,
        labels=[k % 2 for k in keys],
    )
    _complete(found, 600)
    of_side = [{keys[i] for i in side} for side in found[:3]]
    assert sum(map(len, of_side)) == len(set(keys))
    assert all(len(side) == 3 * len(own) for side, own in zip(found[:3], of_side, strict=True))


_seeds = st.integers(0, 2**31)


@given(_seeds, _seeds, st.sampled_from([0.1, 0.3]), st.sampled_from([0.0, 0.2]))
@settings(deadline=None)
def test_by_hash_rows_keep_their_side_when_others_come_and_go(
    chance: int, seed: int, validation: float, test: float
) -> None:
    keys = np.random.default_rng(chance).integers(0, 2**64, 450, dtype=np.uint64).tolist()
    data = _data("by-hash", validation=validation, test=test)
    found = sides(_frame(len(keys), keys), data, seed)
    _complete(found, len(keys))
    fewer = sides(_frame(300, keys[:300]), data, seed)
    for old, new in zip(fewer[:3], found[:3], strict=True):
        assert old.tolist() == [row for row in new.tolist() if row < 300]


def test_by_hash_shares_are_those_asked_for_and_each_stands_alone() -> None:
    rows = 20_000
    frame = _frame(rows, np.random.default_rng(0).integers(0, 2**63, rows).tolist())
    one = sides(frame, _data("by-hash", validation=0.1, test=0.2), 1)
    assert len(one.validation) / rows == pytest.approx(0.1, abs=0.012)  # more than five standard deviations
    assert len(one.test) / rows == pytest.approx(0.2, abs=0.015)
    assert not one.notes
    other = sides(frame, _data("by-hash", validation=0.1, test=0.05), 1)
    assert np.array_equal(one.validation, other.validation)
    assert set(other.test) < set(one.test)
    reseeded = sides(frame, _data("by-hash", validation=0.1), 2)
    assert len(np.intersect1d(one.validation, reseeded.validation)) < 0.2 * len(one.validation)


def test_positions_are_those_of_splitmix64() -> None:
    """The first two outputs of SplitMix64 from the state 0, as its authors' code gives them."""
    from workbench.data.splitting import _mixed

    state = np.array([0, 0x9E3779B97F4A7C15], dtype=np.uint64)
    assert [hex(int(v)) for v in _mixed(state)] == ["0xe220a8397b1dcdaf", "0x6e789e6aa1b965f4"]
    assert (positions(np.arange(1000, dtype=np.uint64), -5) < 1).all()


@given(_seeds, _seeds, st.sampled_from([0.1, 0.3]))
@settings(deadline=None)
def test_no_group_stands_on_two_sides_and_groups_keep_theirs(
    chance: int, seed: int, validation: float
) -> None:
    groups = np.random.default_rng(chance).integers(0, 200, 350).tolist()
    data = _data("grouped", split_column="patient", validation=validation, test=0.2)
    names = [f"P{group}" for group in groups]
    found = sides(_frame(len(names), patient=names), data, seed)
    _complete(found, len(names))
    of_side = [{names[i] for i in side} for side in found[:3]]
    assert sum(map(len, of_side)) == len(set(names))
    assert not of_side[0] & of_side[1] and not of_side[0] & of_side[2] and not of_side[1] & of_side[2]
    grown = [*names, *names[:50], *(f"new {i}" for i in range(50))]
    after = sides(_frame(len(grown), patient=grown), data, seed)
    for old, new in zip(found[:3], after[:3], strict=True):
        assert old.tolist() == [row for row in new.tolist() if row < len(names)]


def test_rows_without_a_group_are_named() -> None:
    names = [None if i in (3, 7) else f"P{i % 60}" for i in range(240)]
    found = sides(
        _frame(240, patient=names), _data("grouped", split_column="patient", validation=0.2), seed=1
    )
    _complete(found, 240)
    assert any("2 rows without a value in “patient” (4, 8)" in note for note in found.notes)


def test_a_group_that_would_fill_the_held_out_side_is_refused_by_name() -> None:
    names = ["giant"] * 700 + [f"P{i}" for i in range(300)]
    data = _data("grouped", split_column="patient", validation=0.1)
    refused, learned = [], []
    for seed in range(40):
        try:
            learned.append(sides(_frame(1000, patient=names), data, seed))
        except WorkbenchError as error:
            refused.append(error)
    assert refused and learned
    assert all("“giant”" in str(error) and "70%" in str(error) for error in refused)
    assert all(0 in found.train for found in learned)


def test_too_few_groups_are_told() -> None:
    data = _data("grouped", split_column="patient", validation=0.1)
    frame = _frame(30, patient=["A", "B"] * 15)
    said = []
    for seed in range(20):
        with pytest.raises(WorkbenchError) as caught:
            sides(frame, data, seed)
        said.append(str(caught.value))
    assert any("2 different values" in line for line in said)


@given(
    st.lists(st.integers(0, 10_000), min_size=20, max_size=200), st.sampled_from([0.1, 0.25]), st.booleans()
)
@settings(deadline=None)
def test_by_time_the_newest_rows_are_held_out(hours: list[int], share: float, tested: bool) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    when = [(start + timedelta(hours=hour)).isoformat() for hour in hours]
    data = _data("by-time", split_column="when", validation=share, test=share if tested else 0.0)
    found = sides(_frame(len(hours), when=when), data, seed=0)
    _complete(found, len(hours))
    assert len(found.validation) == round(share * len(hours))
    assert len(found.test) == (round(share * len(hours)) if tested else 0)
    newest = [max(hours[i] for i in side) for side in found[:3] if len(side)]
    oldest = [min(hours[i] for i in side) for side in found[:3] if len(side)]
    assert all(before <= after for before, after in zip(newest, oldest[1:], strict=False))


@pytest.mark.parametrize(
    "values",
    [
        ["2023-12-31", "2024-01-01T00:30+01:00", "2024-01-01 00:00:00Z", "20240102"],
        ["2023-11", "2024-01", "2024-02", "2024-10"],
        ["31.12.2023", "1.1.2024", "1.1.2024 13:05", "02.01.24"],
        ["12/31/2023", "1/2/2024 1:00 am", "1/2/2024 1:00 pm", "1/3/2024"],
        ["31/12/2023", "01/02/2024", "01/11/2024", "02/11/2024"],
        ["Sun, 31 Dec 2023 23:59:00 -0100", "1 Jan 2024 05:00", "Jan 2, 2024", "3 January 2024"],
        ["2023/12/31", "2024/1/2", "2024/2/1 08:00", "2024/10/1"],
        ["1704067199", "1704067200.5", "1704067201", "2e9"],
        ["-5", "0", "9", "10"],
    ],
)
def test_moments_are_read_in_the_ways_people_write_them(values: list[str]) -> None:
    read, unread, ambiguous = moments([values[2], values[0], values[3], values[1]])
    assert (unread, ambiguous) == ((), False)
    assert np.argsort(read).tolist() == [1, 3, 0, 2]


def test_dates_that_cannot_be_read_are_named_with_their_rows() -> None:
    when = [f"2024-01-{1 + i % 28:02}" for i in range(50)]
    when[4], when[9] = "yesterday", ""
    with pytest.raises(WorkbenchError, match=r"2 rows.*row 5: “yesterday”, row 10: “”") as caught:
        sides(_frame(50, when=when), _data("by-time", split_column="when"), seed=0)
    assert caught.value.problem.field == "data.split_column"


def test_days_that_may_be_months_are_not_guessed() -> None:
    frame = _frame(40, when=[f"{1 + i % 12:02}/{1 + i // 12:02}/2024" for i in range(40)])
    with pytest.raises(WorkbenchError, match="two ways"):
        sides(frame, _data("by-time", split_column="when"), seed=0)
    same = _frame(40, when=[f"05/05/{2000 + i}" for i in range(40)])
    assert len(sides(same, _data("by-time", split_column="when"), seed=0).validation) == 4


def test_the_column_says_the_side_in_the_words_people_use() -> None:
    words = ["train", "Training", "DEV", "val", "held_out", "Held out", "test", "validation ", "tst", "train"]
    found = sides(_frame(10, side=words), _data("by-column", split_column="side"), seed=0)
    assert [side.tolist() for side in found[:3]] == [[0, 1, 9], [2, 3, 4, 5, 7], [6, 8]]
    assert found.notes == ()


def test_a_side_that_the_column_does_not_name_is_drawn_from_the_rows_to_learn_from() -> None:
    words = ["test" if i % 4 == 0 else "train" for i in range(80)]
    found = sides(_frame(80, side=words), _data("by-column", split_column="side", validation=0.1), seed=0)
    _complete(found, 80)
    assert found.test.tolist() == list(range(0, 80, 4))
    assert len(found.validation) == 6
    assert any("names no held-out rows" in note for note in found.notes)
    filed = sides(_frame(80, side=words), _data("by-column", split_column="side", validation="a.csv"), seed=0)
    assert len(filed.validation) == 0


@pytest.mark.parametrize(
    ("fields", "words", "named"),
    [
        ({}, ["train", "sun", None, "train"], ("2 rows", "row 2: “sun”", "row 3")),
        ({}, ["test", "dev", "test", "dev"], ("No row of “side” says train",)),
        ({"test": "t.csv"}, ["train", "test", "dev", "test"], ("2 rows", "t.csv")),
        ({"split_column": "sides"}, ["train"] * 4, ("no column “sides”", "“side”")),
        ({"split_column": ""}, ["train"] * 4, ("by-column needs a column", "text, side")),
    ],
)
def test_a_column_of_sides_that_does_not_work_is_told(
    fields: dict[str, Any], words: list[str | None], named: tuple[str, ...]
) -> None:
    with pytest.raises(WorkbenchError) as caught:
        sides(_frame(4, side=words), _data("by-column", **{"split_column": "side", **fields}), seed=0)
    for part in named:
        assert part in str(caught.value)


@pytest.mark.parametrize("split", ["stratified", "by-hash", "by-time"])
def test_shares_that_leave_nothing_are_refused(split: str) -> None:
    frame = _frame(10, when=[str(i) for i in range(10)])
    with pytest.raises(WorkbenchError, match="nothing would be left"):
        sides(frame, _data(split, split_column="when", validation=0.5, test=0.5), 0)
    if split != "stratified":  # where every class with two rows gives one
        with pytest.raises(WorkbenchError, match="not a single row") as caught:
            sides(frame, _data(split, split_column="when", test=0.001, validation=0.0), 0)
        assert caught.value.problem.field == "data.test"


def test_a_class_without_rows_to_learn_from_is_told() -> None:
    frame = _frame(20, when=[str(i) for i in range(20)])
    found = sides(
        frame, _data("by-time", split_column="when", validation=0.2), 0, [0] * 16 + [1] * 4, ("old", "new")
    )
    assert any("1 class has no rows to learn from (new)" in note for note in found.notes)
