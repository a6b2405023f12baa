"""What is kept beside runs: the series that they belong to, and a person's notes."""

from __future__ import annotations

import pytest

from workbench.run.folder import make_run
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.run_notes import RunNotes, notes_of, write_notes
from workbench.run.series import (
    PartOf,
    load_plan,
    new_name,
    part_of,
    runs_of,
    save_plan,
    series_folder,
    series_names,
    with_values,
    write_part,
)


def test_runs_know_their_series(home: Home) -> None:
    alone, first, second = (make_run(home, Recipe(name=name)) for name in "abc")
    write_part(first, PartOf("search", "s", 1, {"training.epochs": 2.0}))
    write_part(second, PartOf("search", "s", 2))
    assert part_of(alone) is None
    assert part_of(first) == PartOf("search", "s", 1, {"training.epochs": 2.0})
    assert runs_of(home, "s") == {1: first, 2: second}


def test_a_plan_is_kept_and_not_replaced(home: Home) -> None:
    recipe = Recipe(name="reviews")
    name = new_name(home, "My reviews", "cross-validation")
    save_plan(home, name, "cross-validation", recipe, {"folds": 3, "group": ""})
    save_plan(home, name, "cross-validation", recipe, {"folds": 3, "group": ""})
    assert load_plan(home, name, "cross-validation") == (
        recipe,
        {"kind": "cross-validation", "folds": 3, "group": ""},
    )
    assert series_names(home, "cross-validation") == (name,)
    assert series_names(home, "learning-curve") == ()
    assert new_name(home, "My reviews", "cross-validation") != name
    with pytest.raises(WorkbenchError, match="already"):
        save_plan(home, name, "cross-validation", recipe, {"folds": 4, "group": ""})
    with pytest.raises(WorkbenchError, match="There is no learning-curve"):
        load_plan(home, name, "learning-curve")


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", ".hidden", "end."])
def test_names_that_are_no_folder(home: Home, name: str) -> None:
    with pytest.raises(WorkbenchError):
        series_folder(home, name)


def test_several_fields_change_at_once() -> None:
    # One after the other the first change alone would not be allowed to stand.
    found = with_values(Recipe(), {"data.folds": 3, "data.fold": 2, "name": "x"})
    assert (found.data.folds, found.data.fold, found.name) == (3, 2, "x")
    with pytest.raises(WorkbenchError) as caught:
        with_values(Recipe(), {"data.folds": -1, "training.epochs": 0.0})
    assert {problem.field for problem in caught.value.problems} == {"data.folds", "training.epochs"}


def test_notes_of_a_run(home: Home) -> None:
    run = make_run(home, Recipe())
    assert notes_of(run) == RunNotes()
    notes = RunNotes("better than “before” ✓", ("baseline", "Paper"), star=True)
    write_notes(run, notes)
    assert notes_of(run) == notes
    assert notes.tagged(("  new   tag ", "baseline"), ("Paper",)) == ("baseline", "new tag")
    write_notes(run, RunNotes())
    assert not (run.path / "notes.json").exists()
    (run.path / "notes.json").write_text("[1, 2", encoding="utf-8")
    assert notes_of(run) == RunNotes()
