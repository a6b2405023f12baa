"""Suspects, map and robustness on the Evaluate page of a tiny trained run."""

from __future__ import annotations

import csv
import dataclasses
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from tests.conftest import FILLERS, TOPICS, write_tiny_bert
from tests.engine.conftest import quick_recipe
from workbench.data import patch as patches
from workbench.gui.app import Bench
from workbench.gui.evaluate.flip_pair import marked
from workbench.gui.evaluate.seen_part import inside
from workbench.gui.evaluate.views.map import MapView
from workbench.gui.evaluate.views.robustness import RobustnessView
from workbench.gui.evaluate.views.suspects import SuspectsView
from workbench.gui.panes.evaluate import EvaluatePane
from workbench.run.home import Home
from workbench.session import training
from workbench.session.lanes import lone_desk
from workbench.session.scoring.measuring import RowsRequest, evaluate_rows

WAIT = 60_000


@dataclasses.dataclass(frozen=True)
class Trained:
    """A home with a run on 90 rows of two words, of which the second decides; every tenth has a wrong label."""

    home: Path
    run: str


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("views")
    data, names = folder / "topics.csv", list(TOPICS)
    chance, rows = random.Random(0), []
    for number in range(90):
        topic = names[number % 3]
        text = f"{chance.choice(FILLERS)} {chance.choice(TOPICS[topic])}"
        rows.append((text, names[(number + 1) % 3] if number % 10 == 0 else topic))
    with data.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    home = Home(folder / "home")
    few = "training.epochs=8", "training.checkpoint_every=20", "training.eval_every=1000"
    recipe = quick_recipe(write_tiny_bert(folder / "bert"), data, *few)
    prepared = dataclasses.replace(training.begin(home, recipe), fits=True)
    list(training.carry_out(prepared, training.Control()))
    evaluate_rows(home, RowsRequest(prepared.folder.name), lone_desk())
    return Trained(home.root, prepared.folder.name)


@pytest.fixture
def page(qtbot: QtBot, trained: Trained, home: Home, bench: Bench) -> EvaluatePane:
    shutil.copytree(trained.home, home.root, dirs_exist_ok=True)
    bench.window.resize(1280, 860)
    bench.window.show()
    bench.workspace.refresh_runs()
    qtbot.waitUntil(lambda: len(bench.workspace.runs) == 1, timeout=WAIT)
    bench.workspace.select(trained.run)
    bench.window.show_page("evaluate")
    qtbot.waitUntil(lambda: bench.window.centre.pane("evaluate") is not None, timeout=WAIT)
    page = bench.window.centre.pane("evaluate")
    assert isinstance(page, EvaluatePane)
    page.subject.model.pick(trained.run)
    qtbot.waitUntil(lambda: not page._soon.isActive() and page._ticket is None, timeout=WAIT)
    assert page.board.evaluated is not None
    return page


