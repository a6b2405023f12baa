"""The scores of labels, numbers and marks are scikit-learn's, scipy's and seqeval's."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.run.deviations import number_metrics
from workbench.run.entity_tallies import FAULTS, Entity, EntityTallies, entities, faults
from workbench.run.label_tallies import best_threshold, label_metrics
from workbench.session.scoring.entities import entity_scores
from workbench.session.scoring.multilabel import multi_label_scores
from workbench.session.scoring.regression import regression_scores

SEEDS = st.integers(0, 2**31)


@given(seed=SEEDS, rows=st.integers(1, 12), labels=st.integers(2, 4))
@settings(max_examples=40)
def test_scores_of_labels_are_scikit_learns(seed: int, rows: int, labels: int) -> None:
    from sklearn import metrics

    chance = np.random.default_rng(seed)
    true = chance.random((rows, labels)) < chance.random()
    probabilities = chance.random((rows, labels))
    said = probabilities >= 0.5
    found = multi_label_scores(true, probabilities, [f"label {i}" for i in range(labels)], resamples=20)
    for average in ("micro", "macro", "samples"):
        wanted = metrics.f1_score(true, said, average=average, zero_division=0)
        assert found.numbers[f"f1_{average}"].value == pytest.approx(wanted)
        if average != "samples":
            for name, score in (("precision", metrics.precision_score), ("recall", metrics.recall_score)):
                wanted = score(true, said, average=average, zero_division=0)
                assert found.numbers[f"{name}_{average}"].value == pytest.approx(wanted)
    assert found.numbers["accuracy"].value == pytest.approx(metrics.accuracy_score(true, said))
    assert found.numbers["hamming"].value == pytest.approx(metrics.hamming_loss(true, said))
    each = metrics.precision_recall_fscore_support(true, said, average=None, zero_division=0)
    for i, label in enumerate(found.labels):
        assert (label.precision, label.recall, label.f1, label.rows) == pytest.approx(
            [part[i] for part in each]
        )
        if 0 < label.rows < rows:
            assert label.auc == pytest.approx(metrics.roc_auc_score(true[:, i], probabilities[:, i]))
    live = label_metrics(true, said)
    assert all(live[name] == pytest.approx(found.numbers[name].value) for name in live)


@given(seed=SEEDS, rows=st.integers(1, 12))
@settings(max_examples=40)
def test_the_best_threshold_is_the_best(seed: int, rows: int) -> None:
    from sklearn.metrics import f1_score

    chance = np.random.default_rng(seed)
    true, probabilities = chance.random(rows) < 0.5, chance.choice([0.1, 0.3, 0.5, 0.8], rows)
    if not true.any():
        assert best_threshold(true, probabilities) == 0.5
        return
    scores = [f1_score(true, probabilities >= t, zero_division=0) for t in (0.05, 0.2, 0.4, 0.65)]
    found = best_threshold(true, probabilities)
    assert f1_score(true, probabilities >= found, zero_division=0) == pytest.approx(max(scores))


@given(seed=SEEDS, rows=st.integers(2, 15), columns=st.integers(1, 3), ties=st.booleans())
@settings(max_examples=40)
def test_scores_of_numbers_are_scikit_learns_and_scipys(
    seed: int, rows: int, columns: int, ties: bool
) -> None:
    from scipy.stats import spearmanr
    from sklearn import metrics

    chance = np.random.default_rng(seed)
    true, said = chance.normal(50, 10, (2, rows, columns))
    if ties:
        true, said = np.round(true / 10), np.round(said / 10)
    found = regression_scores(true, said, [f"column {i}" for i in range(columns)], resamples=5)
    assert found.numbers["r2"].value == pytest.approx(metrics.r2_score(true, said))
    assert found.numbers["mae"].value == pytest.approx(metrics.mean_absolute_error(true, said))
    assert found.numbers["rmse"].value == pytest.approx(metrics.root_mean_squared_error(true, said))
    for i, column in enumerate(found.columns):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of columns that are the same throughout
            wanted = float(spearmanr(true[:, i], said[:, i]).statistic)
        assert column.numbers["spearman"].value == pytest.approx(0 if math.isnan(wanted) else wanted)
    assert np.array_equal(found.residuals, said - true)
    live = number_metrics(true, said)
    assert all(live[name].mean() == pytest.approx(found.numbers[name].value) for name in live)


TAGS = st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b"])
ROWS = st.lists(st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=7), min_size=1, max_size=4)


@given(rows=ROWS)
@settings(max_examples=150)
def test_scores_of_marks_are_seqevals(rows: list[list[tuple[str, str]]]) -> None:
    from seqeval.metrics.v1 import precision_recall_fscore_support
    from seqeval.scheme import IOB2, Entities

    true, said = ([[pair[side] for pair in row] for row in rows] for side in (0, 1))
    wanted = Entities(true, scheme=IOB2).entities
    assert [entities(row) for row in true] == [
        [Entity(one.start, one.end, one.tag) for one in row] for row in wanted
    ]
    found, tallies = entity_scores(true, said, resamples=5), EntityTallies()
    for pair in zip(true, said, strict=True):
        tallies.add(*pair)
    whole = precision_recall_fscore_support(true, said, average="micro", zero_division=0, scheme=IOB2)
    assert tallies.overall() == pytest.approx(tuple(map(float, whole[:3])))
    for i, name in enumerate(("precision", "recall", "f1")):
        assert found.numbers[name].value == pytest.approx(float(whole[i]))
    for kind in found.kinds:
        assert (kind.precision, kind.recall, kind.f1) == pytest.approx(tallies.shares(kind.name))
    assert found.numbers["f1_macro"].value == pytest.approx(tallies.f1_macro())
    # Every stretch of either side is right, or in exactly one fault.
    counts, hits = found.fault_counts, tallies.hits.total()
    paired = counts["boundary"] + counts["kind"] + counts["both"]
    assert hits + paired + counts["missed"] == tallies.there.total()
    assert hits + paired + counts["spurious"] == tallies.said.total()


def test_every_sort_of_fault_has_its_name() -> None:
    true = [Entity(0, 2, "a"), Entity(3, 4, "a"), Entity(5, 7, "a"), Entity(8, 9, "b")]
    said = [Entity(0, 1, "a"), Entity(3, 4, "b"), Entity(6, 8, "b"), Entity(10, 11, "b")]
    found = {fault.what: fault for fault in faults(true, said)}
    assert set(found) == set(FAULTS)
    assert found["boundary"].true == true[0] and found["kind"].said == said[1]
    assert found["both"].said == said[2] and found["missed"].true == true[3]
    assert found["spurious"].said == said[3] and faults(true, true) == []
