"""The Evaluate page on a tiny trained run: numbers, filters, rows, corrections and the ways to other pages."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from tests.conftest import sentences
from tests.engine.conftest import quick_recipe
from tests.gui.conftest import wait_for_files
from workbench.data import patch as patches
from workbench.gui.app import Bench
from workbench.gui.data.table_page import TablePage
from workbench.gui.evaluate.exporting import write_json
from workbench.gui.evaluate.views.curves import CurvesView
from workbench.gui.evaluate.views.scores import ScoresView
from workbench.gui.evaluate.views.slices import SlicesView
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.panes.data import DataPane
from workbench.gui.panes.evaluate import EvaluatePane
from workbench.run.home import Home
from workbench.session import training
from workbench.session.lanes import lone_desk
from workbench.session.scoring.measuring import RowsRequest, evaluate_rows

WAIT = 60_000


@dataclasses.dataclass(frozen=True)
class Trained:
    """A home with two runs on 120 rows, some with a wrong label, thirty held out; the second one hardly learned."""

    home: Path
    data: Path
    good: str
    poor: str


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Trained:
    folder = tmp_path_factory.mktemp("evaluated")
    data = folder / "topics.csv"
    rows = [
        (text, "travel" if number % 9 == 0 else label, "letter" if number % 4 else "call")
        for number, (text, label) in enumerate(sentences(120))
    ]
    with data.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label", "channel"), *rows])
    home, names = Home(folder / "home"), []
    for epochs in (6, 0.2):
        recipe = quick_recipe(tiny_bert, data, f"training.epochs={epochs}", "training.learning_rate=0.006")
        prepared = dataclasses.replace(training.begin(home, recipe), fits=True)
        list(training.carry_out(prepared, training.Control()))
        names.append(prepared.folder.name)
    evaluate_rows(home, RowsRequest(names[0]), lone_desk())
    return Trained(home.root, data, *names)


@pytest.fixture
def page(qtbot: QtBot, trained: Trained, home: Home, bench: Bench) -> EvaluatePane:
    """The page in the window, with the good run's held-out rows measured."""
    shutil.copytree(trained.home, home.root, dirs_exist_ok=True)
    bench.window.resize(1280, 860)
    bench.window.show()
    bench.workspace.refresh_runs()
    qtbot.waitUntil(lambda: len(bench.workspace.runs) == 2, timeout=WAIT)
    bench.workspace.select(trained.good)
    bench.window.show_page("evaluate")
    qtbot.waitUntil(lambda: bench.window.centre.pane("evaluate") is not None, timeout=WAIT)
    page = bench.window.centre.pane("evaluate")
    assert isinstance(page, EvaluatePane)
    page.subject.model.pick(trained.good)
    settle(qtbot, page)
    assert page.board.evaluated is not None  # what was measured opens by itself
    return page


def settle(qtbot: QtBot, page: EvaluatePane) -> None:
    """Until nothing is asked any more."""
    qtbot.waitUntil(lambda: not page._soon.isActive() and page._ticket is None, timeout=WAIT)


def test_a_cell_leads_to_its_rows_and_to_the_other_pages(
    qtbot: QtBot, page: EvaluatePane, bench: Bench, trained: Trained
) -> None:
    found, view = page.board.evaluated, page.view
    assert found is not None and found.scores is not None and isinstance(view, ScoresView)
    rows = found.rows
    assert rows.true is not None and page.rows.model.rowCount() == len(rows) == 30
    accuracy = view.tiles.widgets()[0]
    assert f"{found.scores.numbers['accuracy'].value:.3f}" in accuracy.accessibleName()

    # A cell, with the keyboard: its rows alone are shown; once more, and all are.
    view.map.setFocus()
    kind = int(np.bincount(rows.predicted[rows.true == rows.predicted], minlength=3).argmax())
    for _ in range(kind):
        qtbot.keyClick(view.map, Qt.Key.Key_Right)
        qtbot.keyClick(view.map, Qt.Key.Key_Down)
    qtbot.keyClick(view.map, Qt.Key.Key_Return)
    chosen = np.flatnonzero((rows.true == kind) & (rows.predicted == kind))
    assert page.rows.model.rowCount() == len(chosen) > 0
    assert sorted(page.rows.shown()) == chosen.tolist()
    assert len(page.rows.chips.chips) == 1 and "rightly" in page.rows.chips.chips[0].text()
    # Another view adds to it; a chip takes its own filter away.
    view.classes.opened.emit((kind + 1) % 3)
    assert page.rows.model.rowCount() == 0 and page.rows.nothing.isVisible()
    page.rows.chips.chips[1].click()
    assert page.rows.model.rowCount() == len(chosen)
    # With the mouse on a name: all of that class.
    page.rows.chips.chips[0].click()
    place = view.map.cell(1, 0)
    qtbot.mouseClick(view.map, Qt.MouseButton.LeftButton, pos=QPoint(20, round(place.center().y())))
    assert page.rows.model.rowCount() == int((rows.true == 1).sum())
    view.map.show_mode("row")
    assert view.map.text(1, 1).endswith("%")
    page.board.clear()

    # Sorting: the worst rows first, then the surest.
    losses = [rows.losses[i] for i in page.rows.shown()]
    assert losses == sorted(losses, reverse=True)
    number = [column.key for column in page.rows.model.columns].index("probability")
    page.rows.table.horizontalHeader().sectionClicked.emit(number)
    sure = [rows.sureness[i] for i in page.rows.shown()]
    assert sure == sorted(sure, reverse=True)

    # To the Attention page, with this text and this run.
    text = rows.texts[page.rows.table.current()]
    qtbot.keyClick(page.rows.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: isinstance(bench.window.centre.pane("attention"), AttentionPane), timeout=WAIT)
    attention = bench.window.centre.pane("attention")
    assert isinstance(attention, AttentionPane)
    qtbot.waitUntil(attention.isVisible)
    choice = attention.question.chooser.choice()
    assert attention.question.text() == text and choice is not None and choice.model == trained.good
    qtbot.waitUntil(lambda: attention.heads.maps is not None, timeout=WAIT)