def test_suspects_are_decided_as_edits_by_hand_and_taken_back(
    qtbot: QtBot, page: EvaluatePane, bench: Bench
) -> None:
    page.show_view("suspects")
    view, mending = page.view, bench.workspace.mending
    assert isinstance(view, SuspectsView) and page.rows.isHidden()
    qtbot.waitUntil(lambda: view.deciding.found is not None, timeout=WAIT)
    found = view.deciding.found
    assert found is not None and found.by == "margin"
    margins = [one.margin for one in found.queue]
    assert margins == sorted(margins, key=lambda m: m or 0.0)
    first = found.queue[0]
    assert view.card.suspect is first and view.card.text.toPlainText() == first.text
    assert view.card.other.currentText() == first.likely != first.label

    # Other data is in hand: the person is asked once; then each key decides and goes on to the next row.
    qtbot.keyClick(view.table, Qt.Key.Key_F)
    box = page.findChildren(QMessageBox)[0]
    box.buttons()[0].click()
    qtbot.waitUntil(lambda: view.deciding.decision(first)[0] == "fix", timeout=WAIT)
    second, third = found.queue[1:3]
    qtbot.waitUntil(lambda: view.card.suspect is second, timeout=WAIT)
    qtbot.keyClick(view.table, Qt.Key.Key_K)
    assert view.deciding.decision(second) == ("keep", second.label) and view.card.suspect is third
    qtbot.mouseClick(view.card.drop, Qt.MouseButton.LeftButton)
    assert view.count.text() == "1 kept, 1 fixed, 1 dropped"
    patch = mending.edits.patch
    assert dict(patch.labels) == {
        first.key: found.written[first.likely],
        second.key: found.written[second.label],
    }
    assert patch.dropped == {third.key}

    # Each step is taken back by itself, and what is left lies in the file of edits.
    assert "drop" in view.undo.text()
    view.back.click()
    assert view.deciding.decision(third)[0] == "" and view.count.text() == "1 kept, 1 fixed, 0 dropped"
    qtbot.waitUntil(lambda: not mending.waiting and bool(bench.workspace.recipe.data.patch), timeout=WAIT)
    kept = patches.read(Path(bench.workspace.recipe.data.patch))
    assert set(kept.labels) == {first.key, second.key} and not kept.dropped
    qtbot.waitUntil(lambda: view.again.isVisible(), timeout=WAIT)  # Fix and train again

    # Several at once, and their decisions taken away again.
    view.table.selectRow(4)
    view.table.selectionModel().select(
        view.table.rows.index(6, 0),
        view.table.selectionModel().SelectionFlag.Select | view.table.selectionModel().SelectionFlag.Rows,
    )
    rows = view.table.chosen()
    assert len(rows) == 2
    view.decide("drop")
    assert all(view.deciding.decision(one)[0] == "drop" for one in rows)
    view.undo.trigger()
    assert all(view.deciding.decision(one)[0] == "" for one in rows)
    qtbot.waitUntil(lambda: not mending.waiting and not bench.workspace.data_busy, timeout=WAIT)
    assert next(part for part in view.parts()).table is not None


def test_a_run_without_margins_says_how_to_get_them(
    qtbot: QtBot, page: EvaluatePane, home: Home, trained: Trained
) -> None:
    (home.runs / trained.run / "margins.npz").unlink()
    page.show_view("suspects")
    view = page.view
    assert isinstance(view, SuspectsView)
    qtbot.waitUntil(lambda: view.pages.currentWidget() is view.nothing, timeout=WAIT)
    assert "kept nothing" in view.nothing.title.text() and "cleanlab" in view.nothing.sentence.text()
    # The second opinion needs none.
    view.nothing.action.click()
    qtbot.waitUntil(lambda: view.deciding.found is not None, timeout=WAIT)
    found = view.deciding.found
    assert found is not None and found.by == "cleanlab" == view.by.current()
    assert all(one.quality is not None and one.margin is None for one in found.queue)


