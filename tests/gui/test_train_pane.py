"""The Train page on recorded runs: what is drawn, read, zoomed, overlaid and exported."""

from __future__ import annotations

import csv
import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyqtgraph as pg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tests.gui.conftest import events_of_a_run, loss_at, recorded, wait_for_files
from workbench.gui.app import Bench
from workbench.gui.curve_maths import smoothed, thinned, value_at
from workbench.gui.panes.train import TrainPane
from workbench.gui.plot_export import all_prepared, export
from workbench.gui.workspace import Workspace
from workbench.run.events import Changed, Event, Step
from workbench.run.home import Home
from workbench.run.problem import Problem, WorkbenchError

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300)


@pytest.fixture
def workspace(bench: Bench) -> Workspace:
    return bench.workspace


@pytest.fixture
def pane(qtbot: QtBot, workspace: Workspace) -> Iterator[TrainPane]:
    pane = TrainPane(workspace)
    qtbot.addWidget(pane)
    pane.resize(1000, 700)
    pane.show()
    yield pane


def open_run(qtbot: QtBot, workspace: Workspace, name: str) -> None:
    with qtbot.waitSignal(workspace.runs_changed):
        workspace.refresh_runs()
    workspace.select(name)
    qtbot.waitUntil(lambda: name in workspace.histories)


def heads(pane: TrainPane) -> dict[str, str]:
    return {tile.caption.text(): tile.value.text() for tile in pane.headlines.tiles if not tile.isHidden()}


@given(values, st.floats(0.0, 0.99))
def test_smoothing_is_the_weighted_mean_of_all_points_so_far(y: list[float], weight: float) -> None:
    total = mass = 0.0
    expected = []
    for value in y:
        total, mass = value + weight * total, 1 + weight * mass
        expected.append(total / mass)
    np.testing.assert_allclose(smoothed(np.array(y), weight), expected, rtol=1e-6, atol=1e-6)


def test_smoothing_passes_over_what_is_not_a_number() -> None:
    y = smoothed(np.array([1.0, np.nan, 1.0, 1.0]), 0.5)
    np.testing.assert_allclose(y, [1, 1, 1, 1])


@given(st.integers(1, 5000), st.integers(1, 50))
def test_thinning_keeps_every_peak_and_few_points(points: int, pixels: int) -> None:
    x = np.arange(points, dtype=float)
    y = np.random.default_rng(points).normal(size=points)
    few_x, few_y = thinned(x, y, 0, points, pixels)
    assert (few_y.min(), few_y.max()) == (y.min(), y.max())
    assert len(few_x) <= 4 * pixels
    assert np.all(np.diff(few_x) > 0)
    assert {float(few_x[0]), float(few_x[-1])} == {0.0, float(points - 1)}


def test_thinning_a_million_points_is_fast_enough_to_do_at_each_redraw() -> None:
    x = np.arange(1_000_000, dtype=float)
    begun = time.perf_counter()
    thinned(x, np.sin(x), 0, 1e6, 1000)
    assert time.perf_counter() - begun < 10  # 0.02 s; a loop in Python over all points would be seen


def test_the_value_under_the_pointer_is_that_of_the_nearest_step() -> None:
    x, y = np.array([0.0, 10.0, 20.0]), np.array([1.0, 2.0, 3.0])
    assert [value_at(x, y, place) for place in (-5, 4, 6, 14.9, 15.1, 99)] == [1, 1, 2, 2, 3, 3]
    assert value_at(x[:0], y[:0], 3) is None


def test_before_the_first_run_it_says_what_to_do(pane: TrainPane) -> None:
    assert pane.empty.isVisible()
    assert "Start" in pane.empty.sentence.text()


