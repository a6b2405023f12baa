"""Kinds, order, links and words on the Heads view; the views Census and Find."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QStandardItemModel, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.exporting import rows as table_of
from tests.gui.exporting import write_all
from workbench.gui.attention.link_drawing import Token, strands
from workbench.gui.attention.views.census import CensusView
from workbench.gui.attention.views.find import FindView
from workbench.gui.attention.views.heads import HeadsView
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.inside.words import merge_words

TEXT = "the old rain saw the new road and the old storm saw bread"


@pytest.fixture
def pane(qtbot: QtBot, home: Home, workspace: Workspace, tiny_bert: Path, tiny_llama: Path) -> AttentionPane:
    """The page with the maps of a sentence in a tiny encoder."""
    shutil.copytree(tiny_bert, home.models / "tiny-bert")
    shutil.copytree(tiny_llama, home.models / "tiny-llama")
    with qtbot.waitSignals([workspace.shelf_changed] * 2, timeout=20_000):
        workspace.refresh_shelf()
    pane = AttentionPane(workspace)
    pane.resize(1100, 800)
    qtbot.addWidget(pane)
    pane.question.line.setText(TEXT)
    pane.question.chooser.pick("tiny-bert")
    pane.show()
    qtbot.waitUntil(lambda: pane.heads.maps is not None, timeout=60_000)
    return pane


@pytest.fixture
def heads(pane: AttentionPane) -> HeadsView:
    return pane.heads


def click(
    heads: HeadsView, layer: int, head: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    at = heads.atlas.tile_centre(layer, head).toPoint()
    QTest.mouseClick(heads.atlas.viewport(), Qt.MouseButton.LeftButton, keys, at)


def wheel(widget: QWidget, at: QPointF, up: bool) -> None:
    """Turn the wheel by a notch with Ctrl held."""
    event = QWheelEvent(
        at, QPointF(widget.mapToGlobal(at)), QPoint(), QPoint(0, 120 if up else -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def test_chips_count_the_kinds_and_leaving_out_the_others_keeps_only_those(heads: HeadsView) -> None:
    census = heads.census
    assert census is not None
    kinds = {facts.kind.key for facts in census.heads()}
    for key in kinds:
        count = sum(facts.kind.key == key for facts in census.heads())
        assert heads.filter.chips.chip(key).text().endswith(f" {count}")
    assert heads.filter.bright() is None
    key = census.kind(1, 1).key
    heads.filter.chips.chip(key).click()
    meant = {(f.layer, f.head) for f in census.heads() if f.kind.key == key}
    assert heads.filter.bright() == meant
    assert heads.filter.only.isVisible()
    heads.filter.only.click()
    assert set(heads.filter.order()) == meant
    assert heads.atlas.selection in meant


def test_ordered_by_focus_the_first_tile_is_the_head_of_least_entropy(heads: HeadsView) -> None:
    assert heads.census is not None
    heads.filter.order_choice.choose("focus")
    QTest.keyClick(heads.atlas, Qt.Key.Key_Up)
    QTest.keyClick(heads.atlas, Qt.Key.Key_Home)
    focused = np.unravel_index(heads.census.entropy.argmin(), heads.census.entropy.shape)
    assert heads.atlas.selection == tuple(int(i) for i in focused)
    click(heads, 1, 0)
    assert heads.head_card.title.text() == "Layer 2, head 1"


def test_heads_stand_by_change_and_importance_once_these_are_known(heads: HeadsView) -> None:
    choice = heads.filter.order_choice
    model = choice.model()
    assert isinstance(model, QStandardItemModel)
    known = model.item(choice.findData("change"))
    assert not known.isEnabled()
    heads.filter.rate("change", "another model", np.ones((2, 2)))
    assert not known.isEnabled()
    heads.filter.rate("change", "tiny-bert", np.array([[0.1, 0.4], [0.3, np.nan]]))
    assert known.isEnabled()
    choice.choose("change")
    assert heads.filter.order() == ((0, 1), (1, 0), (0, 0), (1, 1))


def test_pointing_names_the_kind_and_its_score(heads: HeadsView) -> None:
    assert heads.census is not None
    QTest.mouseMove(heads.atlas.viewport(), heads.atlas.tile_centre(1, 1).toPoint())
    facts = heads.census.facts(1, 1)
    heads.atlas.hovered.emit((1, 1))
    assert facts.runner_up.title.lower() in heads.atlas_words.text()
    assert f"{facts.runner_up_score:.2f}" in heads.atlas_words.text()


def test_several_heads_are_taken_together_and_drawn_as_links(heads: HeadsView) -> None:
    click(heads, 0, 1)
    click(heads, 1, 0, Qt.KeyboardModifier.ControlModifier)
    assert heads.atlas.picked == ((0, 1), (1, 0))
    assert heads.head_card.title.text() == "L1 H2, L2 H1"
    QTest.keyClick(heads.atlas, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert len(heads.atlas.picked) == 3 or (0, 1) in heads.atlas.picked
    click(heads, 1, 1)
    assert heads.atlas.picked == ((1, 1),)


def test_a_token_of_the_links_tells_its_exact_weights(heads: HeadsView) -> None:
    click(heads, 1, 0)
    heads.head_card.switch.button("links").click()
    canvas = heads.head_card.links.canvas
    for _ in range(4):
        QTest.keyClick(canvas, Qt.Key.Key_Down)
    assert heads.maps is not None
    weights, tokens = heads.maps.weights[1, 0], heads.maps.tokens
    best = int(weights[3].argmax())
    words = heads.head_words.text()
    assert words.startswith(f"‘{tokens[3]}’ looks at ‘{tokens[best]}’ {weights[3, best]:.4f}")
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    best = int(weights[:, 3].argmax())
    assert f"is looked at by ‘{tokens[best]}’ {weights[best, 3]:.4f}" in heads.head_words.text()
    columns = canvas.columns()
    assert columns is not None
    assert columns.at(QPointF(columns.left - 20, columns.middle(5))) == Token(True, 5)
    assert columns.at(QPointF(columns.right + 20, columns.middle(0))) == Token(False, 0)
    assert not canvas.grab().toImage().isNull()


def test_the_slider_sets_how_many_links_a_token_has(heads: HeadsView) -> None:
    assert heads.shown is not None and heads.maps is not None
    n = len(heads.maps.tokens)
    heads.head_card.links.slider.setValue(3)
    assert heads.head_card.links.canvas.most == 3
    drawn = strands(heads.shown, [(0, 0), (1, 1)], 3)
    assert len(drawn) <= 2 * 3 * n
    strongest = [strand for strand in drawn if strand.number == 1 and strand.query == 2]
    expected = np.sort(heads.maps.weights[1, 1, 2])[-3:]
    np.testing.assert_allclose([strand.weight for strand in strongest], expected[expected >= 0.01])
    head = heads.figure(False)
    assert head is not None and head.links is None  # the map is on
    heads.head_card.switch.button("links").click()
    figure = heads.figure(False)
    assert figure is not None and figure.links == (heads.atlas.picked, 3)


def test_pieces_of_words_are_merged_on_request_and_come_back(qtbot: QtBot, pane: AttentionPane) -> None:
    heads = pane.heads
    pane.question.chooser.pick("tiny-llama")  # reads letters
    pane.question.set_text("we saw rain")
    qtbot.waitUntil(lambda: heads.maps is not None and len(heads.maps.tokens) == 11, timeout=60_000)
    heads.options.word_choice.choose("words")
    assert heads.shown is not None and heads.maps is not None
    assert [token.strip() for token in heads.shown.maps.tokens] == ["we", "saw", "rain"]
    assert "11 tokens, 3 words" in heads.note.text()
    np.testing.assert_allclose(heads.shown.weights, merge_words(heads.maps).weights)
    np.testing.assert_allclose(heads.shown.weights.sum(axis=-1), 1, atol=1e-5)
    heads.options.word_choice.choose("tokens")
    assert heads.shown.maps is heads.maps


def test_the_wheel_zooms_around_the_pointer_and_dragging_moves(heads: HeadsView) -> None:
    atlas = heads.atlas
    fitted = atlas.tile_centre(1, 1)
    for _ in range(6):  # until the atlas is larger than its room; before, it stays in the middle
        wheel(atlas.viewport(), fitted, True)
    at = atlas.tile_centre(1, 1)
    for _ in range(2):
        wheel(atlas.viewport(), at, True)
    assert (atlas.tile_centre(1, 1) - at).manhattanLength() < 12
    before, chosen = atlas.tile_centre(1, 1), atlas.selection
    start = at.toPoint()
    QTest.mousePress(atlas.viewport(), Qt.MouseButton.LeftButton, pos=start)
    for step in (10, 30):
        moved = QPointF(start) + QPointF(step, step)
        QTest.mouseMove(atlas.viewport(), moved.toPoint())
    QTest.mouseRelease(atlas.viewport(), Qt.MouseButton.LeftButton, pos=moved.toPoint())
    assert (atlas.tile_centre(1, 1) - before) == QPointF(30, 30)
    assert atlas.selection == chosen
    QTest.keyClick(atlas, Qt.Key.Key_0)
    assert (atlas.tile_centre(1, 1) - fitted).manhattanLength() < 2


def test_the_census_lists_every_head_and_a_click_opens_it(
    qtbot: QtBot, pane: AttentionPane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane.show_view("census")
    view = pane.view
    assert isinstance(view, CensusView)
    qtbot.waitUntil(lambda: view.census is not None, timeout=60_000)
    rows = view.table.rows
    assert rows.rowCount() == 4
    assert "Layer 2: " in view.bars.accessibleDescription()
    view.table.sortByColumn(4, Qt.SortOrder.DescendingOrder)
    assert view.census is not None
    widest = np.unravel_index(view.census.entropy.argmax(), view.census.entropy.shape)
    files = write_all(qtbot, pane.workspace, view.export, tmp_path, monkeypatch)
    with np.load(files["Heads as NumPy file"]) as arrays:
        assert np.array_equal(arrays["kinds"], view.census.kinds)
    assert len(table_of(files["Heads as CSV"])) == 1 + 4
    facts = rows.row(0).value
    assert (facts.layer, facts.head) == tuple(int(i) for i in widest)
    view.table.clicked.emit(rows.index(0, 0))
    assert pane.view is pane.heads
    assert pane.heads.atlas.selection == (facts.layer, facts.head)


def test_the_census_of_the_sentence_twice_finds_repetition_and_examples_need_a_run(
    qtbot: QtBot, pane: AttentionPane
) -> None:
    pane.show_view("census")
    view = pane.view
    assert isinstance(view, CensusView)
    qtbot.waitUntil(lambda: view.census is not None, timeout=60_000)
    once = view.census
    view.scope.button("twice").click()
    qtbot.waitUntil(lambda: view.census is not once, timeout=60_000)
    assert once is not None and view.census is not None
    assert view.census.tokens == 2 * once.tokens
    view.scope.button("examples").click()
    assert view.empty.title.text() == "This model has no held-out examples"
    assert view.scope.isVisible()


def test_find_lists_the_heads_that_link_two_words_and_opens_one(
    qtbot: QtBot, pane: AttentionPane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane.show_view("find")
    view = pane.view
    assert isinstance(view, FindView)
    assert view.empty.title.text() == "Which words?"
    QTest.keyClicks(view.source, "Bread")
    QTest.keyClicks(view.target, "storm")
    QTest.keyClick(view.target, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: view.found is not None, timeout=60_000)
    maps = pane.heads.maps
    assert view.found is not None and maps is not None
    i, j = maps.tokens.index("bread"), maps.tokens.index("storm")
    expected = maps.weights[:, :, i, j]
    assert [hit.weight for hit in view.found.hits] == pytest.approx(np.sort(expected, axis=None)[::-1])
    files = write_all(qtbot, pane.workspace, view.export, tmp_path, monkeypatch)
    assert [row[4:6] for row in table_of(files["Links as CSV"])] == [
        ["from", "to"],
        *[["bread", "storm"]] * 4,
    ]
    view.table.clicked.emit(view.table.rows.index(0, 0))
    best = np.unravel_index(expected.argmax(), expected.shape)
    assert pane.view is pane.heads
    qtbot.waitUntil(lambda: pane.heads.atlas.selection == tuple(int(k) for k in best), timeout=20_000)
    assert pane.question.text() == TEXT


def test_find_says_what_is_missing_and_stops(qtbot: QtBot, pane: AttentionPane) -> None:
    pane.show_view("find")
    view = pane.view
    assert isinstance(view, FindView)
    view.models.choose("all")
    assert view.empty.title.text() == "This model belongs to no run"
    view.models.choose("this")
    view.source.setText("zebra")
    view.go.click()
    assert view.go.text() == "Stop"
    view.go.click()
    assert view.go.text() == "Find" and not view.asking
    view.go.click()
    qtbot.waitUntil(lambda: view.found is not None, timeout=60_000)
    assert "no head links these words" in view.told.text()
