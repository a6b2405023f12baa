"""Label suspects: planted faults are found, decisions become edits by hand, and asking again costs no model."""

from __future__ import annotations

import csv
import dataclasses
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import TOPICS, sentences, write_tiny_bert
from tests.engine.conftest import quick_recipe
from workbench.data import patch as patches
from workbench.data.edits import Edit, Patch
from workbench.data.frame import frame_of
from workbench.data.step import Context
from workbench.data.tables import read_table
from workbench.data.training_rows import training_rows
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.margins import FILE
from workbench.run.problem import WorkbenchError
from workbench.run.recipe_files import changed, recipe_toml
from workbench.run.suspects import By, Suspects
from workbench.session import training
from workbench.session.label_doubts import FILE as DOUBTS_FILE
from workbench.session.label_doubts import cross_validated, doubts, folds_of, untrained
from workbench.session.lanes import JobCancelled, lone_desk
from workbench.session.suspects import SuspectsRequest, decide, suspects

ROWS, WRONG = 240, 12


@dataclasses.dataclass(frozen=True)
class Planted:
    """A run of rows of which some have a wrong label: their numbers, with the right ones."""

    home: Home
    run: RunFolder
    data: Path
    right: dict[int, str]

    def ask(self, by: By, most: int = 0, edits: Patch | None = None) -> Suspects:
        return suspects(self.home, SuspectsRequest(self.run.name, by, most, edits), lone_desk())


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """240 rows of three classes, twelve of them in a wrong one; the file writes the classes as numbers."""
    folder = tmp_path_factory.mktemp("planted")
    names, chance = list(TOPICS), random.Random(0)
    rows = [[text, str(names.index(label) + 1)] for text, label in sentences(ROWS)]
    right: dict[int, str] = {}
    for row in chance.sample(range(ROWS), WRONG):
        right[row] = names[int(rows[row][1]) - 1]
        rows[row][1] = str(int(rows[row][1]) % 3 + 1)
    data = folder / "topics.csv"
    with data.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *rows])
    recipe = quick_recipe(
        write_tiny_bert(folder / "bert"), data, "training.epochs=8", "data.validation=0.1", "training.seed=1"
    )
    renaming = {"kind": "rename-labels", "names": {str(i): name for i, name in enumerate(names, 1)}}
    recipe = changed(recipe, "data.steps", [renaming])
    home = Home(folder / "home")
    prepared = dataclasses.replace(training.begin(home, recipe), fits=True)
    list(training.carry_out(prepared, training.Control()))
    return Planted(home, prepared.folder, data, right)


@pytest.mark.parametrize("by", ["margin", "cleanlab", "both"])
def test_planted_faults_stand_at_the_head_of_the_queue(planted: Planted, by: By) -> None:
    found = planted.ask(by)
    trained = {row for row in planted.right if row in {s.row for s in found.queue}}
    first = found.queue[: len(trained)]
    hits = [one for one in first if one.row in planted.right]
    assert len(hits) >= 0.6 * len(trained) >= 5
    assert sum(one.likely == planted.right[one.row] for one in hits) >= 0.6 * len(hits)
    assert found.of == (216 if by == "margin" else ROWS)
    flagged = [one for one in found.queue if one.flagged]
    assert found.flagged == len(flagged) < ROWS / 2
    assert sum(one.row in planted.right for one in flagged) >= 5


def test_a_suspect_leads_to_its_row_in_the_file(planted: Planted) -> None:
    frame = frame_of(read_table(str(planted.data), field=""), "text", "label")
    texts = frame.column("text")
    for one in planted.ask("both", most=25).queue:
        assert int(frame.keys[one.row]) == one.key and texts[one.row] == one.text
        assert one.label in TOPICS and one.likely in TOPICS
        assert (one.margin is not None) == (one.side == "training")


def test_decisions_become_edits_of_the_untouched_file(planted: Planted, tmp_path: Path) -> None:
    found = planted.ask("margin", most=3)
    fix, keep, drop = found.queue
    wanted = [(fix, "fix", "weather"), (keep, "keep", ""), (drop, "drop", "")]
    edits = decide(found, Patch(), wanted)  # type: ignore[arg-type]
    file = tmp_path / "topics.edits.jsonl"
    patches.write(file, edits)
    # What the Data page reads, and what training makes of it.
    frame = frame_of(read_table(str(planted.data), field=""), "text", "label")
    number = str(list(TOPICS).index("weather") + 1)
    assert patches.read(file).labels[fix.key] == number  # as the file writes it; the step renames it
    done, misfits = patches.apply_file(frame, file)
    assert not misfits and done.rows == ROWS - 1
    recipe = changed(planted.run.recipe(), "data.patch", str(file))
    rows = training_rows(recipe.data, Context(1), lambda source, field: Path(source))
    labels = {
        int(key): label
        for side in (rows.train, rows.validation)
        for key, label in zip(side.keys, side.column("label"), strict=True)
    }
    assert labels[fix.key] == "weather" and labels[keep.key] == keep.label and drop.key not in labels
    again = {one.key: one for one in planted.ask("margin", edits=edits).queue}
    assert (again[fix.key].decision, again[fix.key].decided) == (
        ("keep", fix.label) if fix.label == "weather" else ("fix", "weather")
    )
    assert (again[keep.key].decision, again[drop.key].decision) == ("keep", "drop")


