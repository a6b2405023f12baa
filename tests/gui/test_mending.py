"""The Data page mends: problems are found by a click, mended by a click, and rows are searched, edited and labelled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from workbench.gui.data.side import FINDINGS, STEPS
from workbench.gui.lane_threads import LaneThreads
from workbench.gui.panes.data import DataPane
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.session.session import Session


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    rows = [f"message {i} about the {('rain', 'soup')[i % 2]} today" for i in range(40)]
    labels = [("weather", "kitchen")[i % 2] for i in range(40)]
    rows += rows[:3]
    labels += labels[:3]
    labels[7] = labels[9] = ""
    file = tmp_path / "messy.csv"
    lines = (f"{text},{label}\n" for text, label in zip(rows, labels, strict=True))
    file.write_text("text,label\n" + "".join(lines), encoding="utf-8")
    return file


@pytest.fixture
def pane(qtbot: QtBot, workspace: Workspace, messy: Path) -> Iterator[DataPane]:
    shown = DataPane(workspace)
    qtbot.addWidget(shown)
    shown.resize(1100, 760)
    shown.show()
    workspace.choose_data(str(messy))
    settle(qtbot, workspace)
    yield shown


def settle(qtbot: QtBot, workspace: Workspace) -> None:
    qtbot.waitUntil(lambda: not workspace.data_busy and not workspace.mending.busy, timeout=60_000)


def test_problems_are_found_and_mended_by_clicks(qtbot: QtBot, pane: DataPane, workspace: Workspace) -> None:
    page = pane.table_page
    qtbot.mouseClick(page.side.button(FINDINGS), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.side.findings.empty.action, Qt.MouseButton.LeftButton)
    settle(qtbot, workspace)
    looked = workspace.mending.looked
    assert looked is not None
    found = {finding.kind: finding for finding in looked.found}
    assert found["missing-labels"].count == 2 and found["exact-duplicates"].count == 3
    page.show_finding(found["exact-duplicates"])
    qtbot.waitUntil(lambda: page.rows.model.rowCount() == len(found["exact-duplicates"].rows), timeout=10_000)
    page.side.findings.fix_wanted.emit(found["exact-duplicates"].fixes[0])
    qtbot.waitUntil(lambda: len(workspace.recipe.data.steps) == 1, timeout=10_000)
    settle(qtbot, workspace)
    qtbot.waitUntil(lambda: workspace.mending.looked is not looked, timeout=60_000)
    again = workspace.mending.looked
    assert again is not None and "exact-duplicates" not in [finding.kind for finding in again.found]
    assert page.rows.model.rowCount() == 40
    page.side.show_page(STEPS)
    assert "3 rows removed" in page.side.steps.rows[0].outcome.text()
    page.when.button("before").click()
    assert page.rows.model.rowCount() == 43  # the file itself is as it was
    page.side.steps.steps_changed.emit(())
    settle(qtbot, workspace)
    assert workspace.recipe.data.steps == () and page.when.isHidden()


def test_rows_are_searched_and_sorted(qtbot: QtBot, pane: DataPane) -> None:
    rows = pane.table_page.rows
    rows.filter.field.setFocus()
    qtbot.keyClicks(rows.filter.field, "soup")
    qtbot.waitUntil(lambda: rows.model.rowCount() == 21, timeout=10_000)
    rows.filter.field.clear()
    qtbot.waitUntil(lambda: rows.model.rowCount() == 43, timeout=10_000)


def test_an_edit_by_hand_is_kept_and_learned_from(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, messy: Path
) -> None:
    before = messy.read_bytes()
    model = pane.table_page.rows.model
    label = model.index(7, 1)
    assert model.setData(label, "kitchen")
    qtbot.waitUntil(lambda: bool(workspace.recipe.data.patch), timeout=10_000)
    settle(qtbot, workspace)
    assert Path(workspace.recipe.data.patch).is_file() and messy.read_bytes() == before
    assert workspace.data is not None and workspace.data.profile is not None
    assert workspace.data.profile.unlabelled == 1
    pane.table_page.rows.edits.stack.undo()
    qtbot.waitUntil(lambda: not workspace.mending.waiting, timeout=10_000)
    settle(qtbot, workspace)
    assert workspace.data.profile is not None and workspace.data.profile.unlabelled == 2


def test_edits_stay_with_the_data_that_they_were_made_in(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, messy: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_text(
        messy.read_text(encoding="utf-8"), encoding="utf-8"
    )  # rows that are the same have the same keys
    mending, edits = workspace.mending, pane.table_page.rows.edits
    model = pane.table_page.rows.model
    key = model.place(7).key
    assert model.setData(model.index(7, 1), "kitchen")
    workspace.choose_data(str(other))  # before the edit is written
    assert not edits.patch and not edits.stack.undo_words
    settle(qtbot, workspace)
    qtbot.waitUntil(lambda: not mending.waiting, timeout=10_000)
    settle(qtbot, workspace)
    assert not edits.patch and workspace.recipe.data.patch == ""
    assert workspace.data is not None and workspace.data.profile is not None
    assert workspace.data.profile.unlabelled == 2
    # One that is made here goes to a file of its own.
    assert model.setData(model.index(9, 1), "weather")
    qtbot.waitUntil(lambda: bool(workspace.recipe.data.patch), timeout=10_000)
    settle(qtbot, workspace)
    second = workspace.recipe.data.patch
    # Back at the first data, its edit is there again.
    workspace.choose_data(str(messy))
    first = workspace.recipe.data.patch
    assert Path(first).is_file() and first != second == mending.of(str(other))
    settle(qtbot, workspace)
    qtbot.waitUntil(lambda: dict(edits.patch.labels) == {key: "kitchen"}, timeout=10_000)
    # A recipe that goes on without any has none.
    workspace.set_field("data.patch", "")
    qtbot.waitUntil(lambda: not edits.patch, timeout=10_000)
    settle(qtbot, workspace)


def test_edits_are_there_again_when_the_window_is_opened_anew(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, messy: Path, home: Home
) -> None:
    model = pane.table_page.rows.model
    key = model.place(7).key
    assert model.setData(model.index(7, 1), "kitchen")
    qtbot.waitUntil(lambda: bool(workspace.recipe.data.patch), timeout=10_000)
    settle(qtbot, workspace)
    kept = workspace.recipe.data.patch
    session = Session(home)
    threads = LaneThreads(session)
    later = Workspace(session)
    try:
        later.choose_data(str(messy))  # the window opens with this file
        qtbot.waitUntil(lambda: later.recipe.data.patch == kept, timeout=10_000)
        settle(qtbot, later)
        qtbot.waitUntil(lambda: dict(later.mending.edits.patch.labels) == {key: "kitchen"}, timeout=10_000)
        # A recipe says itself which edits it wants, unless they were made after it was written.
        recipe = later.recipe
        assert later.mending.with_edits(recipe) == recipe
        later.choose_data("headlines")
        assert later.recipe.data.patch == ""
        settle(qtbot, later)
        later.choose_data(str(messy.parent / "." / messy.name))
        assert later.recipe.data.patch == kept
        settle(qtbot, later)
    finally:
        later.shut_down()
        threads.join()
        later.deleteLater()


def test_labels_are_given_with_keys(qtbot: QtBot, pane: DataPane, workspace: Workspace) -> None:
    pane.table_page.label_button.click()
    page = pane.labelling
    assert pane.stack.currentWidget() is page
    for _ in range(2):
        qtbot.keyClick(page, Qt.Key.Key_1)
    assert len(page.edits.patch.labels) == 2
    page.head.done.click()
    assert pane.stack.currentWidget() is pane.table_page
    qtbot.waitUntil(lambda: bool(workspace.recipe.data.patch), timeout=10_000)
    settle(qtbot, workspace)
    assert workspace.data is not None and workspace.data.profile is not None
    assert workspace.data.profile.unlabelled == 0


def test_a_trained_run_says_where_it_is_in_doubt(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, tiny_bert: Path
) -> None:
    for path, value in {
        "model.source": str(tiny_bert),
        "training.epochs": 1.0,
        "training.batch_size": 8,
        "training.device": "cpu",
    }.items():
        workspace.set_field(path, value)
    pane.table_page.label_button.click()
    page = pane.labelling
    page.head.order.button("uncertain").click()
    assert not page.head.order.button("uncertain").isEnabled()  # no run is selected
    page.head.done.click()
    settle(qtbot, workspace)
    workspace.start()
    qtbot.waitUntil(lambda: any(run.status == "finished" for run in workspace.runs), timeout=120_000)
    pane.table_page.label_button.click()
    page.head.order.button("uncertain").click()
    qtbot.waitUntil(lambda: page.queue.current is not None and bool(pane.opinion.known), timeout=60_000)
    doubts = {row: 1 - classes[0][1] for row, classes in pane.opinion.known.items()}
    assert page.queue.current == max(doubts, key=lambda row: doubts[row])
    assert page.card.guess.isVisibleTo(page)
