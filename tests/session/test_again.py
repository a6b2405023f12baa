"""Fix and train again: the same rows stay held out whatever was corrected, and the run's model goes on learning."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from tests.conftest import sentences, write_tiny_bert, write_tiny_csv
from tests.engine.conftest import quick_recipe
from tests.session.recorded import recorded_run
from workbench.data import patch as patches
from workbench.data.edits import Patch
from workbench.data.kept_sides import KeptSides, read_sides, write_sides
from workbench.data.step import Context
from workbench.data.training_rows import TrainingRows, training_rows
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import DataSection
from workbench.session import training
from workbench.session.again import corrected_rows, recipe_again
from workbench.session.lanes import lone_desk
from workbench.session.mending import keep_edits
from workbench.session.preparing import own_recipe


def trained(home: Home, recipe: object) -> RunFolder:
    prepared = dataclasses.replace(training.begin(home, recipe), fits=True)  # type: ignore[arg-type]
    list(training.carry_out(prepared, training.Control()))
    return prepared.folder


def rows_of(run: RunFolder) -> TrainingRows:
    recipe = own_recipe(run)
    return training_rows(recipe.data, Context(recipe.training.seed), lambda source, field: Path(source))


@dataclasses.dataclass(frozen=True)
class Trained:
    home: Home
    run: RunFolder
    data: Path
    edits: Path


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run, and edits that give a training row and a held-out row another class and leave one of each out."""
    folder = tmp_path_factory.mktemp("again")
    home, data = Home(folder / "home"), write_tiny_csv(folder / "topics.csv")
    recipe = quick_recipe(write_tiny_bert(folder / "bert"), data, "training.epochs=1", "data.validation=0.25")
    run = trained(home, recipe)
    found, patch = rows_of(run), Patch()
    for frame in (found.train, found.validation):
        patch = patch.with_label(int(frame.keys[0]), "travel").with_label(int(frame.keys[1]), "kitchen")
        patch = patch.with_dropped(int(frame.keys[2]))
    edits = home.root / "edits" / "topics-0123abcd.jsonl"
    edits.parent.mkdir()
    patches.write(edits, patch)
    return Trained(home, run, data, edits)


def test_the_same_rows_stay_held_out_and_the_model_goes_on(first: Trained) -> None:
    before = rows_of(first.run)
    found = recipe_again(first.home, first.run, "", lone_desk())
    assert found.edits == first.edits and found.corrected == corrected_rows(first.run, first.edits) > 2
    assert found.recipe.model.source == first.run.name and found.recipe.name == "topics again"
    assert any("held-out row" in note for note in found.notes)
    second = trained(first.home, found.recipe)
    after = rows_of(second)
    gone = int(before.validation.keys[2])
    assert set(after.validation.keys.tolist()) == set(before.validation.keys.tolist()) - {gone}
    assert set(after.train.keys.tolist()) < set(before.train.keys.tolist())
    assert after.validation.column("label")[0] == "travel"
    assert second.history().ended is not None and second.history().ended.status == "finished"  # type: ignore[union-attr]
    # Without the list the corrected labels would have moved rows to other sides.
    divided = own_recipe(second).data.model_copy(update={"sides": ""})
    other = training_rows(divided, Context(0), lambda source, field: Path(source))
    assert set(other.validation.keys.tolist()) != set(after.validation.keys.tolist())
    # The new run keeps its own list, and one more round begins from it.
    third = recipe_again(first.home, second, _more(first, after), lone_desk())
    assert third.recipe.name == "topics again 2" and third.recipe.model.source == second.name
    assert read_sides(second.sides_file).validation == frozenset(after.validation.keys.tolist())


def _more(first: Trained, rows: TrainingRows) -> Path:
    patch = patches.read(first.edits).with_dropped(int(rows.train.keys[5]))
    file = first.edits.with_name("more.jsonl")
    patches.write(file, patch)
    return file


def test_it_is_refused_where_nothing_was_corrected_or_the_data_changed(
    first: Trained, tmp_path: Path
) -> None:
    empty = tmp_path / "none.jsonl"
    patches.write(empty, Patch().with_note(7, "only a note"))
    assert corrected_rows(first.run, empty) == 0 == corrected_rows(first.run, None)
    with pytest.raises(WorkbenchError, match="Nothing was corrected"):
        recipe_again(first.home, first.run, empty, lone_desk())
    kept = first.data.read_bytes()
    try:
        first.data.write_bytes(kept + b"one more row,travel\n")
        with pytest.raises(WorkbenchError, match="has changed since"):
            recipe_again(first.home, first.run, first.edits, lone_desk())
    finally:
        first.data.write_bytes(kept)
    moved = RunFolder(tmp_path / "moved")
    shutil.copytree(first.run.path, moved.path)
    assert recipe_again(first.home, moved, first.edits, lone_desk()).recipe.model.source == str(moved.path)
    shutil.rmtree(moved.model)
    with pytest.raises(WorkbenchError, match="no saved weights"):
        recipe_again(first.home, moved, first.edits, lone_desk())


def test_a_list_of_rows_takes_the_place_of_every_other_way_to_divide(tmp_path: Path) -> None:
    data = write_tiny_csv(tmp_path / "topics.csv")
    everything = rows(DataSection(train=str(data)))
    keys = sorted(everything.train.keys.tolist())
    sides = tmp_path / "sides.jsonl"
    write_sides(sides, KeptSides(frozenset(keys[:7]), frozenset(keys[9:12])))
    kept = DataSection(train=str(data), sides=str(sides), split="by-time", folds=5)
    found = rows(kept)
    assert (
        sorted(found.validation.keys.tolist()) == keys[:7] and sorted(found.test.keys.tolist()) == keys[9:12]
    )
    assert found.train.rows == len(list(sentences(120))) - 10
    write_sides(sides, KeptSides(frozenset({1, 2})))
    with pytest.raises(WorkbenchError, match="None of the 2 held-out rows"):
        rows(kept)
    sides.write_text("{}\n")
    with pytest.raises(WorkbenchError, match="does not say which rows"):
        rows(kept)
    with pytest.raises(WorkbenchError, match="do not exist"):
        rows(kept.model_copy(update={"sides": str(tmp_path / "gone")}))


def rows(data: DataSection) -> TrainingRows:
    return training_rows(data, Context(0), lambda source, field: Path(source))


def test_edits_of_a_recipe_that_was_taken_up_leave_its_run_as_it_began(home: Home) -> None:
    run = recorded_run(home)
    patches.write(run.edits_file, Patch().with_dropped(1))
    kept = keep_edits(home, run.edits_file, Patch().with_dropped(1, 2))
    assert kept.parent == home.root / "edits" and kept.name.startswith(run.recipe().data.train)
    assert patches.read(run.edits_file).dropped == {1} and corrected_rows(run, kept) == 1
    assert keep_edits(home, kept, Patch()) == kept
