"""The atlas under the hand: dragging, scrolling to a head, and keys, where it is larger than its room."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.gui.attention.atlas_view import AtlasView
from workbench.gui.attention.drawing import Look
from workbench.gui.attention.scales import Scale
from workbench.gui.attention.shown import show
from workbench.gui.theme import DARK
from workbench.run.results import AttentionMaps

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def atlas(qtbot: QtBot) -> AtlasView:
    """6 × 6 heads, three times as large as the room."""
    view = AtlasView()
    qtbot.addWidget(view)
    view.resize(300, 300)
    view.show()
    weights = np.random.default_rng(0).random((6, 6, 40, 40), dtype=np.float32)
    weights /= weights.sum(-1, keepdims=True)
    maps = AttentionMaps(weights, tuple("w" * 40), np.zeros(40, dtype=bool), "made")
    view.show_maps(show(maps), Look(DARK, "ink", Scale(), QApplication.font()))
    view.zoom(3.0)
    view.choose(0, 0)
    return view


def in_sight(view: AtlasView, head: tuple[int, int]) -> bool:
    return view.viewport().rect().contains(view.tile_centre(*head).toPoint())


def test_dragging_moves_the_atlas_and_chooses_nothing(atlas: AtlasView, qtbot: QtBot) -> None:
    before, at = atlas.tile_centre(0, 0), QPoint(200, 200)
    qtbot.mousePress(atlas.viewport(), LEFT, pos=at)
    for step in (20, 60, 100):
        place = QPointF(at - QPoint(step, step))
        event = QMouseEvent(
            QEvent.Type.MouseMove, place, place, LEFT, LEFT, Qt.KeyboardModifier.NoModifier
        )  # with the button held
        QApplication.sendEvent(atlas.viewport(), event)
    qtbot.mouseRelease(atlas.viewport(), LEFT, pos=at - QPoint(100, 100))
    moved = atlas.tile_centre(0, 0) - before
    assert (round(moved.x()), round(moved.y())) == (-100, -100)
    assert atlas.selection == (0, 0)


def test_a_head_that_is_chosen_comes_into_sight(atlas: AtlasView, qtbot: QtBot) -> None:
    assert in_sight(atlas, (0, 0)) and not in_sight(atlas, (5, 5))
    atlas.choose(5, 5)
    assert in_sight(atlas, (5, 5)) and not in_sight(atlas, (0, 0))
    for key, head in (
        (Qt.Key.Key_Home, (5, 0)),
        (Qt.Key.Key_Up, (4, 0)),
        (Qt.Key.Key_End, (4, 5)),
        (Qt.Key.Key_Right, (4, 5)),
    ):
        qtbot.keyClick(atlas, key)
        assert atlas.selection == head and in_sight(atlas, head)


def test_shift_and_the_arrows_move_the_atlas_and_zooming_keeps_what_is_under_the_pointer(
    atlas: AtlasView, qtbot: QtBot
) -> None:
    before = atlas.tile_centre(0, 0)
    qtbot.keyClick(atlas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    moved = atlas.tile_centre(0, 0) - before
    assert (round(moved.x()), round(moved.y())) == (0, -60) and atlas.selection == (0, 0)
    atlas.choose(2, 2)
    centre = atlas.tile_centre(2, 2)
    atlas.zoom(1.3, centre)
    assert (atlas.tile_centre(2, 2) - centre).manhattanLength() < 4


def test_the_tops_of_heads_are_their_largest_weights(atlas: AtlasView) -> None:
    weights = np.zeros((2, 3, 90, 90), dtype=np.float32)
    weights[:, :, 70, 3] = np.arange(1, 7).reshape(2, 3) / 10
    maps = AttentionMaps(weights, tuple("w" * 90), np.zeros(90, dtype=bool), "made")
    atlas.show_maps(show(maps), Look(DARK, "ink", Scale(per_head=True), QApplication.font()))
    np.testing.assert_array_equal(atlas.tops, weights.max(axis=(2, 3)))
