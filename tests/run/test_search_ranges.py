"""Ranges of a search: read from the command line and from files, and refused in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.search import Search, SearchSettings, Trial
from workbench.run.search_plan import SearchPlan, load_plan, plan_toml
from workbench.run.search_ranges import Range, combinations, usual_ranges, written_range

RATE = "training.learning_rate"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{RATE}=1e-5..1e-3", Range(RATE, 1e-5, 1e-3, log=True)),
        (f"{RATE}=1e-5..1e-3:linear", Range(RATE, 1e-5, 1e-3)),
        (f"{RATE} = 1e-4..5e-4", Range(RATE, 1e-4, 5e-4)),
        (f"{RATE}=1e-4..5e-4:log", Range(RATE, 1e-4, 5e-4, log=True)),
        ("training.batch_size=8..16", Range("training.batch_size", 8, 16)),
        ("training.batch_size=8,16,32", Range("training.batch_size", choices=(8, 16, 32))),
        ("training.epochs=1,2.5", Range("training.epochs", choices=(1.0, 2.5))),
        ("weights.kind=all,lora", Range("weights.kind", choices=("all", "lora"))),
        ("training.deterministic=[true, false]", Range("training.deterministic", choices=(True, False))),
    ],
)
def test_ranges_as_they_are_written(text: str, found: Range) -> None:
    assert written_range(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("training.learning_rat=1..2", "Did you mean training.learning_rate"),
        (f"{RATE}=", "it is not clear"),
        (f"{RATE}=1e-3..1e-5", "nothing lies between"),
        (f"{RATE}=0..1e-3:log", "more than 0"),
        ("training.batch_size=1.5..8", "whole numbers"),
        ("weights.kind=1..2", "Only a field that is a number"),
        ("training.seed=1,2", "different rows"),
        ("data.validation=0.1,0.2", "different rows"),
        ("name=a,b", "only names the run"),
    ],
)
def test_ranges_that_make_no_sense(text: str, words: str) -> None:
    with pytest.raises(WorkbenchError) as caught:
        written_range(text)
    assert words in str(caught.value)


def test_a_plan_survives_its_file(tmp_path: Path) -> None:
    ranges = tuple(
        map(written_range, (f"{RATE}=1e-5..1e-3", "weights.kind=all,lora", "training.batch_size=4..8"))
    )
    plan = SearchPlan(Recipe(name="reviews"), ranges, SearchSettings(trials=7, method="random", minutes=2.5))
    file = tmp_path / "plan.toml"
    file.write_text(plan_toml(plan), encoding="utf-8")
    assert load_plan(file) == plan


def test_a_plan_as_a_person_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(
        "[search]\ntrials = 5\n[search.ranges]\ntraining.learning_rate = { low = 1e-5, high = 1e-3 }\n"
        'training.batch_size = [8, 16]\n"weights.kind" = ["all", "lora"]\n',
        encoding="utf-8",
    )
    plan = load_plan(file)
    assert [one.path for one in plan.ranges] == [RATE, "training.batch_size", "weights.kind"]
    assert plan.ranges[0].log
    assert not plan.complaints()


@pytest.mark.parametrize(
    ("ranges", "settings", "field"),
    [
        ((), {}, ""),
        (("training.batch_size=0,8",), {}, "training.batch_size"),
        ((f"{RATE}=1e-3..5",), {}, RATE),
        ((f"{RATE}=1e-5..1e-3",), {"method": "grid"}, RATE),
        ((f"{RATE}=1e-5..1e-3",), {"trials": 0}, "search.trials"),
        ((f"{RATE}=1e-5..1e-3", f"{RATE}=1,2"), {}, RATE),
    ],
)
def test_complaints_come_before_the_first_run(
    ranges: tuple[str, ...], settings: dict[str, Any], field: str
) -> None:
    plan = SearchPlan(Recipe(), tuple(map(written_range, ranges)), SearchSettings(**settings))
    assert field in {problem.field for problem in plan.complaints()}


def test_a_grid_has_every_combination_once() -> None:
    ranges = [written_range("training.batch_size=8,16"), written_range("training.max_steps=1..3")]
    found = [tuple(values.values()) for values in combinations(ranges)]
    assert found == [(8, 1), (8, 2), (8, 3), (16, 1), (16, 2), (16, 3)]


def test_usual_ranges_hold_what_the_recipe_says() -> None:
    recipe = Recipe()
    assert all(one.holds(recipe.value(one.path)) for one in usual_ranges(recipe))


def test_the_best_recipe_has_the_best_trials_values() -> None:
    def search(highest: bool) -> Search:
        trials = (
            Trial(1, "finished", {RATE: 1e-4}, 0.5),
            Trial(2, "pruned", {RATE: 2e-4}, 0.9),
            Trial(3, "finished", {RATE: 3e-4}, 0.7),
            Trial(4, "failed", {RATE: 4e-4}),
        )
        return Search(
            "s", Recipe(), SearchSettings(), (written_range(f"{RATE}=1e-5..1e-3"),), "m", highest, trials
        )

    assert search(True).best_recipe().training.learning_rate == 3e-4
    assert search(False).best_recipe().training.learning_rate == 1e-4
    assert search(True).record == ((1, 0.5), (3, 0.7))
    assert search(False).record == ((1, 0.5), (3, 0.5))
