"""Which rows are shown and in which order: searching, filtering and sorting against plain Python."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.data import patch as patches
from workbench.data.edits import Edit, Patch
from workbench.data.frame import frame_of
from workbench.data.overlay import overlay_of
from workbench.data.row_order import Wish, arrange, narrowed, places, search, sort, where
from workbench.data.tables import Table
from workbench.run.problem import WorkbenchError


def table(**columns: object) -> Table:
    return Table(Path("x.csv"), tuple(columns), pa.table(columns), (), "0")


WORDS = ["The rain", "a cup of TEA", None, "", "raining again", "Tea", "größe", "GRÖSSE ß", "1.5"]


def test_a_text_is_found_in_any_column_whatever_its_case() -> None:
    rows = table(text=pa.chunked_array([WORDS[:4], WORDS[4:]]), other=["x"] * 8 + ["more rain"])
    assert search(rows, "RAIN").tolist() == [0, 4, 8]
    assert search(rows, "rain", columns=["text"]).tolist() == [0, 4]
    assert search(rows, "GRÖ").tolist() == [6, 7]
    assert search(rows, ".", columns=["text"]).tolist() == [8]  # a text, no expression
    assert search(rows, "nowhere").dtype == np.int64 and len(search(rows, "nowhere")) == 0


def test_an_expression_is_found() -> None:
    rows = table(text=WORDS)
    assert search(rows, r"^rain|tea$", regex=True).tolist() == [1, 4, 5]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("(a", "bracket"), ("[a", "bracket"), ("a)", "bracket"),
        ("*a", "repeat"), ("a(?=b)", "ahead"), ("a\\", "backslash"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("rows", [0, 3])
def test_a_wrong_expression_is_explained(expression: str, said: str, rows: int) -> None:
    with pytest.raises(WorkbenchError) as caught:
        search(table(text=pa.array(["a"] * rows, pa.string())), expression, regex=True)
    assert said in caught.value.problem.cause
    assert "Arrow" not in str(caught.value) and caught.value.problem.remedy


def test_values_that_are_no_text_are_found_as_they_are_shown() -> None:
    rows = table(number=[1.0, 2.5, None], flag=[True, False, None], parts=[["a", "b"], [], None])
    assert search(rows, "2.5").tolist() == [1]
    assert search(rows, "1.0").tolist() == [0]
    assert search(rows, "true").tolist() == [0]
    assert search(rows, "b", columns=["parts"]).tolist() == [0]


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_fractions_are_found_by_every_figure_that_is_shown(kind: pa.DataType) -> None:
    numbers = [0.1, -2.0, 1234567.25, 3.0, 0.0, None, float("nan"), 0.5, 60000.0]
    many = [*numbers, 1e300 if kind == pa.float64() else 1e-5]
    for values in (numbers, many):
        column = pa.array(np.array(values, dtype=kind.to_pandas_dtype()), kind, from_pandas=True)
        rows = table(n=column)
        shown = rows.column("n")
        for text in {text for text in shown if text}:
            assert search(rows, text).tolist() == [
                i for i, value in enumerate(shown) if value and text in value
            ]


def test_texts_are_sorted_like_a_list_of_words_with_missing_ones_last() -> None:
    words = ["pear", "Apple", None, "apple", "  banana", "", "cherry", "Pear"]
    rows = table(text=pa.chunked_array([words[:3], words[3:]]))
    assert sort(rows, "text").tolist() == [1, 3, 4, 6, 0, 7, 2, 5]
    assert sort(rows, "text", True).tolist() == [0, 7, 6, 4, 1, 3, 2, 5]


def test_numbers_in_texts_are_sorted_as_numbers() -> None:
    values = ["10", "9", "", "+2", None, "-1e1", " 7 ", "9"]
    rows = table(number=values, mixed=[*values[:7], "many"])
    assert sort(rows, "number").tolist() == [5, 3, 6, 1, 7, 0, 2, 4]
    assert sort(rows, "number", True).tolist() == [0, 1, 7, 6, 3, 5, 2, 4]
    assert sort(rows, "number", numeric=False).tolist() == [3, 5, 0, 6, 1, 7, 2, 4]
    assert sort(rows, "mixed")[0] == 3  # one that is no number makes texts of all
    assert sort(rows, "mixed", numeric=True).tolist() == [5, 3, 6, 1, 0, 2, 4, 7]


def test_columns_of_numbers_are_sorted_with_missing_ones_last() -> None:
    rows = table(x=pa.array([2.0, float("nan"), None, 1.0, 2.0]), y=pa.array([3, None, 1, 3, 2]))
    assert sort(rows, "x").tolist() == [3, 0, 4, 1, 2]
    assert sort(rows, "x", True).tolist() == [0, 4, 3, 1, 2]
    assert sort(rows, "y", True).tolist() == [0, 3, 4, 2, 1]


def test_rows_are_chosen_by_a_test_of_a_column() -> None:
    rows = table(text=["one", "  ", None, "three", "One more"])
    assert where(rows, "text", "equals", "one").tolist() == [0]
    assert where(rows, "text", "contains", "ONE").tolist() == [0, 4]
    assert where(rows, "text", "matches", "^t").tolist() == [3]
    assert where(rows, "text", "is-longer", 4).tolist() == [3, 4]
    assert where(rows, "text", "is-shorter", 4).tolist() == [0, 1]
    assert where(rows, "text", "is-missing").tolist() == [1, 2]
    with pytest.raises(WorkbenchError, match="Did you mean “text”"):
        where(rows, "texts", "equals", "one")


def test_a_wish_joins_search_finding_and_order() -> None:
    rows = table(text=["b rain", "a rain", "c sun", "d rain", "e sun"])
    finding = np.array([0, 2, 3])
    shown = arrange(rows, Wish(search="rain", sort="text", descending=True, rows=finding))
    assert shown.order is not None and shown.order.tolist() == [3, 0]
    assert shown.hits is not None and shown.hits.tolist() == [0, 1]
    assert shown.of == 3
    marked = arrange(rows, Wish(search="rain", sort="text", only_hits=False))
    assert marked.order is not None and marked.order.tolist() == [1, 0, 2, 3, 4]
    assert marked.hits is not None and marked.hits.tolist() == [0, 1, 3]
    within = arrange(rows, Wish(search="rain", only_hits=False, rows=finding))
    assert within.order is finding
    assert within.hits is not None and within.hits.tolist() == [0, 2]
    untouched = arrange(rows, Wish())
    assert untouched.order is None and untouched.hits is None and untouched.of == 5


def test_an_order_is_narrowed_and_keeps_its_order() -> None:
    order = np.array([4, 2, 0, 3, 1])
    assert narrowed(order, np.array([0, 1, 4])).tolist() == [4, 0, 1]
    assert places(order, np.array([0, 1, 4]), 5).tolist() == [0, 2, 4]
    assert len(narrowed(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))) == 0


def test_work_ends_when_nobody_waits_any_more() -> None:
    rows = table(text=pa.array(["rain"] * 200_000))
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        search(rows, "rain", check=check)
    assert asked == 3


def test_half_a_million_rows_take_a_moment() -> None:
    size = 500_000
    rows = table(text=pa.array([f"row {i * 7919 % size}" for i in range(size)]))
    begun = time.perf_counter()
    assert len(search(rows, "row 4999")) == 111
    assert sort(rows, "text", True)[0] == next(i for i in range(size) if i * 7919 % size == 99999)
    assert time.perf_counter() - begun < 10  # 0.4 s; a loop in Python over all cells would be seen


# ---- edits by hand


@pytest.mark.parametrize("kind", [pa.string(), pa.int64(), pa.float64()])
def test_rows_are_searched_and_sorted_as_they_were_changed(kind: pa.DataType) -> None:
    """What an edited file would give, edits over the untouched one give as well."""
    columns = {
        "text": ["rain", "tea", "rain again", None, "bus"],
        "n": pa.array([10, 9, 100, 1, 2], pa.int64()).cast(kind),
        "label": ["a", "b", None, "a", "b"],
    }
    frame = frame_of(Table(Path("x.csv"), tuple(columns), pa.table(columns), (), "0"), "text", "label")
    keys = frame.keys.tolist()
    patch = Patch()
    for row, column, new in ((0, "text", "sun"), (3, "text", "Rain!"), (1, "n", "1.5"), (2, "n", None)):
        patch = patch.with_edit(Edit(keys[row], column, frame.column(column)[row], new))
    patch = patch.with_label(keys[2], "rainy").with_dropped(keys[4]).with_note(keys[4], "rain")
    overlay = overlay_of(frame, patch, "label")
    changed, _ = patches.apply(frame, replace(patch, dropped=frozenset()))
    assert overlay is not None
    for wish in (
        Wish("rain"),
        Wish("^(sun|rain)", regex=True, only_hits=False),
        Wish(sort="text"),
        Wish(sort="label", descending=True),
        Wish("rain", sort="n", rows=np.array([0, 2, 3])),
    ):
        seen, wanted = arrange(frame, wish, overlay=overlay), arrange(changed, wish)
        for one, other in ((seen.order, wanted.order), (seen.hits, wanted.hits)):
            assert (one is None) == (other is None)
            assert one is None or one.tolist() == (other.tolist() if other is not None else [])
    assert arrange(frame, Wish("rain"), overlay=overlay).order.tolist() == [2, 3]  # type: ignore[union-attr]
    assert arrange(frame, Wish(sort="n"), overlay=overlay).order.tolist() == [3, 1, 4, 0, 2]  # type: ignore[union-attr]
    assert overlay_of(frame, Patch().with_note(keys[0], "x"), "label") is None
