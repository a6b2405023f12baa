"""The view Take heads away on a real run: choosing heads, the map of all, the slider, and saving."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tests.gui.exporting import rows, write_all
from workbench.cli.main import main
from workbench.gui.attention.question import Question
from workbench.gui.attention.views.ablate import AblateView
from workbench.gui.workspace import Workspace
from workbench.run.home import Home

WAIT = 60_000


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path, tiny_csv: Path) -> Path:
    """A home with one run of a tiny model that knows its classes."""
    home = tmp_path_factory.mktemp("trained")
    learning = ("training.learning_rate=0.005", "training.epochs=12", "training.seed=1")
    fields = (f"model.source={tiny_bert}", *learning, "training.precision=fp32", "film.on=false")
    settings = [part for value in fields for part in ("--set", value)]
    assert main(["train", str(tiny_csv), *settings, "--name", "topics", "--home", str(home)]) == 0
    return home


@pytest.fixture
def view(qtbot: QtBot, home: Home, trained: Path, tiny_bert: Path, workspace: Workspace) -> AblateView:
    """The view on the run, once the whole model is measured."""
    shutil.copytree(trained / "runs", home.runs)
    shutil.copytree(tiny_bert, home.models / "tiny-bert")
    with qtbot.waitSignals([workspace.shelf_changed] * 2 + [workspace.runs_changed], timeout=WAIT):
        workspace.refresh_shelf()
        workspace.refresh_runs()
    question = Question(workspace)
    qtbot.addWidget(question)
    question.chooser.pick(workspace.runs[0].name)
    question.line.setText("rain and snow today")
    view = AblateView(workspace, question)
    qtbot.addWidget(view)
    view.resize(1000, 600)
    view.show()
    qtbot.waitUntil(lambda: measured(view, 0), timeout=WAIT)
    return view


def measured(view: AblateView, heads: int) -> bool:
    shown = view.shown
    return shown is not None and shown.measured is not None and len(shown.heads) == heads


def click(qtbot: QtBot, view: AblateView, head: tuple[int, int], keys: Qt.KeyboardModifier) -> None:
    at = view.map_card.map.cell(*head).center().toPoint()
    qtbot.mouseClick(view.map_card.map, Qt.MouseButton.LeftButton, keys, at)


PLAIN, CTRL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def test_a_head_that_is_clicked_is_gone_and_the_cost_is_told(qtbot: QtBot, view: AblateView) -> None:
    assert view.taken.title.text() == "The whole model"
    assert "Held-out accuracy" in view.taken.words.text()
    before = view.taken.before.rows()
    assert before
    click(qtbot, view, (1, 0), PLAIN)
    qtbot.waitUntil(lambda: measured(view, 1), timeout=WAIT)
    assert view.taken.title.text() == "Without 1 head"
    assert "Layer 2: 1." in view.taken.title.toolTip()
    assert view.taken.before.rows() == before
    assert view.taken.after.rows() != before
    click(qtbot, view, (1, 0), PLAIN)  # given back
    qtbot.waitUntil(lambda: measured(view, 0), timeout=WAIT)


def test_several_are_chosen_with_keys_a_block_and_a_rubber_band(qtbot: QtBot, view: AblateView) -> None:
    chart = view.map_card.map
    click(qtbot, view, (0, 0), PLAIN)
    click(qtbot, view, (1, 1), CTRL)
    assert chart.selection == {(0, 0), (1, 1)}
    click(qtbot, view, (1, 1), CTRL)
    assert chart.selection == {(0, 0)}
    click(qtbot, view, (0, 0), PLAIN)
    click(qtbot, view, (0, 0), PLAIN)
    click(qtbot, view, (1, 1), SHIFT)
    assert chart.selection == {(0, 0), (0, 1), (1, 0), (1, 1)}
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert not chart.selection
    start, end = (chart.cell(*head).center().toPoint() for head in ((0, 1), (1, 1)))
    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, PLAIN, start)
    qtbot.mouseMove(chart, end)
    drag(chart, end)
    qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, PLAIN, end)
    assert chart.selection == {(0, 1), (1, 1)}
    qtbot.keyClick(chart, Qt.Key.Key_Left)
    qtbot.keyClick(chart, Qt.Key.Key_Space)
    assert chart.selection == {(0, 1), (1, 1), (1, 0)}
    assert "3 of 4 taken away" in chart.accessibleDescription()


def drag(chart: object, to: QPoint) -> None:
    """Move with the button held; the test library moves without buttons where nothing is on the screen."""
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication, QWidget

    assert isinstance(chart, QWidget)
    at = QPointF(to)
    left = Qt.MouseButton.LeftButton
    event = QMouseEvent(QEvent.Type.MouseMove, at, chart.mapToGlobal(at), left, left, PLAIN)
    QApplication.sendEvent(chart, event)


def test_the_map_fills_and_the_slider_takes_the_least_important(qtbot: QtBot, view: AblateView) -> None:
    assert not view.prune.slider.isEnabled()
    qtbot.mouseClick(view.map_card.measure, Qt.MouseButton.LeftButton)
    assert view.map_card.stop.isVisible()
    qtbot.waitUntil(lambda: view.importance is not None and view.importance.complete, timeout=WAIT)
    assert view.importance is not None
    assert np.isfinite(view.importance.values).all()
    assert view.map_card.measure.isVisible()
    order = view.importance.order()
    view.prune.slider.setValue(2)
    assert view.map_card.map.selection == frozenset(order[:2])
    qtbot.waitUntil(lambda: measured(view, 2), timeout=WAIT)
    assert set(view.points) == {0, 2}
    assert view.prune.count.text() == "2 of 4"
    view.measure_along()
    qtbot.waitUntil(lambda: set(view.points) == {0, 1, 2, 3, 4} or len(view.points) == 5, timeout=WAIT)
    assert view.points[2].after == view.shown.measured.after  # type: ignore[union-attr]


def test_the_quick_estimate_gives_an_order_too_and_is_exported(
    qtbot: QtBot, view: AblateView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.mouseClick(view.map_card.quick, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.importance is not None and view.importance.complete, timeout=WAIT)
    assert "estimate" in view.map_card.scale.text()
    assert view.prune.slider.isEnabled() and view.importance is not None
    files = write_all(qtbot, view.workspace, view.export, tmp_path, monkeypatch)
    with np.load(files["Which heads matter as NumPy file"]) as arrays:
        assert np.array_equal(arrays["loss"], view.importance.losses)
    assert len(rows(files["Which heads matter as CSV"])) == 1 + 4
    assert "L2" in files["Which heads matter as SVG"].read_text(encoding="utf-8")
    assert rows(files["Prediction as CSV"])[0] == ["prediction", "with all heads", "without them"]


def test_the_model_without_the_chosen_heads_is_saved_where_one_says(
    qtbot: QtBot, view: AblateView, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not view.prune.save.isEnabled()
    click(qtbot, view, (0, 1), PLAIN)
    qtbot.waitUntil(lambda: measured(view, 1), timeout=WAIT)

    def choose(*_: object) -> tuple[str, str]:
        return str(tmp_path / "smaller"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    with qtbot.waitSignal(view.workspace.shelf_changed, timeout=WAIT):
        qtbot.mouseClick(view.prune.save, Qt.MouseButton.LeftButton)
    assert (tmp_path / "smaller" / "model.safetensors").is_file()
    assert "neither smaller nor faster" in view.prune.words.text()


def test_a_base_model_has_nothing_to_be_measured_on(qtbot: QtBot, view: AblateView) -> None:
    view.question.chooser.pick("tiny-bert")
    view.ask()
    assert view.stack.currentWidget() is view.empty
    assert view.empty.title.text() == "Choose a run of your own"