def test_the_map_chooses_rows_by_lasso_keyboard_and_legend_and_plays(
    qtbot: QtBot, page: EvaluatePane
) -> None:
    page.show_view("map")
    view, found = page.view, page.board.evaluated
    assert isinstance(view, MapView) and found is not None
    qtbot.waitUntil(lambda: view._shown is not None, timeout=WAIT)
    assert view.found is not None and len(view.map.points) == len(found.rows)
    places = view.map.places()
    assert places.min() >= 0 and (places <= (view.map.width(), view.map.height())).all()
    # A lasso around one point alone, or around all in its place.
    x, y = places[3]
    corners = [QPoint(round(x + dx), round(y + dy)) for dx, dy in ((-9, -9), (9, -9), (9, 9), (-9, 9))]
    expected = inside(places, np.array([(p.x(), p.y()) for p in corners], dtype=np.float64))
    qtbot.mousePress(view.map, Qt.MouseButton.LeftButton, pos=corners[0])
    for corner in (*corners[1:], corners[0]):
        qtbot.mouseMove(view.map, corner)
    qtbot.mouseRelease(view.map, Qt.MouseButton.LeftButton, pos=corners[0])
    assert expected[3] and sorted(page.rows.shown()) == view.found.rows[expected].tolist()
    assert "point" in page.rows.chips.chips[0].text()
    # Escape takes it away; the keyboard's rectangle over everything chooses every point.
    qtbot.keyClick(view.map, Qt.Key.Key_Escape)
    assert page.rows.model.rowCount() == len(found.rows)
    for key, modifier in (
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier),
    ):
        for _ in range(9):
            qtbot.keyClick(view.map, key, modifier)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down):
        for _ in range(20):
            qtbot.keyClick(view.map, key, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(view.map, Qt.Key.Key_Return)
    assert page.board.mark("map") is not None and page.rows.model.rowCount() == len(found.rows)
    page.board.clear()

    # Colours by error; the legend leads to the wrong rows.
    view.colours.button("error").click()
    wrong = np.flatnonzero(found.rows.predicted != found.rows.true)
    view.legend.buttons[1].click()
    assert sorted(page.rows.shown()) == wrong.tolist()
    assert not view.colours.button("against").isEnabled()
    page.board.clear()
    assert found.rows.texts[0] in view._words(0)

    # Over the training: one map for each model, and the player goes through them.
    view.training.click()
    qtbot.waitUntil(lambda: view._ticket is None, timeout=WAIT)
    frames = view.found.frames
    assert len(frames) >= 2 and view.player.isVisible() and frames[0].name == "before"
    view.player.go_to(0)
    assert np.allclose(view.map.points, frames[0].points)
    view._glide(0.5)
    assert np.allclose(view.map.points, (frames[0].points + frames[1].points) / 2, atol=1e-6)
    # t-SNE: the map that is there stays until it is ready.
    view.training.click()
    view.projection.button("tsne").click()
    assert len(view.map.points) == len(found.rows)
    qtbot.waitUntil(lambda: view.found.projection == "tsne", timeout=WAIT)
    table = view.parts()[0].table
    assert table is not None and len(table()) == len(found.rows) + 1
    view.grab()


def test_changes_of_texts_flip_predictions_that_lead_to_their_rows(qtbot: QtBot, page: EvaluatePane) -> None:
    page.show_view("robustness")
    view, found = page.view, page.board.evaluated
    assert isinstance(view, RobustnessView) and found is not None
    assert "Nothing tried" in view.nothing.title.text()
    for name, box in view.sets.boxes.items():
        box.setChecked(name in ("typos", "punctuation"))
    view.sets.start.click()
    assert page.rows.isHidden() and view.sets.cancel.isVisibleTo(view) and not view.sets.start.isEnabled()
    qtbot.waitUntil(lambda: view._ticket is None, timeout=WAIT)
    assert [one.name for one in view.outcomes] == ["typos", "punctuation"]
    typos = view.outcomes[0]
    assert typos.flips and typos.flipped.hits == len(typos.flips)
    view.bars.setFocus()
    qtbot.keyClick(view.bars, Qt.Key.Key_Up)
    assert view.bars.chosen == "typos" and view.list.rows.rowCount() == len(typos.flips)
    flip = view.pair.flip
    assert flip is typos.flips[0] and flip.before[0] == found.rows.names[found.rows.predicted[flip.row]]
    assert [text.toPlainText() for text in view.pair.texts] == [flip.text, flip.changed]
    # The slip hit the word that decides: the model flips because it does not know it any more.
    assert flip.text.split()[0] == flip.changed.split()[0] and flip.text.split()[1] != flip.changed.split()[1]
    # Their rows are those of the evaluation, in the view of rows.
    view.only.click()
    assert page.view is None and set(page.rows.shown()) == {flip.row for flip in typos.flips}
    page.show_view("robustness")
    # Going on without any set is not possible; what was tried is there again with these rows.
    for box in view.sets.boxes.values():
        box.setChecked(False)
    assert not view.sets.start.isEnabled()
    assert {part.name for part in view.parts()} == {"robustness", "flips"}
    view.grab()


def test_words_that_differ_are_marked_on_both_sides() -> None:
    before, after = marked("a <b> film", "a <b> flim", "#fff", "#000")
    assert before.count("<span") == after.count("<span") == 1
    assert "a &lt;b&gt; <span" in before and ">film</span>" in before and ">flim</span>" in after
