"""The numbers of an evaluation equal scikit-learn's, and their intervals hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics

from workbench.run.problem import WorkbenchError
from workbench.run.scores import ClassificationScores
from workbench.run.tallies import class_metrics, confusion_matrix
from workbench.session.scoring.classification import auc_interval, calibrate, classification_scores, costs
from workbench.session.scoring.comparing import compare, mcnemar
from workbench.session.scoring.intervals import (
    interval_of_mean,
    percentile_interval,
    resampled_counts,
    row_weights,
)

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


@settings(deadline=None, max_examples=40)
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
    for average in ("macro", "weighted"):
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


@settings(deadline=None, max_examples=20)
@given(cases)
def test_each_value_lies_within_its_interval_s_reach(case: Case) -> None:
    for number in scores(case).numbers.values():
        if number.low is not None and number.high is not None:
            assert number.low <= number.high


def test_the_area_s_interval_comes_from_areas_that_are_scikit_learn_s() -> None:
    true, probabilities, _ = made(3, 40, 2, coarse=True)
    positive, column = true == 1, probabilities[:, 1]
    areas = [  # as the interval draws them
        metrics.roc_auc_score(positive, column, sample_weight=weights)
        for block in row_weights(40, 7, 100)
        for weights in block
    ]
    assert auc_interval(positive, column, 7, 100) == pytest.approx(tuple(np.percentile(areas, [2.5, 97.5])))


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
