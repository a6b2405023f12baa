"""The scores of rows come back from their file as they were written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workbench.run.problem import WorkbenchError
from workbench.run.row_scores import RowIds, RowScores


def scores(**more: object) -> RowScores:
    ids = RowIds("reviews.csv", np.array([4, 0, 9]), np.array([2**64 - 1, 7, 0], dtype=np.uint64))
    probabilities = np.array([[0.5, 0.5], [0.1, 0.9], [1.0, 0.0]])
    texts = ("good", "half a pair \ud800", "")
    return RowScores.of(texts, np.array([0, 1, 1]), probabilities, ("no", "yes"), ids, **more)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    vectors = np.arange(12, dtype=np.float32).reshape(3, 4)
    before = scores(
        metadata={"year": ("1990", None, "x")}, model="m", told="t", vectors=vectors, notes=("n",)
    )
    before.save(tmp_path / "deep" / "one.npz")
    after = RowScores.load(tmp_path / "deep" / "one.npz")
    for name in ("texts", "names", "metadata", "model", "told", "notes", "fingerprint"):
        assert getattr(after, name) == getattr(before, name)
    for name in ("true", "probabilities", "losses", "vectors"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
        assert getattr(after, name).dtype == getattr(before, name).dtype
        with pytest.raises(ValueError, match="read-only"):
            getattr(after, name)[0] = 1
    assert after.row_ids.file == "reviews.csv" and after.row_ids.keys.tolist() == [2**64 - 1, 7, 0]
    bare = RowScores.of(("a",), None, np.array([[0.2, 0.8]]), ("no", "yes"))
    bare.save(tmp_path / "one.npz")
    again = RowScores.load(tmp_path / "one.npz")
    assert (
        again.true is None
        and again.vectors is None
        and np.isnan(again.losses).all()
        and not again.wrong.any()
    )


def test_losses_and_predictions_follow_from_the_probabilities() -> None:
    found = scores()
    np.testing.assert_allclose(found.losses, [np.log(2), -np.log(0.9), -np.log(1e-15)])
    assert found.predicted.tolist() == [0, 1, 0] and found.wrong.tolist() == [False, False, True]
    some = found.take([2, 0])
    assert (
        some.texts == ("", "good")
        and some.row_ids.rows.tolist() == [9, 4]
        and some.wrong.tolist() == [True, False]
    )


def test_the_fingerprint_is_of_the_rows_and_not_of_what_was_said_of_them() -> None:
    one, rows = scores(), np.array([0, 1, 1])
    other = RowScores.of(one.texts, rows, np.full((3, 2), 0.5), one.names)
    swapped = RowScores.of(one.texts, 1 - rows, one.probabilities, one.names[::-1])
    assert one.fingerprint == other.fingerprint == swapped.fingerprint
    assert one.fingerprint != RowScores.of(one.texts, 1 - rows, one.probabilities, one.names).fingerprint
    assert one.fingerprint != one.take([1, 0, 2]).fingerprint


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04 torn"])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "torn.npz"
    file.write_bytes(content)
    with pytest.raises(WorkbenchError, match=r"torn\.npz cannot be read"):
        RowScores.load(file)
    with pytest.raises(WorkbenchError, match="cannot be read"):
        RowScores.load(tmp_path / "none.npz")
