"""The scores of labels, numbers and marks are scikit-learn's, scipy's and seqeval's."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.run.deviations import number_metrics
from workbench.run.entity_tallies import FAULTS, Entity, EntityTallies, entities, faults
from workbench.run.label_tallies import best_threshold, label_metrics
from workbench.run.problem import WorkbenchError
from workbench.run.scores import Floats
from workbench.run.target_rows import TargetRows
from workbench.session.scoring.comparing_targets import against_targets, compare_targets
from workbench.session.scoring.entities import entity_scores
from workbench.session.scoring.multilabel import multi_label_scores
from workbench.session.scoring.regression import regression_scores
from workbench.session.scoring.targets import with_scores

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


def marked_rows(
    given: list[list[str]], names: tuple[str, ...] = ("O", "B-a", "I-a", "B-b", "I-b")
) -> TargetRows:
    """An evaluation of the same forty rows by a model that says this of them."""
    right = [["B-a", "I-a", "O", "B-b"]] * len(given)
    texts = tuple(f"row {i}" for i in range(len(given)))
    return with_scores(
        TargetRows(
            "token-classification", "tiny", "rows", "a.conll", np.arange(len(given)), texts, texts, texts,
            np.array([a != b for a, b in zip(right, given, strict=True)]), np.zeros(len(given)), None, 0.5,
            names=names, right_tags=tuple(map(tuple, right)), given_tags=tuple(map(tuple, given)),
        )
    )  # fmt: skip


def rows_of(task: str, right: Floats, given: Floats, model: str = "tiny") -> TargetRows:
    texts = tuple(f"row {i}" for i in range(len(right)))
    wrong = ((given >= 0.5) != (right > 0.5)).any(axis=1)
    names = tuple(f"name {i}" for i in range(right.shape[1]))
    return TargetRows(
            task, model, "rows", "a.csv", np.arange(len(right)), texts, texts, texts, wrong,
            -np.log(np.clip(np.where(right > 0.5, given, 1 - given), 1e-15, 1)).mean(axis=1), None, 0.5,
            names=names, right=right, given=given, limits=np.full(len(names), 0.5), sureness=given.min(axis=1),
        )  # fmt: skip


def pair_of(task: str, seed: int = 0, rows: int = 60, gain: float = 0.3) -> tuple[TargetRows, TargetRows]:
    """Two evaluations of the same rows, the second better by so much."""
    chance = np.random.default_rng(seed)
    right = (chance.random((rows, 3)) < 0.4).astype(float)
    if task == "token-classification":
        tags = [
            [
                ["B-a", "I-a", "O", "B-b"] if c < share else ["B-a", "O", "B-b", "B-b"]
                for c in chance.random(rows)
            ]
            for share in (0.5, 0.5 + gain)
        ]
        return marked_rows(tags[0]), replace(marked_rows(tags[1]), model="better")
    noise = chance.normal(size=(2, rows, 3))
    given = [
        np.clip(0.5 + (right - 0.5) * 0.5 + n * s, 0.001, 0.999)
        for n, s in zip(noise, (0.5, 0.5 - gain), strict=True)
    ]
    return rows_of(task, right, given[0]), rows_of(task, right, given[1], "better")


@pytest.mark.parametrize("task", ["multi-label", "regression", "token-classification"])
def test_the_better_of_two_is_found_for_every_metric_and_what_was_kept_is_the_same(
    task: str, tmp_path: Path
) -> None:
    worse, better = map(with_scores, pair_of(task))
    assert worse.scores is not None and better.scores is not None
    for name in worse.scores.numbers:
        if name in ("auc", "average_precision"):  # the mean over the labels, which is told and not compared
            continue
        found = compare_targets(worse, better, name)
        difference = better.scores.numbers[name].value - worse.scores.numbers[name].value
        assert found.difference == pytest.approx(difference, abs=1e-9), name
        assert found.low <= found.difference <= found.high
        assert found.words.startswith(("Yes: better has", "Not shown: better has")), found.words
    told = compare_targets(worse, better)
    assert told.words.startswith("Yes: better has") and told.p_value < 0.05
    assert compare_targets(better, worse).words.startswith("No, the other way round: better has")
    assert told.only_second == int((worse.wrong & ~better.wrong).sum())
    same = against_targets(better, replace(better, model="twin"))
    assert same.comparison.words.startswith("No: both have the same") and not same.apart.any()
    with pytest.raises(WorkbenchError, match="there is no 'beauty'"):
        compare_targets(worse, better, "beauty")
    with pytest.raises(WorkbenchError, match="not measured on the same rows"):
        compare_targets(worse, replace(better, true=tuple(reversed(better.true))))
    better.save(tmp_path / "kept.npz")
    again = with_scores(TargetRows.load(tmp_path / "kept.npz"))
    assert again.scores is not None and again.fingerprint == better.fingerprint
    assert again.scores.numbers == better.scores.numbers
    (tmp_path / "kept.npz").write_bytes(b"PK")
    with pytest.raises(WorkbenchError, match="cannot be read"):
        TargetRows.load(tmp_path / "kept.npz")


@pytest.mark.parametrize("task", ["multi-label", "regression"])
def test_equally_good_models_are_rarely_called_better(task: str) -> None:
    finds = [compare_targets(*pair_of(task, seed, gain=0)).p_value < 0.05 for seed in range(100, 140)]
    assert sum(finds) <= 5  # of 40; 2 are expected
