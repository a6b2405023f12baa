"""The Lens view on a real session: classes by layer, guesses by layer and token, the warning, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.exporting import rows, write_all
from tests.gui.test_explain_view import TEXT, classifier_home  # noqa: F401 - a fixture
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.views.lens import LensView
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.widgets import Card
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.inside.lens import ClassLens, TokenLens


@pytest.fixture
def view(qtbot: QtBot, classifier_home: Home, workspace: Workspace) -> LensView:  # noqa: F811
    """The view with the classes of a sentence."""
    with qtbot.waitSignals([workspace.shelf_changed] * 2, timeout=20_000):
        workspace.refresh_shelf()
    pane = AttentionPane(workspace)
    pane.resize(1100, 800)
    qtbot.addWidget(pane)
    pane.question.line.setText(TEXT)
    pane.question.chooser.pick("topics")
    pane.show_view("lens")
    pane.show()
    view = pane.views["lens"]
    assert isinstance(view, LensView)
    qtbot.waitUntil(lambda: isinstance(view.found, ClassLens), timeout=60_000)
    return view


def test_a_classifier_shows_and_exports_every_layer_and_class(
    qtbot: QtBot, view: LensView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, part = view.found, view.classes
    assert isinstance(found, ClassLens) and view.parts.currentWidget() is part
    assert found.class_names == ("weather", "kitchen") and found.rows == 3
    assert len(part.plot.curves) == 2
    for number, colour in part._colour.items():
        curve = next(curve for curve in part.plot.curves if curve.colour == colour)
        assert (curve.y == found.probabilities[:, number]).all()
    assert part.table is not None
    shown = part.table.rows
    assert [shown.row(i).cells[0].text for i in range(3)] == ["Input", "Layer 1", "Layer 2"]
    likeliest = float(found.probabilities[-1].max())
    assert shown.row(2).cells[1].text == f"{100 * likeliest:.1f} %"  # the likeliest class stands first
    assert part.plot.marker == (2.0, "Layer 2")
    part.table.opened.emit(1)
    assert part.plot.marker == (1.0, "Layer 1")
    assert "likeliest class from" in part.facts.text()
    files = write_all(qtbot, view.workspace, export(part.curves), tmp_path, monkeypatch)
    with np.load(files["Classes as NumPy file"]) as arrays:
        assert np.array_equal(arrays["probabilities"], found.probabilities)
    assert rows(files["Classes as CSV"])[0] == ["after", "weather", "kitchen"]


def export(card: Card) -> ExportButton:
    """The export button in a card's heading."""
    [found] = card.findChildren(ExportButton)
    return found


def test_the_warning_is_seen_with_an_answer_and_without(qtbot: QtBot, view: LensView) -> None:
    assert view.warning.isVisible() and "take early layers with care" in view.warning.text()
    view.question.chooser.pick("encoder")
    view.ask()
    qtbot.waitUntil(lambda: view.stack.currentWidget() is view.empty and not view.asking, timeout=60_000)
    assert view.empty.title.text().startswith("This model has no head whose answer could be read out")
    assert view.warning.isVisible()


def test_a_language_models_cells_tell_their_guesses_and_are_exported(
    qtbot: QtBot, view: LensView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.question.chooser.pick("writer")
    view.question.set_text("good day")
    qtbot.waitUntil(lambda: isinstance(view.found, TokenLens), timeout=60_000)
    found, part = view.found, view.words
    assert isinstance(found, TokenLens) and view.parts.currentWidget() is part
    grid = part.grid
    assert grid.selection[0] == 2  # the last layer, where it is surest of what follows
    place = grid.place(1, 3).center()
    for kind in (QMouseEvent.Type.MouseMove, QMouseEvent.Type.MouseButtonPress):
        button = Qt.MouseButton.LeftButton
        at = QPointF(grid.viewport().mapToGlobal(place))
        event = QMouseEvent(kind, place, at, button, button, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(grid.viewport(), event)
    name, chance = found.likely(1, 3)[0]
    rank = found.following_rank[1, 3]
    assert f"{100 * chance:.2f} %" in part.hint.text() and name.strip() in part.hint.text()
    assert f"rank {rank}" in part.hint.text() or found.is_right(1, 3)
    assert [chance for _, chance in part.bars.rows()] == [chance for _, chance in found.likely(1, 3)]
    assert part.cell.title.text() == "Layer 1, after ‘d’" and f"rank {rank}" in part.follows.text()
    assert (part.plot.curves[0].y == found.following_probability[:, 3]).all()
    qtbot.keyClick(grid, Qt.Key.Key_Down)
    assert grid.selection == (2, 3) and part.cell.title.text() == "Layer 2, after ‘d’"
    for _ in range(9):
        qtbot.keyClick(grid, Qt.Key.Key_Right)
    assert grid.selection == (2, 7) and "nothing follows" in part.follows.text() and not part.plot.curves
    files = write_all(qtbot, view.workspace, export(part.guesses), tmp_path, monkeypatch)
    assert len(rows(files["Guesses as CSV"])) == 1 + 3 * 8
    drawn = files["Guesses as SVG"].read_text(encoding="utf-8")
    assert "Really follows" in drawn and "Layer 2" in drawn and "with care." in drawn
    view.grab()
