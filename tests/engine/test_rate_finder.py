"""The learning-rate finder on tiny models: real steps at rising rates, and nothing written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from workbench.engine.rate_finder import DIVERGED
from workbench.run.home import Home
from workbench.run.rates import RatePoint
from workbench.run.recipe import Recipe
from workbench.session import training
from workbench.session.lanes import Desk, JobCancelled, Mailbox, Ticket, lone_desk
from workbench.session.trials import find_rate

Recipes = Callable[..., Recipe]


def test_the_rate_rises_exponentially_until_the_loss_does(home: Home, recipe: Recipes) -> None:
    heard: list[object] = []
    curve = find_rate(home, recipe("training.precision=fp32"), lone_desk(heard.append))
    points = curve.points
    assert [point for point in heard if isinstance(point, RatePoint)] == list(points)
    rates = np.array([point.rate for point in points])
    np.testing.assert_allclose(rates, 1e-7 * 1e7 ** (np.arange(len(points)) / 99))
    assert [point.step for point in points] == list(range(1, len(points) + 1))

    kept, best = 0.0, np.inf
    for point in points:
        kept = 0.9 * kept + 0.1 * point.loss
        assert point.smoothed == pytest.approx(kept / (1 - 0.9**point.step))
        assert best == np.inf or points[-1] is point or point.smoothed <= DIVERGED * best
        best = min(best, point.smoothed)
    assert len(points) == 100 or points[-1].smoothed > DIVERGED * best
    assert curve.suggested is not None and 1e-5 < curve.suggested < 0.3
    assert not home.runs.exists(), "a trial leaves nothing behind"


def test_it_is_the_same_every_time_and_its_first_loss_is_a_run_s(home: Home, recipe: Recipes) -> None:
    chosen = recipe()
    first, second = (find_rate(home, chosen, lone_desk(), steps=6) for _ in range(2))
    assert first == second
    prepared = training.begin(home, chosen)
    events = training.carry_out(prepared, training.Control())
    losses = [event.loss for event in events if event.kind == "step"]  # type: ignore[attr-defined]
    assert first.points[0].loss == losses[0], "the same weights, rows and chance"


@pytest.mark.parametrize("kind", ["lion", "adafactor", "sgd"])
def test_other_optimizers_and_running_text_are_tried_as_well(
    kind: str, home: Home, lm_recipe: Recipes
) -> None:
    chosen = lm_recipe(f"training.optimizer={kind}", "weights.layer_decay=0.8", "training.accumulation=2")
    curve = find_rate(home, chosen, lone_desk(), steps=5)
    assert [point.rate for point in curve.points] == pytest.approx([1e-7 * 1e7 ** (i / 4) for i in range(5)])
    assert curve.suggested is None, "five steps are too few"


def test_it_stops_when_nobody_waits_for_it(home: Home, recipe: Recipes) -> None:
    ticket = Ticket()
    heard: list[object] = []

    class Impatient(Mailbox):
        def put(self, callback: object, value: object) -> None:
            heard.append(value)
            if isinstance(value, RatePoint) and value.step == 3:
                ticket.cancel()

    with pytest.raises(JobCancelled):
        find_rate(home, recipe(), Desk(ticket, Impatient(), heard.append, None))
    assert isinstance(heard[-1], RatePoint) and heard[-1].step == 3
