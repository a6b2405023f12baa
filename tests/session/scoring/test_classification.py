"""The numbers of an evaluation equal scikit-learn's, and their intervals hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics

from workbench.run.problem import WorkbenchError
from workbench.run.row_scores import RowScores
from workbench.run.scores import ClassificationScores
from workbench.run.tallies import class_metrics, confusion_matrix
from workbench.session.scoring.classification import (
    at_threshold,
    best_threshold,
    calibrate,
    classification_scores,
    costs,
    histogram,
    scores_of,
)
from workbench.session.scoring.comparing import compare, compare_rows, fixed_and_broken, mcnemar
from workbench.session.scoring.intervals import (
    interval_of_mean,
    percentile_interval,
    resampled_counts,
    row_weights,
)
from workbench.session.scoring.ranking import ranking_intervals

Case = tuple[NDArray[np.int64], NDArray[np.float64], tuple[str, ...]]


def made(seed: int, rows: int, classes: int, *, coarse: bool = False) -> Case:
    """Random rows; `coarse` probabilities are often tied."""
    chance = np.random.default_rng(seed)
    true = chance.integers(classes, size=rows)
    logits = chance.normal(size=(rows, classes))
    logits[np.arange(rows), true] += chance.uniform(0, 2)
    if coarse:
        logits = logits.round()
    odds = np.exp(logits)
    return true, odds / odds.sum(axis=1, keepdims=True), tuple(f"c{i}" for i in range(classes))


def scores(case: Case) -> ClassificationScores:
    return classification_scores(*case, resamples=20)


cases = st.builds(made, st.integers(0, 10**6), st.integers(1, 60), st.integers(2, 5), coarse=st.booleans())


@settings(deadline=None, max_examples=25)
@given(cases)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:A single label was found")
def test_every_number_equals_that_of_scikit_learn(case: Case) -> None:
    true, probabilities, names = case
    found, predicted = scores(case), probabilities.argmax(axis=1)
    every = list(range(len(names)))
    expected = {
        "accuracy": metrics.accuracy_score(true, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(true, predicted),
        "matthews": metrics.matthews_corrcoef(true, predicted),
        "log_loss": metrics.log_loss(true, probabilities, labels=every),
    }
    for average in ("micro", "macro", "weighted"):
        expected[f"f1_{average}"] = metrics.f1_score(true, predicted, average=average, zero_division=0)
    for average in ("micro", "macro", "weighted"):
        expected[f"precision_{average}"] = metrics.precision_score(
            true, predicted, average=average, zero_division=0
        )
        expected[f"recall_{average}"] = metrics.recall_score(
            true, predicted, average=average, zero_division=0
        )
    for name, value in expected.items():
        assert found.numbers[name].value == pytest.approx(value, abs=1e-9), name
    assert np.array_equal(found.confusion, metrics.confusion_matrix(true, predicted, labels=every))
    for k in (2, 3, 5):
        if k < len(names) and len(set(probabilities.ravel().tolist())) == probabilities.size:
            top = metrics.top_k_accuracy_score(true, probabilities, k=k, labels=every)
            assert found.numbers[f"top_{k}"].value == pytest.approx(top)
    for i, each in enumerate(found.classes):
        positive = true == i
        if positive.any() and not positive.all():
            assert each.auc == pytest.approx(metrics.roc_auc_score(positive, probabilities[:, i]))
        assert each.rows == positive.sum()
    if len(names) > 2:
        asked = np.eye(len(names), dtype=int)[true].ravel(), probabilities.ravel()
        assert found.numbers["auc_micro"].value == pytest.approx(metrics.roc_auc_score(*asked))
        average = metrics.average_precision_score(*asked)
        assert found.numbers["average_precision_micro"].value == pytest.approx(average)
        assert found.roc_average is not None and found.roc_average.y[-1] == 1


@settings(deadline=None, max_examples=20)
@given(cases)
def test_each_value_lies_within_its_interval_s_reach(case: Case) -> None:
    for number in scores(case).numbers.values():
        if number.low is not None and number.high is not None:
            assert number.low <= number.high


def test_intervals_of_rankings_come_from_numbers_that_are_scikit_learn_s() -> None:
    true, probabilities, _ = made(3, 40, 3, coarse=True)
    positive = true[:, None] == np.arange(3)
    drawn = [  # as the intervals draw them
        [
            np.mean([number(positive[:, i], probabilities[:, i], sample_weight=weights) for i in range(3)])
            for number in (metrics.roc_auc_score, metrics.average_precision_score)
        ]
        for block in row_weights(40, 7, 50)
        for weights in block
    ]
    found = ranking_intervals(positive, probabilities, 7, 50)
    assert found is not None
    for interval, expected in zip(found, np.percentile(drawn, [2.5, 97.5], axis=0).T, strict=True):
        assert interval == pytest.approx(tuple(expected))
    assert ranking_intervals(np.zeros((10**6, 60), np.bool_), np.empty((0, 60)), 0) is None


def test_intervals_hold_the_truth_about_95_times_in_100() -> None:
    chance, truth, rows, trials = np.random.default_rng(0), 0.8, 300, 300
    held = held_mean = 0
    for trial in range(trials):
        hit = chance.random(rows) < truth
        true = chance.integers(3, size=rows)
        confusion = confusion_matrix(true, np.where(hit, true, (true + 1) % 3), 3)
        low, high = percentile_interval(class_metrics(resampled_counts(confusion, trial, 400))["accuracy"])
        held += low <= truth <= high
        low, high = interval_of_mean(hit.astype(np.float64), trial, 400)
        held_mean += low <= truth <= high
    assert 0.91 <= held / trials <= 0.98
    assert 0.91 <= held_mean / trials <= 0.98


def test_intervals_of_other_numbers_hold_the_truth_too() -> None:
    """F1 and Matthews correlation of a known confusion; the AUC of two normal distributions is Φ(distance / √2)."""
    chance, trials = np.random.default_rng(1), 200
    likely = np.array([[0.4, 0.05, 0.05], [0.06, 0.2, 0.04], [0.02, 0.03, 0.15]])
    names = ("f1_macro", "recall_macro", "matthews", "balanced_accuracy")
    truth = {name: float(class_metrics((likely * 10**9).astype(np.int64))[name]) for name in names}
    held = dict.fromkeys((*names, "auc"), 0)
    for trial in range(trials):
        confusion = chance.multinomial(300, likely.ravel()).reshape(3, 3)
        drawn = class_metrics(resampled_counts(confusion, trial, 300))
        for name in names:
            low, high = percentile_interval(drawn[name])
            held[name] += low <= truth[name] <= high
        positive = np.arange(150) < 60
        interval = ranking_intervals(
            positive[:, None], (chance.normal(size=150) + positive)[:, None], trial, 200
        )
        assert interval is not None
        low, high = interval[0]
        held["auc"] += low <= 0.7602499 <= high
    for name, count in held.items():
        assert 0.89 <= count / trials <= 0.99, name


def test_equally_good_models_are_seldom_called_different() -> None:
    chance, called = np.random.default_rng(2), {"accuracy": 0, "f1_macro": 0}
    for _ in range(60):
        true = chance.integers(2, size=200)
        both = [np.where(chance.random(200) < 0.8, true, 1 - true) for _ in range(2)]
        for metric in called:
            called[metric] += compare(true, *both, metric).p_value < 0.05
    assert all(count <= 8 for count in called.values())


def test_calibration_compares_sureness_with_accuracy_in_bins_weighted_by_rows() -> None:
    true = np.array([0, 0, 1, 0])
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    found = calibrate(true, probabilities)
    assert found.counts.tolist() == [1, 3]
    np.testing.assert_allclose(found.sureness, [0.6, 0.9])
    np.testing.assert_allclose(found.accuracy, [0, 2 / 3])
    assert found.error == pytest.approx((0.6 + 3 * (0.9 - 2 / 3)) / 4)


def test_costs_count_false_alarms_and_misses_at_each_threshold() -> None:
    true, scored = np.array([True, True, False, False]), np.array([0.9, 0.4, 0.4, 0.1])
    found = costs(true, scored, false_alarm=1, miss=3)
    assert found.x.tolist() == [np.inf, 0.9, 0.4, 0.1]
    assert found.y.tolist() == [6 / 4, 3 / 4, 1 / 4, 2 / 4]


@settings(deadline=None, max_examples=30)
@given(cases, st.floats(0.1, 9), st.floats(0.1, 9))
def test_the_best_threshold_costs_least_and_its_counts_are_scikit_learn_s(
    case: Case, false_alarm: float, miss: float
) -> None:
    true, scored = case[0] == 1, case[1][:, 1]
    threshold = best_threshold(true, scored, false_alarm, miss)
    found = at_threshold(true, scored, threshold)
    assert found.cost(false_alarm, miss) == pytest.approx(costs(true, scored, false_alarm, miss).y.min())
    said = scored >= threshold
    expected = metrics.confusion_matrix(true, said, labels=[False, True]).ravel().tolist()
    assert [found.rejections, found.alarms, found.misses, found.hits] == expected
    assert found.numbers["f1"] == pytest.approx(metrics.f1_score(true, said, zero_division=0))


def test_the_histogram_holds_every_row_once() -> None:
    true, probabilities, names = made(0, 50, 3)
    rows = RowScores.of([""] * 50, true, probabilities, names)
    found = histogram(rows)
    assert found.right.sum() == 50 - rows.wrong.sum() and found.wrong.sum() == rows.wrong.sum()
    assert histogram(rows, 1).right.sum() == (true == 1).sum()
    assert scores_of(rows, resamples=20).numbers["accuracy"].value == pytest.approx(1 - rows.wrong.mean())


def test_evaluations_are_compared_row_by_row_whatever_their_order() -> None:
    true, probabilities, names = made(1, 80, 3)
    texts = [f"text {i % 70}" for i in range(80)]  # some come twice
    first = RowScores.of(texts, true, probabilities, names, model="base")
    order = np.random.default_rng(0).permutation(80)
    better = probabilities.copy()
    better[first.wrong] = np.eye(3)[true[first.wrong]] * 0.94 + 0.02
    moved = RowScores.of(
        [texts[i] for i in order], 2 - true[order], better[order][:, ::-1], names[::-1], model="tuned"
    )
    found = compare_rows(first, moved)
    assert found.difference == pytest.approx(first.wrong.mean()) and found.only_first == 0
    assert found.words.startswith("Yes: tuned has")
    fixed, broken = fixed_and_broken(first, moved)
    assert fixed.tolist() == np.flatnonzero(first.wrong).tolist() and not len(broken)
    losses = compare_rows(first, moved, "log_loss")
    assert losses.high < 0 and losses.words.startswith("Yes: tuned has") and "less log loss" in losses.words
    with pytest.raises(WorkbenchError, match=r"80 rows; .* 79 rows; 79 rows with the same"):
        compare_rows(first, moved.take(range(79)))
    with pytest.raises(WorkbenchError, match="not have the same classes"):
        compare_rows(first, RowScores.of(texts, true, probabilities, ("x", "y", "z")))
    with pytest.raises(WorkbenchError, match="labels"):
        compare_rows(first, RowScores.of(texts, None, probabilities, names))


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_symmetric_and_sure_only_where_the_models_differ(b: int, c: int) -> None:
    assert mcnemar(b, c) == pytest.approx(mcnemar(c, b))
    assert mcnemar(b, b) == 1.0
    assert 0 <= mcnemar(b, c) <= 1


def test_a_better_model_is_told_and_chance_is_called_chance() -> None:
    chance = np.random.default_rng(0)
    true = chance.integers(2, size=500)
    weak = np.where(chance.random(500) < 0.7, true, 1 - true)
    strong = np.where(chance.random(500) < 0.9, true, 1 - true)
    found = compare(true, weak, strong, names=("base", "tuned"))
    assert found.difference == pytest.approx(np.mean(strong == true) - np.mean(weak == true))
    assert found.low > 0 and found.p_value < 0.001 and found.words.startswith("Yes: tuned")
    assert found.only_second - found.only_first == round(500 * found.difference)
    other = np.where(chance.random(500) < 0.7, true, 1 - true)
    for metric in ("accuracy", "f1_macro", "matthews"):
        same = compare(true, weak, other, metric)
        assert same.low < 0 < same.high and same.p_value > 0.05 and same.words.startswith("Not shown")
    assert compare(true, weak, weak).words.startswith("No:")
    with pytest.raises(WorkbenchError, match="f1_macro"):
        compare(true, weak, strong, "beauty")
