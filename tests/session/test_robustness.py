"""Robustness: flips are counted as they are, what cannot be changed is left out, and a run answers for its rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from workbench.data.perturbations import PERTURBATIONS
from workbench.run.problem import WorkbenchError
from workbench.run.row_scores import RowIds
from workbench.session.robustness import chosen_sets, tried
from workbench.session.scoring.rows import AskedRows

SETS = {one.name: one for one in PERTURBATIONS}
TEXTS = ("Good film", "GOOD FILM", "good film", "12 34", "Bad Film")


def _by_capitals(texts: Sequence[str]) -> np.ndarray:
    """A classifier that goes by the first letter's size, as a bad one may."""
    loud = np.array([0.9 if text[:1].isupper() else 0.2 for text in texts])
    return np.column_stack([1 - loud, loud])


def _asked(true: Sequence[int] | None) -> AskedRows:
    ids = RowIds("", np.arange(5), np.arange(5, dtype=np.uint64))
    return AskedRows(TEXTS, None if true is None else np.array(true), ids, {}, "five texts")


def test_flips_are_counted_and_shown_side_by_side() -> None:
    rows = np.arange(5)
    one = SETS["case"]
    before = _by_capitals(TEXTS)
    found = tried(one, _asked((1, 1, 0, 0, 1)), rows, before, ("quiet", "loud"), 0, _by_capitals)
    made = {i: one.of(text, 0) for i, text in enumerate(TEXTS)}
    flips = {i for i, new in made.items() if new and new[:1].isupper() != TEXTS[i][:1].isupper()}
    assert found.unchanged == 1 and made[3] is None and found.flipped.of == 4
    assert {flip.row for flip in found.flips} == flips and found.flipped.hits == len(flips) > 0
    for flip in found.flips:
        assert (flip.text, flip.changed) == (TEXTS[flip.row], made[flip.row])
        assert flip.before[0] != flip.after[0] and flip.label == ("quiet" if flip.row in (2, 3) else "loud")
    assert found.accuracy == (1.0, 1 - len(flips) / 4)
    low, high = found.flipped.interval
    assert low <= len(flips) / 4 <= high
    assert [flip.before[1] for flip in found.flips] == sorted(
        (f.before[1] for f in found.flips), reverse=True
    )


def test_without_labels_nothing_is_right_or_wrong() -> None:
    found = tried(
        SETS["case"], _asked(None), np.arange(5), _by_capitals(TEXTS), ("quiet", "loud"), 0, _by_capitals
    )
    assert found.accuracy is None and all(flip.label == "" for flip in found.flips)


def test_where_nothing_can_be_changed_the_model_is_not_asked() -> None:
    def never(texts: Sequence[str]) -> np.ndarray:
        raise AssertionError("the model was asked")

    found = tried(SETS["names"], _asked(None), np.arange(5), _by_capitals(TEXTS), ("quiet", "loud"), 0, never)
    assert (found.flipped.of, found.unchanged, found.flips) == (0, 5, ())


def test_a_set_is_known_by_its_name() -> None:
    assert [one.name for one in chosen_sets(("case", "typos", "case"))] == ["case", "typos"]
    assert chosen_sets(()) == PERTURBATIONS
    with pytest.raises(WorkbenchError, match="no set of changes 'typo'") as refused:
        chosen_sets(("typo",))
    assert "typos" in refused.value.problem.cause