def test_a_decision_takes_the_place_of_an_earlier_edit(planted: Planted) -> None:
    found = planted.ask("margin", most=1)
    (one,) = found.queue
    before = (
        Patch().with_edit(Edit(one.key, "label", "1", "2")).with_dropped(one.key).with_note(one.key, "odd")
    )
    after = decide(found, before, [(one, "fix", "")])
    assert (
        not after.edits and not after.dropped and after.notes == {one.key: "odd"} and one.key in after.labels
    )


def test_an_unknown_class_is_refused(planted: Planted) -> None:
    found = planted.ask("margin", most=1)
    (one,) = found.queue
    with pytest.raises(WorkbenchError, match="'wether' is none of the classes") as refused:
        decide(found, Patch(), [(one, "fix", "wether")])
    assert "weather" in refused.value.problem.cause


def test_a_second_opinion_is_kept(planted: Planted) -> None:
    found = planted.ask("cleanlab")
    assert (planted.run.path / DOUBTS_FILE).is_file()
    source = Path(planted.run.recipe().model.source)
    moved = source.rename(source.with_name("elsewhere"))
    try:
        assert [one.row for one in planted.ask("cleanlab").queue] == [one.row for one in found.queue]
    finally:
        moved.rename(source)


def test_without_margins_cleanlab_is_left(planted: Planted, tmp_path: Path) -> None:
    copy = tmp_path / "runs" / "copy"
    shutil.copytree(planted.run.path, copy)
    (copy / FILE).unlink()
    home = Home(tmp_path)
    with pytest.raises(WorkbenchError, match="kept nothing of its training rows"):
        suspects(home, SuspectsRequest("copy"), lone_desk())
    found = suspects(home, SuspectsRequest("copy", "both"), lone_desk())
    assert found.queue and "no margins" in found.notes[0]


def test_a_second_opinion_comes_from_the_beginning_of_the_line(planted: Planted, tmp_path: Path) -> None:
    """A run that went on from another one has a base that learned the wrong labels."""
    later = tmp_path / "later"
    later.mkdir()
    recipe = changed(planted.run.recipe(), "model.source", str(planted.run.path))
    (later / "recipe.toml").write_text(recipe_toml(recipe), encoding="utf-8")
    assert untrained(planted.home, RunFolder(later)) == planted.run.recipe().model.source


# ---- cross-validated confidence


def test_equal_texts_are_held_out_together_and_classes_are_spread() -> None:
    texts = [f"text {i % 90}" for i in range(120)]
    labels = np.array([i % 90 % 3 for i in range(120)])
    part = folds_of(texts, labels, seed=0)
    assert all(part[i] == part[i % 90] for i in range(120))
    counts = np.array(
        [[np.sum((part[:90] == fold) & (labels[:90] == name)) for name in range(3)] for fold in range(5)]
    )
    assert (counts == 6).all()
    assert (part == folds_of(texts, labels, seed=0)).all() and (part != folds_of(texts, labels, seed=1)).any()


def test_flipped_labels_among_separable_vectors_are_found() -> None:
    chance = np.random.default_rng(0)
    labels = np.repeat([0, 1], 60)
    vectors = chance.normal(size=(120, 6)).astype(np.float32) + 6 * labels[:, None]
    wrong = chance.choice(120, 6, replace=False)
    given = labels.copy()
    given[wrong] = 1 - given[wrong]
    found = doubts(vectors, given, [str(i) for i in range(120)], 2)
    assert set(np.argsort(found.quality)[:6]) == set(wrong) <= set(np.flatnonzero(found.wrong))
    assert found.probabilities.sum(axis=1) == pytest.approx(np.ones(120))


def test_a_class_with_one_row_does_no_harm() -> None:
    vectors = np.random.default_rng(0).normal(size=(21, 3)).astype(np.float32)
    labels = np.array([0, 1] * 10 + [2])
    found = cross_validated(vectors, labels, folds_of([str(i) for i in range(21)], labels, 0), 3)
    assert found.shape == (21, 3) and np.isfinite(found).all()


def test_the_work_ends_between_two_models() -> None:
    def stop() -> None:
        raise JobCancelled

    with pytest.raises(JobCancelled):
        doubts(np.zeros((10, 2), np.float32), np.array([0, 1] * 5), ["a"] * 10, 2, check=stop)