def test_a_label_is_corrected_here_undone_and_seen_on_the_data_page(
    qtbot: QtBot, page: EvaluatePane, bench: Bench, trained: Trained, home: Home
) -> None:
    workspace, found = bench.workspace, page.board.evaluated
    assert found is not None and found.rows.true is not None
    panel = page.rows
    panel.table.setCurrentIndex(panel.model.index(0, 1))
    place = panel.table.current()
    true = int(found.rows.true[place])
    other = found.rows.names[(true + 1) % 3]
    # Other data is in hand: the person is asked first.
    panel.give(other)
    boxes = page.findChildren(QMessageBox)
    assert len(boxes) == 1 and "topics" in boxes[0].text()
    boxes[0].buttons()[0].click()
    qtbot.waitUntil(lambda: page.correcting.by_hand(place).label == other, timeout=WAIT)
    assert panel.model.text("true", place) == f"{found.rows.names[true]} → {other}"
    assert panel.changed.text() == "1 changed"
    mending = workspace.mending
    qtbot.waitUntil(lambda: not mending.waiting and bool(workspace.recipe.data.patch), timeout=WAIT)
    kept = patches.read(Path(workspace.recipe.data.patch))
    assert dict(kept.labels) == {int(found.rows.row_ids.keys[place]): other}

    # The Data page shows the same edit, in the same row.
    qtbot.waitUntil(lambda: page.correcting.frame is not None and not workspace.data_busy, timeout=WAIT)
    panel.open_data()
    qtbot.waitUntil(lambda: isinstance(bench.window.centre.pane("data"), DataPane), timeout=WAIT)
    data = bench.window.centre.pane("data")
    assert isinstance(data, DataPane) and isinstance(data.table_page, TablePage)
    rows = data.table_page.rows
    qtbot.waitUntil(lambda: rows.view.currentIndex().row() == page.correcting.number(place), timeout=WAIT)
    shown = rows.view.currentIndex().row()
    assert rows.model.full_text(shown, 0) == found.rows.texts[place]
    assert rows.model.full_text(shown, 1) == other

    # Taken back there, it is as before here.
    data.table_page.rows.undo.trigger()
    assert page.correcting.by_hand(place).label == "" and panel.changed.text() == ""
    qtbot.waitUntil(lambda: not mending.waiting, timeout=WAIT)
    # Leaving rows out, with the keyboard, and in again.
    bench.window.show_page("evaluate")
    qtbot.waitUntil(lambda: page.correcting.frame is not None and not workspace.data_busy, timeout=WAIT)
    panel.table.setCurrentIndex(panel.model.index(0, 1))
    qtbot.keyClick(panel.table, Qt.Key.Key_Delete)
    assert page.correcting.by_hand(place).dropped
    panel.undo.trigger()
    assert not page.correcting.by_hand(place).dropped
    qtbot.waitUntil(lambda: not mending.waiting and not workspace.data_busy, timeout=WAIT)