def test_a_recorded_run_shows_its_curves_and_headline_numbers(
    qtbot: QtBot, home: Home, workspace: Workspace, pane: TrainPane
) -> None:
    folder = recorded(home, "First try")
    open_run(qtbot, workspace, folder.name)
    qtbot.waitUntil(lambda: pane.name.text() == "First try")
    x, y = pane.plots["loss"].drawn("0/loss/raw")
    np.testing.assert_array_equal(x, np.arange(1, 41))
    np.testing.assert_allclose(y, [loss_at(step, 40) for step in range(1, 41)])
    x, y = pane.plots["scores"].drawn("0/validation/accuracy")
    np.testing.assert_allclose((x, y), ([10, 20, 30, 40], [0.5, 0.6, 0.7, 0.8]))
    found = heads(pane)
    assert found["Best accuracy"] == "80.0 %"
    assert found["F1"] == "75.0 %"
    assert found["Step"] == "40"
    assert found["Time"] == "1 min 15 s"
    assert pane.status.text() == "finished"
    assert "Texts are cut" in pane.log.list.item(0).text()


def test_more_smoothing_makes_the_strong_curve_calmer_and_leaves_the_pale_one(
    qtbot: QtBot, home: Home, workspace: Workspace, pane: TrainPane
) -> None:
    open_run(qtbot, workspace, recorded(home, "a").name)
    loss = pane.plots["loss"]

    def roughness(key: str) -> float:
        return float(np.abs(np.diff(loss.drawn(key)[1], n=2)).sum())

    qtbot.waitUntil(lambda: bool(loss.series))
    pane.smoothing.setValue(30)
    pane.redraw()
    pale, before = roughness("0/loss/raw"), roughness("0/loss")
    pane.smoothing.setValue(95)
    pane.redraw()
    assert roughness("0/loss") < before < pale == roughness("0/loss/raw")


def test_zooming_one_plot_moves_all_and_a_double_click_shows_the_whole(
    qtbot: QtBot, home: Home, workspace: Workspace, pane: TrainPane
) -> None:
    open_run(qtbot, workspace, recorded(home, "a").name)
    qtbot.waitUntil(lambda: bool(pane.plots["loss"].series))
    pane.plots["loss"].zoomed.emit(5.0, 15.0)

    def spans() -> set[tuple[float, float]]:
        return {tuple(np.round(p.canvas.getViewBox().viewRange()[0], 6)) for p in pane.plots.values()}

    assert spans() == {(5.0, 15.0)}
    canvas = pane.plots["gradient_norm"].canvas
    qtbot.mouseDClick(canvas.viewport(), Qt.MouseButton.LeftButton)
    assert spans() == {(-0.4, 40.4)}


def test_pointing_reads_the_same_step_in_every_plot(
    qtbot: QtBot, home: Home, workspace: Workspace, pane: TrainPane
) -> None:
    open_run(qtbot, workspace, recorded(home, "a").name)
    qtbot.waitUntil(lambda: bool(pane.plots["loss"].series))
    pane.plots["loss"].hovered.emit(20.2)
    assert "60.0 %" in pane.plots["scores"].legend.text()
    assert "at step 20" in pane.plots["throughput"].legend.text()
    pane.plots["loss"].hovered.emit(None)
    assert "80.0 %" in pane.plots["scores"].legend.text()


def test_a_change_of_the_running_run_is_marked_in_every_plot_and_told_under_the_pointer(
    qtbot: QtBot, home: Home, workspace: Workspace, pane: TrainPane
) -> None:
    def changed() -> Iterator[Event]:
        for event in events_of_a_run():
            yield event
            if isinstance(event, Step) and event.step == 20:
                yield Changed(step=20, path="training.learning_rate", value=3e-5)

    open_run(qtbot, workspace, recorded(home, "changed", changed()).name)
    qtbot.waitUntil(lambda: bool(pane.plots["loss"].marks))
    pane.redraw()
    for plot in pane.plots.values():
        assert [mark.x for mark in plot.marks] == [20]
        lines = [item for item in plot.canvas.getPlotItem().items if isinstance(item, pg.InfiniteLine)]
        assert any(line.isVisible() and line.value() == 20 for line in lines)
    pane.plots["loss"].hovered.emit(20.0)
    assert "at step 20; Learning rate is 3e-05" in pane.plots["loss"].legend.text()
    pane.plots["loss"].hovered.emit(35.0)
    assert "Learning rate is" not in pane.plots["loss"].legend.text()
    open_run(qtbot, workspace, recorded(home, "unchanged").name)
    qtbot.waitUntil(lambda: not pane.plots["loss"].marks)


