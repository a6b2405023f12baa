"""The Compare page on tiny runs: ticks, notes, pictures, places, and two runs row by row."""

from __future__ import annotations

import csv
import dataclasses
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.conftest import sentences, write_tiny_bert
from tests.engine.conftest import quick_recipe
from tests.gui.conftest import recorded, wait_for_files
from tests.gui.exporting import rows, write_all
from workbench.gui.app import Bench
from workbench.gui.compare.columns import NOTE, RUN, TAGS
from workbench.gui.compare.curves import CurvesView
from workbench.gui.compare.exporting import agreement_table
from workbench.gui.compare.parallel import ParallelView
from workbench.gui.compare.ranking import RankingView, Whisker
from workbench.gui.compare.row_by_row import RowByRowView
from workbench.gui.compare.scatter import ScatterView
from workbench.gui.panes.compare import ComparePane
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.run_notes import RunNotes, notes_of
from workbench.session import training

WAIT = 60_000


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A home with two runs on the same rows, the first of which hardly learned."""
    folder = tmp_path_factory.mktemp("compared")
    data = folder / "topics.csv"
    with data.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *sentences(90)])
    bert, home, names = write_tiny_bert(folder / "bert"), Home(folder / "home"), []
    for epochs in (0.2, 8):
        recipe = quick_recipe(bert, data, f"training.epochs={epochs}")
        prepared = dataclasses.replace(training.begin(home, recipe), fits=True)
        list(training.carry_out(prepared, training.Control()))
        names.append(prepared.folder.name)
    return home.root, names[0], names[1]


def shown(qtbot: QtBot, bench: Bench, count: int) -> ComparePane:
    """The page, once it has read the runs."""
    bench.window.resize(1200, 820)
    bench.window.show()
    bench.workspace.refresh_runs()
    bench.window.show_page("compare")
    qtbot.waitUntil(lambda: bench.window.centre.pane("compare") is not None, timeout=WAIT)
    page = bench.window.centre.pane("compare")
    assert isinstance(page, ComparePane)
    qtbot.waitUntil(lambda: len(page.board.runs) == count, timeout=WAIT)
    return page


def test_without_runs_it_says_what_will_stand_there(qtbot: QtBot, bench: Bench) -> None:
    page = shown(qtbot, bench, 0)
    wait_for_files(qtbot, bench.workspace)
    qtbot.waitUntil(page.empty.isVisible, timeout=WAIT)
    assert "Search" in page.empty.action.text()


def test_ticks_choose_what_is_compared_and_notes_are_kept(qtbot: QtBot, bench: Bench, home: Home) -> None:
    names = [recorded(home, f"run {number}").name for number in range(3)]
    page = shown(qtbot, bench, 3)
    table, model = page.table, page.model
    assert page.board.ticked == frozenset(names)
    keys = [column.key for column in model.columns]
    assert "score/accuracy" in keys and "training.epochs" not in keys  # the recipes are the same

    # The keyboard: space unticks the row, S gives it a star.
    table.setFocus()
    table.setCurrentIndex(model.index(0, 0))
    name = model.runs[0].name
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert name not in page.board.ticked and len(page.board.ticked) == 2
    qtbot.keyClick(table, Qt.Key.Key_S)
    note, tags = (model.index(0, keys.index(key)) for key in (NOTE, TAGS))
    assert model.setData(note, " with old labels ") and model.setData(tags, "b, a, b")
    wait_for_files(qtbot, bench.workspace)
    assert notes_of(RunFolder(home.runs / name)) == RunNotes("with old labels", ("a", "b"), True)
    page.only.setChecked(True)
    assert model.rowCount() == 2 and name not in [run.name for run in model.runs]
    page.only.setChecked(False)

    # The shelf: two chosen runs come here.
    shelf = bench.window.runs
    shelf.list.selectAll()
    chosen = shelf.chosen(bench.workspace.runs[0])
    assert set(chosen) == set(names)
    bench.window.show_page("data")
    shelf.compare(chosen[:2])
    qtbot.waitUntil(lambda: page.board.ticked == frozenset(chosen[:2]), timeout=WAIT)

    page.write(home.root / "runs.csv")
    wait_for_files(qtbot, bench.workspace)
    lines = list(csv.reader((home.root / "runs.csv").read_text(encoding="utf-8").splitlines()))
    assert len(lines) == 4 and lines[0][0] == "Run"


def test_every_picture_shows_the_ticked_runs(
    qtbot: QtBot,
    bench: Bench,
    home: Home,
    trained: tuple[Path, str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, poor, good = trained
    shutil.copytree(root, home.root, dirs_exist_ok=True)
    page = shown(qtbot, bench, 2)
    titles = [column.title for column in page.board.columns]
    assert "Epochs" in titles

    page.switcher.button("curves").click()
    curves = page.view
    assert isinstance(curves, CurvesView)
    qtbot.waitUntil(lambda: len(curves.plot.series) == 2, timeout=WAIT)
    steps = max(float(line.x[-1]) for line in curves.plot.series)
    curves.by.button("epoch").click()
    qtbot.waitUntil(lambda: max(float(line.x[-1]) for line in curves.plot.series) == 8, timeout=WAIT)
    assert steps > 8
    # Fewer ticks, fewer curves.
    page.board.toggle(poor)
    qtbot.waitUntil(lambda: len(curves.plot.series) == 1, timeout=WAIT)
    page.board.toggle(poor)

    page.switcher.button("scatter").click()
    scatter = page.view
    assert isinstance(scatter, ScatterView) and {run.name for run in scatter.chart.runs} == {poor, good}
    point = scatter.chart.place(float(scatter.chart.lines[0].x[0]), float(scatter.chart.lines[0].y[0]))
    qtbot.mouseMove(scatter.chart, QPoint(3, 3))
    qtbot.mouseMove(scatter.chart, point.toPoint())
    assert page.board.pointed == scatter.chart.lines[0].key

    files = write_all(qtbot, bench.workspace, scatter.export, tmp_path, monkeypatch)
    assert len(rows(files["Runs as CSV"])) == 3

    page.switcher.button("parallel").click()
    parallel = page.view
    assert isinstance(parallel, ParallelView) and len(parallel.chart.axes) > 2
    parallel.chart.setFocus()
    (epochs,) = (axis for axis in parallel.chart.axes if axis.column.title == "Epochs")
    assert [words for _, words in epochs.marks()] == ["0.2", "8"]  # so few values are the marks themselves
    (part,) = parallel.parts()
    assert part.table is not None and part.table()[0][-1] == parallel.chart.axes[-1].column.title
    before = page.board.pointed
    qtbot.keyClick(parallel.chart, Qt.Key.Key_Down)
    assert page.board.pointed != before
    qtbot.keyClick(parallel.chart, Qt.Key.Key_Return)
    assert bench.workspace.selected == page.board.pointed

    page.switcher.button("ranking").click()
    ranking = page.view
    assert isinstance(ranking, RankingView) and len(ranking.boards) == 1
    assert [ranked.run.name for ranked in ranking.boards[0].ranked] == [good, poor]
    qtbot.mouseClick(ranking.findChildren(Whisker)[-1], Qt.MouseButton.LeftButton)
    assert bench.workspace.selected == poor


def test_two_runs_row_by_row_and_on_to_the_attention_page(
    qtbot: QtBot, bench: Bench, home: Home, trained: tuple[Path, str, str]
) -> None:
    root, poor, good = trained
    shutil.copytree(root, home.root, dirs_exist_ok=True)
    page = shown(qtbot, bench, 2)
    page.show_view("rows")
    view = page.view
    assert isinstance(view, RowByRowView)
    qtbot.waitUntil(lambda: view.empty.action.isVisible() and view._ticket is None, timeout=WAIT)
    assert view.pair() == (poor, good)  # the newer one comes second
    view.empty.action.click()
    page.board.ticked_changed.emit()  # as when one of the runs goes on elsewhere: measuring goes on
    qtbot.waitUntil(lambda: view.found is not None, timeout=WAIT)
    found = view.found
    assert found is not None and len(found.fixed) > len(found.broken)
    assert view.kind.current() == "fixed" and view.model.rowCount() == len(found.fixed)
    assert str(len(found.fixed)) in view.kind.button("fixed").text()
    view.table.setFocus()
    assert len(agreement_table(found)) == len(found.texts) + 1
    text = found.texts[int(found.fixed[0])]
    opened: list[str] = []
    bench.workspace.page_wanted.connect(opened.append)
    qtbot.keyClick(view.table, Qt.Key.Key_Return)
    assert opened == ["attention"] and bench.workspace.look_wish in (None, (poor, text))
    assert page.model.columns[0].key == RUN