def test_another_run_is_compared_in_words_and_every_chart_chooses_rows(
    qtbot: QtBot, page: EvaluatePane, bench: Bench, trained: Trained, tmp_path: Path
) -> None:
    page.subject.against.pick(trained.poor)
    settle(qtbot, page)
    found = page.board.evaluated
    if found is not None and found.missing:
        assert "press Measure" in page.told.text()
        page.measure()
        settle(qtbot, page)
    found = page.board.evaluated
    assert found is not None and found.rows.true is not None and found.against is not None
    rows = found.rows
    assert isinstance(page.view, ScoresView) and page.view.verdict.text().startswith(("Yes", "No"))
    keys = [column.key for column in page.rows.model.columns]
    page.rows.table.horizontalHeader().sectionClicked.emit(keys.index("apart"))
    apart = [found.against.apart[i] for i in page.rows.shown()]
    assert apart == sorted(apart, reverse=True) and 0 < apart[0] <= 1

    page.show_view("curves")
    view = page.view
    assert isinstance(view, CurvesView)
    assert {line.name.split("  ")[0] for line in view.roc.lines} >= {*rows.names, "average"}
    bar = int((rows.sureness[0] * 20).clip(max=19))
    view.histogram.picked.emit(bar)
    assert 0 in page.rows.shown() and page.rows.model.rowCount() < len(rows)
    view.show_class(1)
    view.threshold.slider.setValue(0)
    alarms, misses = found.sorted[1].at(0.0)
    assert (alarms, misses) == (int((rows.true != 1).sum()), 0)
    page.board.clear()
    view.threshold.alarms.click()
    assert sorted(page.rows.shown()) == np.flatnonzero(rows.true != 1).tolist()
    view.threshold.cheapest.click()
    best = view.threshold.threshold
    mistakes = [
        int(((rows.probabilities[:, 1] >= at) != (rows.true == 1)).sum()) for at in np.linspace(0, 1, 400)
    ]
    assert int(((rows.probabilities[:, 1] >= best) != (rows.true == 1)).sum()) == min(mistakes)
    view.roc.setFocus()
    qtbot.keyClick(view.roc, Qt.Key.Key_Right)
    qtbot.keyClick(view.roc, Qt.Key.Key_Return)
    assert page.board.mark("curve") is not None

    page.show_view("rows")
    assert page.stack.isHidden() and page.rows.aside.isVisible()
    page.board.clear()
    page.show_view("slices")
    slices = page.view
    assert isinstance(slices, SlicesView)
    qtbot.waitUntil(lambda: slices._found is not None, timeout=WAIT)
    slices.query.setText("channel = call")
    qtbot.keyClick(slices.query, Qt.Key.Key_Return)
    calls = [i for i, channel in enumerate(rows.metadata["channel"]) if channel == "call"]
    qtbot.waitUntil(lambda: sorted(page.rows.shown()) == calls, timeout=WAIT)
    # The same group in the other run: what that one gets right instead.
    qtbot.waitUntil(lambda: len(slices.runs.found) == 2, timeout=WAIT)
    here, there = (
        next(one for one in slices.runs.found if one.run == n) for n in (trained.good, trained.poor)
    )
    right = np.array([found.against.predicted[i] == rows.true[i] for i in calls])
    assert there.same and there.found is not None and there.found.score == pytest.approx(right.mean())
    assert here.found is not None and (here.fixed, here.broken) == (0, 0)
    assert there.fixed == int((right & rows.wrong[calls]).sum())
    assert len(slices.runs.table()) == 3
    page.subject.against.setCurrentIndex(0)
    page.subject.against.chosen.emit()
    settle(qtbot, page)
    slices.runs.list.opened.emit(there)  # a click sets it against this one; the filter stays
    settle(qtbot, page)
    found = page.board.evaluated
    assert found is not None and found.against is not None and sorted(page.rows.shown()) == calls
    slices.query.setText("colour = red")
    slices.ask_own()
    qtbot.waitUntil(lambda: "no column" in slices.answer.text(), timeout=WAIT)
    slices.forget.click()
    assert page.rows.model.rowCount() == len(rows)

    write_json(bench.workspace, found, tmp_path / "numbers.json")
    wait_for_files(qtbot, bench.workspace)
    told = json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))
    assert told["confusion"] == found.scores.confusion.tolist()  # type: ignore[union-attr]
    assert told["against"]["words"]
    page.show_view("scores")
    assert {part.name for part in page._parts()} == {"numbers", "classes", "confusion", "rows"}
    table = next(part for part in page._parts() if part.name == "rows").table
    assert table is not None and len(table()) == len(rows) + 1

    # A dropped file without labels shows what the model says.
    file = tmp_path / "fresh.csv"
    file.write_text("text\nrain and sun today\nthe bread and some soup\n", encoding="utf-8")
    page.subject.show_file(str(file))
    settle(qtbot, page)
    assert page.board.evaluated is None and "not measured" in page.empty.title.text()
    qtbot.mouseClick(page.empty.action, Qt.MouseButton.LeftButton)
    settle(qtbot, page)
    found = page.board.evaluated
    assert found is not None and found.scores is None and page.rows.model.rowCount() == 2
    view = page.view
    assert view is not None and "no labels" in view.empty.title.text()
    assert "loss" not in {column.key for column in page.rows.model.columns}
    assert not page.rows.label.isEnabled()
    # What was measured opens again at once.
    page.subject.show_side("validation")
    settle(qtbot, page)
    assert page.board.evaluated is not None and len(page.board.evaluated.rows) == 30
