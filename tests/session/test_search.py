"""A search on tiny models: its trials are real runs, its budget holds, and a kill loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workbench.run.folder import RunFolder, run_folders
from workbench.run.home import Home
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe
from workbench.run.search import Search, SearchSettings
from workbench.run.search_plan import SearchPlan
from workbench.run.search_ranges import parse_range
from workbench.run.series import SeriesEvent, part_of, series_folder, with_values
from workbench.session.controls import Control
from workbench.session.lanes import lone_desk
from workbench.session.search import study as studies
from workbench.session.search.searching import SearchRequest, read_search, search


@pytest.fixture(scope="module")
def recipe(tiny_bert: Path, tiny_csv: Path) -> Recipe:
    return parse_recipe(
        {
            "model": {"source": str(tiny_bert)},
            "data": {"train": str(tiny_csv), "validation": 0.3},
            "training": {"epochs": 1, "batch_size": 32, "learning_rate": 1e-3, "precision": "fp32"},
        }
    )


def plan(recipe: Recipe, ranges: dict[str, Any] | None = None, **settings: Any) -> SearchPlan:
    ranges = ranges or {"training.learning_rate": {"low": 1e-4, "high": 1e-2}}
    given = {"trials": 2, "pruning": "none", **settings}
    return SearchPlan(recipe, tuple(parse_range(*one) for one in ranges.items()), SearchSettings(**given))


@pytest.fixture(scope="module")
def whole(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Search]:
    """A search of two trials, done in one go."""
    home = Home(tmp_path_factory.mktemp("search") / "whole")
    return home, search(home, SearchRequest(plan(recipe), "rates"), lone_desk())


class StopsAt(Control):
    """Ends everything once so many held-out measurements were seen."""

    def __init__(self, measured: int) -> None:
        super().__init__()
        self.left = measured

    def hear(self, value: object) -> None:
        if isinstance(value, SeriesEvent) and value.event.kind == "evaluated":
            self.left -= 1
            if self.left <= 0:
                self.stop()


def values(found: Search) -> list[dict[str, Any]]:
    return [dict(trial.values) for trial in found.trials]


def test_trials_are_real_runs(whole: tuple[Home, Search]) -> None:
    home, found = whole
    assert [trial.state for trial in found.trials] == ["finished"] * 2
    assert values(found)[0] == {"training.learning_rate": 1e-3}  # what the recipe says comes first
    assert {folder.name for folder in run_folders(home)} == {trial.run for trial in found.trials}
    for trial in found.trials:
        folder = RunFolder(home.runs / trial.run)
        part = part_of(folder)
        assert part is not None and (part.series, part.number) == ("rates", trial.number)
        assert folder.recipe().training.learning_rate == trial.values["training.learning_rate"]
        assert folder.history().score == (found.metric, trial.score)
        assert folder.model.is_dir() == (trial == found.best)  # the others' weights were let go
    assert found.best is not None
    assert found.best.score == max(trial.score or 0 for trial in found.trials)
    assert found.best_recipe().training.learning_rate == found.best.values["training.learning_rate"]
    assert "All 2 runs" in found.over
    assert read_search(home, "rates").trials == found.trials


def test_a_search_that_was_cut_off_comes_to_the_same(
    home: Home, recipe: Recipe, whole: tuple[Home, Search]
) -> None:
    control = StopsAt(3)
    cut = search(home, SearchRequest(plan(recipe), "s"), lone_desk(control.hear), control)
    assert "can go on" in cut.over
    assert [trial.state for trial in cut.trials][-1] == "running"
    journal = RunFolder(home.runs / cut.trials[-1].run).journal_file
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]), encoding="utf-8")  # without its end, as after a power cut
    done = search(home, SearchRequest(name="s"), lone_desk())

    assert values(done) == values(whole[1])
    assert [trial.score for trial in done.trials] == [trial.score for trial in whole[1].trials]
    assert len(run_folders(home)) == 2  # none was counted or done twice


def test_a_trial_that_was_cut_off_before_its_run_began_has_failed(home: Home, recipe: Recipe) -> None:
    asked = plan(recipe, trials=1)
    search(home, SearchRequest(asked, "s"), lone_desk())
    with studies.opened(series_folder(home, "s") / "study.db", asked.settings, True) as study:
        assert studies.asked(study, asked) is not None
    found = search(home, SearchRequest(name="s", trials=2), lone_desk())
    assert [trial.state for trial in found.trials] == ["finished", "failed"]
    assert "cut off" in found.trials[1].problem
    assert len(run_folders(home)) == 1


def test_a_trial_that_cannot_be_done_ends_only_itself(home: Home, recipe: Recipe) -> None:
    # The first is refused when it is begun: its package is not there.
    ranges = {"training.optimizer": ["lion-8bit", "adamw"], "training.learning_rate": [1e-3]}
    found = search(home, SearchRequest(plan(recipe, ranges, trials=0, method="grid"), "s"), lone_desk())

    assert [trial.state for trial in found.trials] == ["failed", "finished"]
    assert "8-bit" in found.trials[0].problem or "bitsandbytes" in found.trials[0].problem
    assert "Everything" in found.over


@pytest.mark.heavy  # six runs
def test_bad_trials_are_given_up_early(home: Home, recipe: Recipe) -> None:
    often = with_values(recipe, {"training.epochs": 3.0, "training.eval_every": 3})
    rates = {"training.learning_rate": [0.005, 0.006, 0.007, 0.008, 0.009, 1e-9]}
    asked = plan(often, rates, trials=0, method="grid", pruning="median", metric="loss")
    found = search(home, SearchRequest(asked, "s"), lone_desk())

    *others, last = found.trials
    assert [trial.state for trial in others] == ["finished"] * 5
    assert not found.highest_is_best
    assert last.state == "pruned"
    assert last.curve[-1][0] < 1
    assert RunFolder(home.runs / last.run).status() == "stopped"


@pytest.mark.heavy
def test_time_ends_a_search(home: Home, recipe: Recipe) -> None:
    endless = plan(recipe, trials=0, minutes=1e-4)
    found = search(home, SearchRequest(endless, "s"), lone_desk())

    assert len(found.trials) == 1
    assert "minutes are over" in found.over
    again = search(home, SearchRequest(name="s", minutes=0.0, trials=2), lone_desk())
    assert len(again.trials) == 2
    assert again.trials[1].state == "finished"
