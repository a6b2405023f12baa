"""The study behind a search, without any training: what it proposes, what it remembers, and what it gives up."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.search import Search, SearchSettings
from workbench.run.search_plan import SearchPlan
from workbench.run.search_ranges import combinations, written_range
from workbench.session.search import study as studies

RATE, BATCH = "training.learning_rate", "training.batch_size"


def _plan(*ranges: str, **settings: Any) -> SearchPlan:
    return SearchPlan(Recipe(), tuple(map(written_range, ranges)), SearchSettings(**settings))


def _do(file: Path, plan: SearchPlan, times: int, score: Callable[[dict[str, Any]], float]) -> Search:
    """Ask and tell so many times, in a study that is opened anew."""
    with studies.opened(file, plan.settings, True) as study:
        for _ in range(times):
            trial = studies.asked(study, plan)
            if trial is None:
                break
            study.tell(trial.number, score(trial.params))
        return studies.read(study, "s", plan, "accuracy", importance=False)


def _importance(file: Path, plan: SearchPlan) -> tuple[tuple[str, float], ...]:
    with studies.opened(file, plan.settings, True) as study:
        return studies.importances(study, plan.ranges)


def _far(values: dict[str, Any]) -> float:
    """By how many powers of ten the rate is off."""
    return abs(math.log10(values[RATE] / 3e-4))


def _near(values: dict[str, Any]) -> float:
    return -_far(values) - values.get(BATCH, 0) / 1e9


def test_a_study_that_is_opened_again_proposes_the_same(tmp_path: Path) -> None:
    ranges = (f"{RATE}=1e-5..1e-2", f"{BATCH}=4,8")
    plan = _plan(*ranges, seed=3)
    whole = _do(tmp_path / "a.db", plan, 12, _near)  # the first ten are by chance
    for part in (1, 11):
        cut = _do(tmp_path / "b.db", plan, part, _near)
    assert [dict(trial.values) for trial in cut.trials] == [dict(trial.values) for trial in whole.trials]
    other = _do(tmp_path / "c.db", _plan(*ranges, seed=4), 2, _near)
    assert other.trials[1].values != whole.trials[1].values


def test_the_recipe_itself_is_tried_first(tmp_path: Path) -> None:
    rate = Recipe().training.learning_rate
    assert _do(tmp_path / "a.db", _plan(f"{RATE}=1e-5..1e-2"), 1, _near).trials[0].values == {RATE: rate}
    outside = _do(tmp_path / "b.db", _plan(f"{RATE}=1e-3..1e-2"), 1, _near)
    assert outside.trials[0].values[RATE] >= 1e-3


def test_nothing_is_tried_twice(tmp_path: Path) -> None:
    plan = _plan(f"{BATCH}=4,8", "weights.kind=all,lora", method="random")
    found = _do(tmp_path / "a.db", plan, 4, lambda values: values[BATCH])
    tried = [tuple(trial.values.values()) for trial in found.trials]
    assert 2 < len(tried) == len(set(tried)) <= 4
    grid = _plan(f"{BATCH}=4,8", "weights.kind=all,lora", method="grid")
    tried = [trial.values for trial in _do(tmp_path / "b.db", grid, 50, lambda values: values[BATCH]).trials]
    assert tried == list(combinations(grid.ranges))


@pytest.mark.heavy  # forty trials
def test_tpe_comes_nearer_than_chance(tmp_path: Path) -> None:
    plan = _plan(f"{RATE}=1e-6..1e-1")
    found = _do(tmp_path / "a.db", plan, 40, _near)
    late = [_far(dict(trial.values)) for trial in found.trials[20:]]
    early = [_far(dict(trial.values)) for trial in found.trials[1:11]]
    assert sorted(late)[len(late) // 2] < sorted(early)[len(early) // 2]


def test_importance_names_the_field_that_decides(tmp_path: Path) -> None:
    plan = _plan(f"{RATE}=1e-5..1e-2", "training.weight_decay=0..0.1:linear", method="random")
    file = tmp_path / "a.db"
    _do(file, plan, 3, lambda values: values[RATE])
    assert _importance(file, plan) == ()
    _do(file, plan, 12, lambda values: values[RATE])
    found = _importance(file, plan)
    assert found[0][0] == RATE
    assert found[0][1] > 0.7
    assert sum(share for _, share in found) == pytest.approx(1)


@pytest.mark.parametrize("pruning", ["median", pytest.param("hyperband", marks=pytest.mark.heavy)])
def test_bad_trials_are_given_up_and_good_ones_are_not(tmp_path: Path, pruning: str) -> None:
    plan = _plan(f"{RATE}=1e-5..1e-2", method="random", pruning=pruning)
    given_up = {}
    with studies.opened(tmp_path / "a.db", plan.settings, True) as study:
        for number in range(9 if pruning == "median" else 24):
            trial = studies.asked(study, plan)
            assert trial is not None
            level = 0.9 if number % 3 else 0.1
            for step in range(1, 3):
                if studies.reported(study, trial, step / 2, level + step / 1000 + number / 1e6):
                    given_up[number] = level
                    study.tell(trial.number, state=TrialState.PRUNED)
                    break
            else:
                study.tell(trial.number, level)
        found = studies.read(study, "s", plan, "accuracy")
    assert 0.1 in given_up.values()
    if pruning == "median":
        assert set(given_up.values()) == {0.1}
    assert found.best is not None
    assert found.best.score == 0.9
    assert [trial.number - 1 for trial in found.trials if trial.state == "pruned"] == list(given_up)


def test_a_measurement_counts_once(tmp_path: Path) -> None:
    plan = _plan(f"{RATE}=1e-5..1e-2")
    with studies.opened(tmp_path / "a.db", plan.settings, True) as study:
        trial = studies.asked(study, plan)
        assert trial is not None
        for score in (0.5, 0.7, float("nan")):  # a run that goes on after a kill measures again
            assert not studies.reported(study, trial, 0.5, score)
        found = studies.read(study, "s", plan, "accuracy").trials[0]
    assert found.curve == ((0.5, 0.5),)
    assert (found.state, found.score) == ("running", 0.5)


def test_a_damaged_study_is_told(tmp_path: Path) -> None:
    file = tmp_path / "study.db"
    file.write_bytes(b"this is no data base" * 100)
    with pytest.raises(WorkbenchError) as caught, studies.opened(file, SearchSettings(), True):
        pass
    assert str(file) in str(caught.value)
