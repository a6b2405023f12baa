"""The suggested learning rate, on curves whose steepest place is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workbench.run.rates import RatePoint, suggested


def curve(losses: list[float]) -> list[RatePoint]:
    """Points at rates from 1e-7 to 1; the smoothed loss is of no matter here."""
    rates = np.logspace(-7, 0, len(losses))
    return [
        RatePoint(i + 1, float(r), loss, 0.0) for i, (r, loss) in enumerate(zip(rates, losses, strict=True))
    ]


def typical(best: float, noise: float, seed: int, steps: int = 100) -> list[float]:
    """Flat, then falling fastest at the rate `best`, then rising without end."""
    chance = np.random.default_rng(seed)
    where = np.log10(np.logspace(-7, 0, steps) / best)
    fall = 1.5 / (1 + np.exp(-4 * where))
    rise = np.exp(np.minimum(3 * (where - 2.0), 4))
    return (2 - fall + rise + noise * chance.normal(size=steps)).tolist()


@pytest.mark.parametrize("best", [1e-5, 1e-4, 1e-3])
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_the_steepest_descent_is_found_under_noise(best: float, noise: float) -> None:
    for seed in range(10):
        found = suggested(curve(typical(best, noise, seed)))
        assert found is not None and abs(math.log10(found / best)) < 0.5, (found, seed)


def test_without_a_descent_nothing_is_suggested() -> None:
    chance = np.random.default_rng(0)
    assert suggested(curve([1.0] * 50)) is None
    assert suggested(curve(np.linspace(1, 3, 50).tolist())) is None
    assert suggested(curve((1 + 0.01 * chance.normal(size=100)).tolist())) is None
    assert suggested(curve(typical(1e-4, 0, 0)[:9])) is None
    assert suggested([]) is None


def test_the_suggestion_has_two_digits() -> None:
    found = suggested(curve(typical(1e-4, 0.05, 1)))
    assert found is not None and found == float(f"{found:.1e}")


def test_what_comes_after_the_lowest_loss_does_not_count() -> None:
    losses = typical(1e-4, 0.0, 0)
    lowest = int(np.argmin(losses))
    wild = losses[: lowest + 9] + [9.0, 3.0, 9.0, 2.0, 9.0] * 3
    rates = [point.rate for point in curve(losses)]
    points = [RatePoint(i + 1, rates[i], loss, 0.0) for i, loss in enumerate(wild) if i < len(rates)]
    found = suggested(points)
    assert found is not None and found < rates[lowest]
