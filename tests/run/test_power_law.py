"""What a learning curve says of more rows: right where it is planted, and as sure as it may be."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.run.learning_curve import CurvePoint, LearningCurve
from workbench.run.power_law import fit
from workbench.run.recipe import Recipe

ROWS = np.array([100.0, 250.0, 500.0, 1000.0])


def _errors(floor: float, part: float, exponent: float) -> np.ndarray:
    return floor + part * (ROWS / 1000) ** -exponent


@pytest.mark.parametrize(
    ("floor", "part", "exponent"), [(0.05, 0.1, 0.4), (0.0, 0.2, 0.25), (0.2, 0.05, 0.6)]
)
def test_a_law_without_noise_is_foretold(floor: float, part: float, exponent: float) -> None:
    law = fit(ROWS, _errors(floor, part, exponent), np.zeros(4))
    assert law is not None
    found, true = law.predicted(2000), floor + part * 2**-exponent
    assert found.low <= true <= found.high
    assert found.value == pytest.approx(true, abs=0.1 * part)
    assert law.gain(2000).low > 0


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    chance, held_out, hits, times = np.random.default_rng(0), 400, 0, 25
    true = _errors(0.05, 0.1, 0.4)
    for seed in range(times):
        seen = chance.binomial(held_out, true) / held_out
        law = fit(ROWS, seen, np.sqrt(seen * (1 - seen) / held_out), seed)
        assert law is not None
        found = law.predicted(2000)
        hits += found.low <= 0.05 + 0.1 * 2**-0.4 <= found.high
    assert hits >= 0.85 * times


@pytest.mark.parametrize("rows", [(100, 200), (100, 100, 200, 200), ()])
def test_too_few_points_say_nothing(rows: tuple[int, ...]) -> None:
    assert fit(rows, [0.5] * len(rows), [0.0] * len(rows)) is None


def _curve(
    scores: list[float], metric: str = "accuracy", highest: bool = True, held_out: int = 5000
) -> LearningCurve:
    points = tuple(
        CurvePoint(rows / 1000, int(rows), f"run-{rows:.0f}", {metric: score}, held_out)
        for rows, score in zip(ROWS, scores, strict=True)
    )
    return LearningCurve("c", Recipe(), (0.1, 0.25, 0.5, 1.0), True, points, metric, highest)


def test_words_tell_whether_more_rows_are_worth_it() -> None:
    steep = _curve([0.6, 0.7, 0.77, 0.825])
    flat = _curve([0.902, 0.899, 0.9, 0.901])
    assert "2000 rows to learn from instead of 1000" in steep.words
    assert "More rows of the same kind help" in steep.words
    assert "flat" in flat.words
    outlook = steep.outlook()
    assert outlook is not None
    assert outlook.now.value < outlook.then.value < 1
    assert outlook.then.low < outlook.then.value < outlook.then.high


def test_a_loss_is_foretold_downwards() -> None:
    outlook = _curve([0.9, 0.7, 0.55, 0.45], "loss", highest=False).outlook()
    assert outlook is not None
    assert 0 <= outlook.then.value < outlook.now.value
