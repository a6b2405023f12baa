"""Schedules against their closed forms at every step, and against torch and transformers where those agree."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import optimization

from workbench.run.problem import WorkbenchError
from workbench.run.schedules import (
    Patience,
    Plateau,
    learning_rate,
    schedule_curve,
    schedule_problems,
    warmup_steps,
)
from workbench.run.training_fields import ScheduleKind, TrainingSection

KINDS = get_args(ScheduleKind)
PEAK = 0.5

totals = st.integers(1, 400)
ratios = st.floats(0, 1)
finals = st.floats(0.001, 1)


def section(kind: str, **fields: Any) -> TrainingSection:
    return TrainingSection(schedule=kind, learning_rate=PEAK, **fields)  # type: ignore[arg-type]


def rates(training: TrainingSection, total: int) -> list[float]:
    return [learning_rate(training, step, total) for step in range(1, total + 1)]


@given(totals, ratios, finals, st.sampled_from(KINDS))
def test_every_schedule_warms_up_linearly_from_zero_and_never_stops_learning(
    total: int, ratio: float, final: float, kind: str
) -> None:
    training = section(kind, warmup_ratio=ratio, final_rate=final)
    warmup = warmup_steps(training, total)
    assert warmup == round(ratio * total)
    found = rates(training, total)
    assert all(0 < rate <= PEAK for rate in found)
    assert found[:warmup] == pytest.approx([PEAK * step / warmup for step in range(1, warmup + 1)])


@given(totals, st.integers(1, 500), st.sampled_from(KINDS))
def test_a_warm_up_in_steps_counts_instead_of_the_share(total: int, steps: int, kind: str) -> None:
    training = section(kind, warmup_steps=steps, warmup_ratio=0.9, final_rate=0.1)
    assert warmup_steps(training, total) == min(steps, total)
    if steps < total:
        assert learning_rate(training, steps, total) == PEAK


@given(totals, ratios, finals, st.integers(1, 7), st.floats(0.5, 4), st.floats(0, 1))
def test_closed_forms_at_every_step(
    total: int, ratio: float, final: float, restarts: int, power: float, decay_ratio: float
) -> None:
    def shapes(p: float, step: int, warmup: int) -> dict[str, float]:
        decay = min(round(decay_ratio * total), total - warmup)
        into = max(0, step - (total - decay)) / (decay + 1)
        wave = math.fmod(p * restarts, 1)
        return {
            "constant": 1.0,
            "plateau": 1.0,
            "linear": 1 - (1 - final) * p,
            "cosine": final + (1 - final) * math.cos(math.pi * p / 2) ** 2,
            "cosine-restarts": final + (1 - final) * math.cos(math.pi * wave / 2) ** 2,
            "exponential": math.exp(p * math.log(final)),
            "polynomial": final + (1 - final) * math.exp(power * math.log(1 - p)),
            "inverse-sqrt": max(final, (max(warmup, 1) / step) ** 0.5),
            "warmup-stable-decay": 1 - (1 - final) * into,
        }

    assert set(shapes(0.5, 1, 0)) == set(KINDS)
    for kind in KINDS:
        training = section(
            kind,
            warmup_ratio=ratio,
            final_rate=final,
            restarts=restarts,
            power=power,
            decay_ratio=decay_ratio,
        )
        warmup = warmup_steps(training, total)
        for step in range(warmup + 1, total + 1):
            p = (step - warmup) / (total - warmup + 1)
            expected = PEAK * shapes(p, step, warmup)[kind]
            assert learning_rate(training, step, total) == pytest.approx(expected, rel=1e-9), (kind, step)


@given(totals, ratios)
def test_without_a_final_rate_linear_and_cosine_are_what_they_always_were(total: int, ratio: float) -> None:
    """To the bit, so that older runs resume as they began."""
    warmup = round(ratio * total)
    for step in range(warmup + 1, total + 1):
        p = (step - warmup) / (total - warmup + 1)
        linear, cosine = (section(kind, warmup_ratio=ratio) for kind in ("linear", "cosine"))
        assert learning_rate(linear, step, total) == PEAK * (1 - p)
        assert learning_rate(cosine, step, total) == PEAK * 0.5 * (1 + math.cos(math.pi * p))


def theirs(make: Callable[[torch.optim.Optimizer], Any], total: int) -> list[float]:
    """The rates of a torch scheduler at its steps 1, 2, ..., total."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    scheduler = make(optimizer)
    found = []
    for _ in range(total):
        optimizer.step()
        scheduler.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