def test_another_run_is_overlaid_in_another_colour(
    qtbot: QtBot, home: Home, workspace: Workspace, pane: TrainPane
) -> None:
    first, second = recorded(home, "short"), recorded(home, "long", events_of_a_run(80))
    open_run(qtbot, workspace, first.name)
    workspace.set_overlays([second.name])
    qtbot.waitUntil(lambda: any(line.label == "long" for line in pane.plots["loss"].series))
    colours = {line.label: line.colour for line in pane.plots["loss"].series}
    assert colours["long"] != colours["training"]
    pane.redraw()
    assert pane.plots["loss"].legend.text().startswith("training")
    assert pane.plots["loss"].canvas.getViewBox().viewRange()[0][1] >= 80
    workspace.set_overlays([])
    qtbot.waitUntil(lambda: all(line.label != "long" for line in pane.plots["loss"].series))


def test_a_hidden_page_draws_nothing_until_it_is_shown(
    qtbot: QtBot, home: Home, workspace: Workspace, pane: TrainPane
) -> None:
    pane.hide()
    folder = recorded(home, "a")
    open_run(qtbot, workspace, folder.name)
    assert pane.plots["loss"].series == ()
    pane.show()
    assert pane.plots["loss"].series


def test_the_table_has_every_measured_point_and_nothing_smoothed(
    qtbot: QtBot, home: Home, workspace: Workspace, pane: TrainPane, tmp_path: Path
) -> None:
    open_run(qtbot, workspace, recorded(home, "a").name)
    qtbot.waitUntil(lambda: bool(pane.plots["loss"].series))
    text = export(pane.plots["loss"], tmp_path / "loss.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["step", "training", "held-out"]
    assert len(rows) == 40
    assert float(rows[9]["training"]) == loss_at(10, 40)
    assert float(rows[9]["held-out"]) == loss_at(10, 40) + 0.1
    assert rows[10]["held-out"] == ""


def test_pictures_are_twice_as_fine_as_the_screen_and_drawings_have_lines(
    qtbot: QtBot, home: Home, workspace: Workspace, pane: TrainPane, tmp_path: Path
) -> None:
    open_run(qtbot, workspace, recorded(home, "a").name)
    qtbot.waitUntil(lambda: bool(pane.plots["loss"].series))
    pane.redraw()
    written = all_prepared(list(pane.plots.values()), tmp_path)()
    assert len(written) == 3 * len(pane.plots)
    picture = QImage(str(tmp_path / "loss.png"))
    assert picture.width() == 2 * pane.plots["loss"].width()
    assert len({picture.pixel(x, y) for x in range(0, picture.width(), 3) for y in range(0, 200, 3)}) > 3
    drawing = (tmp_path / "loss.svg").read_text(encoding="utf-8")
    assert "<svg" in drawing
    assert drawing.count("<polyline") + drawing.count("<path") > 5
    assert "base64" not in drawing  # a drawing, not a picture in a wrapper


def test_a_plot_that_cannot_be_written_is_explained(pane: TrainPane, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="cannot be written"):
        export(pane.plots["loss"], tmp_path / "missing" / "loss.csv")
    with pytest.raises(WorkbenchError, match=r"Use \.png"):
        export(pane.plots["loss"], tmp_path / "loss.bmp")


def test_all_plots_are_written_beside_the_window_and_a_failure_is_told(
    qtbot: QtBot,
    home: Home,
    workspace: Workspace,
    pane: TrainPane,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: set[int] = set()
    write_bytes = Path.write_bytes

    def watched(path: Path, data: bytes) -> int:
        threads.add(threading.get_ident())
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", watched)
    open_run(qtbot, workspace, recorded(home, "a").name)
    folder = tmp_path / "plots"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    problems: list[Problem] = []
    workspace.problem_raised.connect(problems.append)
    pane.ask_and_export()
    wait_for_files(qtbot, workspace)
    assert str(folder) in problems[0].title
    folder.mkdir()
    pane.ask_and_export()
    wait_for_files(qtbot, workspace)
    assert len(list(folder.iterdir())) == 3 * len(pane.plots)
    assert threads and threading.get_ident() not in threads
