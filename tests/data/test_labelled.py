"""Labels become class numbers with nothing lost unsaid, and splits keep every class on both sides."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.data.labelled import labelled_rows, natural_key, split
from workbench.data.tables import Table, read_table
from workbench.run.problem import WorkbenchError

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def table(write: Write) -> Callable[[list[tuple[str, str]]], Table]:
    def make(rows: list[tuple[str, str]]) -> Table:
        lines = "\n".join(f'"{text}","{label}"' for text, label in rows)
        return read_table(write("a.csv", f"text,label\n{lines}\n"), header="yes")

    return make


Make = Callable[[list[tuple[str, str]]], Table]


def test_classes_are_numbered_in_the_order_people_expect(table: Make) -> None:
    rows = labelled_rows(table([(f"t{n}", n) for n in ["10", "2", "-1", "2", "10", "-1"]]), "text", "label")
    assert rows.class_names == ("-1", "2", "10")
    assert [rows.class_names[i] for i in rows.labels] == ["10", "2", "-1", "2", "10", "-1"]
    assert sorted(["room 10", "Room 2", "attic", "7"], key=natural_key) == ["7", "attic", "Room 2", "room 10"]


def test_rows_without_label_or_text_are_set_aside_and_named(table: Make) -> None:
    content = [("a", "x"), ("b", ""), ("c", " "), ("", "x"), ("e", "y"), ("f", "y"), ("g", " x ")]
    rows = labelled_rows(table(content), "text", "label")
    assert rows.texts == ["a", "e", "f", "g"]
    assert [rows.class_names[i] for i in rows.labels] == ["x", "y", "y", "x"]
    assert rows.notes == (
        "2 rows without a label in “label” were set aside (rows 2, 3).",
        "1 row without a text in “text” was set aside (row 4).",
    )


def test_one_class_only_is_refused(table: Make) -> None:
    with pytest.raises(WorkbenchError, match=r"only one class.*“same”") as caught:
        labelled_rows(table([(f"t{i}", "same") for i in range(5)]), "text", "label")
    assert caught.value.problem.field == "data.label"


def test_no_rows_left_says_why(table: Make) -> None:
    with pytest.raises(WorkbenchError, match=r"No rows of a\.csv can be used.*3 rows without a label"):
        labelled_rows(table([("a", ""), ("b", ""), ("c", "")]), "text", "label")


def test_a_column_of_texts_is_no_label(table: Make) -> None:
    with pytest.raises(WorkbenchError, match="looks like text, not a label"):
        labelled_rows(table([(f"t{i}", f"answer {i}") for i in range(30)]), "text", "label")


def test_a_class_with_a_single_row_is_noted_and_trained_on(table: Make) -> None:
    content = [(f"t{i}", "xy"[i % 2]) for i in range(20)] + [("alone", "z")]
    rows = labelled_rows(table(content), "text", "label")
    assert any("1 class has a single row (z)" in note for note in rows.notes)
    for seed in range(20):
        train, held = split(rows.labels, 0.3, seed)
        assert 20 in train
        assert 20 not in held


def test_classes_that_differ_only_in_capitals_are_pointed_out(table: Make) -> None:
    content = [(f"t{i}", ["Yes", "yes", "no"][i % 3]) for i in range(12)]
    rows = labelled_rows(table(content), "text", "label")
    assert len(rows.class_names) == 3
    assert any("Yes, yes" in note and "capitals" in note for note in rows.notes)


def test_a_held_out_file_uses_the_classes_of_training(table: Make) -> None:
    content = [("a", "y"), ("b", "new"), ("c", "x"), ("d", "newer")]
    rows = labelled_rows(table(content), "text", "label", class_names=("x", "y", "z"))
    assert (rows.texts, rows.labels, rows.class_names) == (["a", "c"], [1, 0], ("x", "y", "z"))
    assert rows.notes == (
        "2 rows of a class that the training data does not have (new, newer) were set aside (rows 2, 4).",
    )


def test_a_held_out_file_of_other_classes_alone_is_refused(table: Make) -> None:
    with pytest.raises(WorkbenchError, match="training data does not have") as caught:
        labelled_rows(
            table([("a", "p"), ("b", "q")]), "text", "label", class_names=("x", "y"), field="data.validation"
        )
    assert caught.value.problem.field == "data.validation"


@given(
    labels=st.lists(st.integers(0, 6), min_size=2, max_size=120).filter(
        lambda found: max(Counter(found).values()) > 1
    ),
    fraction=st.floats(0.01, 0.9),
    seed=st.integers(0, 1000),
)
def test_a_split_is_a_partition_with_every_class_on_both_sides(
    labels: list[int], fraction: float, seed: int
) -> None:
    train, held = split(labels, fraction, seed)
    assert sorted([*train, *held]) == list(range(len(labels)))
    counts = Counter(labels)
    for name, count in counts.items():
        here = sum(labels[i] == name for i in held)
        assert here == 0 if count == 1 else 1 <= here < count
        if count * fraction >= 2 and count * (1 - fraction) >= 2:
            assert abs(here - count * fraction) < 1.0 + 1e-9
    assert len(held) == pytest.approx(len(labels) * fraction, abs=len(counts) + 1)


def test_a_split_depends_on_its_seed_alone() -> None:
    labels = [i % 3 for i in range(200)]
    np.random.seed(1)
    random.seed(1)
    before = (np.random.get_state()[1].tolist(), random.getstate())
    first = split(labels, 0.2, seed=5)
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before
    again, other = split(labels, 0.2, seed=5), split(labels, 0.2, seed=6)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[1], other[1])
    assert len(first[1]) == 40


def test_nothing_can_be_held_out_of_single_rows() -> None:
    with pytest.raises(WorkbenchError, match="No rows can be held out"):
        split([0, 1, 2], 0.5, seed=0)