@pytest.mark.parametrize("warmup", [0, 7])
@pytest.mark.parametrize(
    ("kind", "fields", "make"),
    [
        ("constant", {}, lambda o, w, t: optimization.get_constant_schedule_with_warmup(o, w)),
        ("linear", {}, optimization.get_linear_schedule_with_warmup),
        ("cosine", {}, optimization.get_cosine_schedule_with_warmup),
        (
            "cosine-restarts",
            {"restarts": 4},
            lambda o, w, t: optimization.get_cosine_with_hard_restarts_schedule_with_warmup(o, w, t, 4),
        ),
        (
            "polynomial",
            {"power": 3.0, "final_rate": 0.1},
            lambda o, w, t: optimization.get_polynomial_decay_schedule_with_warmup(o, w, t, 0.1 * PEAK, 3.0),
        ),
        (
            "warmup-stable-decay",
            {"decay_ratio": 0.3, "final_rate": 0.1},
            lambda o, w, t: optimization.get_wsd_schedule(
                o, w, 16, num_training_steps=t, decay_type="linear", min_lr_ratio=0.1
            ),
        ),
    ],
)
def test_transformers_agrees(
    kind: str, fields: dict[str, Any], make: Callable[..., Any], warmup: int
) -> None:
    """Its run is one step longer: it reaches the final rate in a step that ours does not take. (Only its
    warm-up of warmup-stable-decay does not begin at 0, so steps are compared from the end of the warm-up.)"""
    total = 50
    training = section(kind, warmup_steps=warmup, warmup_ratio=0.0, **fields)
    expected = theirs(lambda o: make(o, warmup, total + 1), total)
    first = max(warmup - 1, 0)
    assert rates(training, total)[first:] == pytest.approx(expected[first:])


def test_transformers_agrees_on_inverse_sqrt() -> None:
    training = section("inverse-sqrt", warmup_steps=10)
    expected = theirs(lambda o: optimization.get_inverse_sqrt_schedule(o, 10), 60)
    assert rates(training, 60) == pytest.approx(expected)


def test_torch_agrees_on_exponential() -> None:
    training = section("exponential", warmup_ratio=0.0, final_rate=0.01)
    gamma = 0.01 ** (1 / 61)
    expected = theirs(lambda o: torch.optim.lr_scheduler.ExponentialLR(o, gamma), 60)
    assert rates(training, 60) == pytest.approx(expected)


def test_an_exponential_that_ends_at_zero_is_refused_by_its_field() -> None:
    training = section("exponential")
    (problem,) = schedule_problems(training)
    assert problem.field == "training.final_rate"
    with pytest.raises(WorkbenchError, match="final_rate"):
        learning_rate(training, 1, 10)
    assert all(schedule_problems(section(kind)) == [] for kind in KINDS if kind != "exponential")


@given(st.integers(1, 3000), st.sampled_from(KINDS), st.integers(2, 50))
def test_the_drawn_curve_lies_on_the_schedule(total: int, kind: str, points: int) -> None:
    training = section(kind, final_rate=0.01)
    steps, curve = schedule_curve(training, total, points)
    assert len(steps) == len(curve) <= points + 1
    assert steps[0] == 1 and steps[-1] == total and (np.diff(steps) > 0).all()
    assert curve.tolist() == [learning_rate(training, int(step), total) for step in steps]
    assert max(warmup_steps(training, total), 1) in steps


scores = st.lists(st.integers(0, 12).map(lambda n: n / 4), max_size=60)


@given(scores, st.integers(1, 4), st.booleans())
def test_the_plateau_lowers_the_rate_as_torch_does(values: list[float], patience: int, highest: bool) -> None:
    training = section("plateau", plateau_patience=patience, plateau_factor=0.5)
    plateau = Plateau(training)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, "max" if highest else "min", 0.5, patience - 1, threshold=0.0, threshold_mode="abs", eps=0
    )
    for value in values:
        before = plateau.factor
        assert plateau.heard(value, highest) == (plateau.factor < before)
        scheduler.step(value)
        assert plateau.factor == optimizer.param_groups[0]["lr"]


@given(scores, st.integers(0, 60), st.booleans())
def test_a_plateau_goes_on_from_its_state(values: list[float], cut: int, highest: bool) -> None:
    training = section("plateau", minimum_gain=0.5)
    whole, first = Plateau(training), Plateau(training)
    expected = [whole.heard(value, highest) for value in values]
    found = [first.heard(value, highest) for value in values[:cut]]
    second = Plateau.from_state(training, first.state())
    found += [second.heard(value, highest) for value in values[cut:]]
    assert found == expected and second.state() == whole.state()


def test_other_schedules_never_lower_the_rate() -> None:
    plateau = Plateau(section("linear", plateau_patience=1))
    assert not any(plateau.heard(1.0, True) for _ in range(9)) and plateau.factor == 1.0


def test_patience_ends_after_measurements_without_gain_and_ignores_what_is_no_number() -> None:
    values = [0.5, 0.6, 0.6, math.nan, 0.55, 0.7, 0.69]
    patience = Patience(3)
    assert [patience.heard(value, True) for value in values] == [
        False,
        False,
        False,
        False,
        True,
        False,
        False,
    ]
    assert patience.best == 0.7
    never = Patience(0)
    assert not any(never.heard(value, True) for value in itertools.repeat(0.5, 50))


def test_small_improvements_are_no_gain_until_they_add_up() -> None:
    patience = Patience(2, minimum_gain=0.25)
    found = [patience.heard(value, False) for value in (1.0, 0.875, 0.75, 0.625, 0.51)]
    assert found == [False, False, False, False, True]
    assert patience.best == 0.75
