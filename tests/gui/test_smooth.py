"""The window stays smooth: growing curves are worked out piece by piece, and nothing is lost in thinning them."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
import weakref
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.closing import PHASES
from tests.gui.conftest import events_of_a_run
from workbench.gui.curve_maths import Levels, Smoothing, smoothed, thinned
from workbench.gui.garbage import YOUNG, Sweeper
from workbench.gui.panes.train import TrainPane
from workbench.gui.plots import CurvePlot
from workbench.gui.workspace import Workspace
from workbench.run.folder import run_folders
from workbench.run.history import History
from workbench.run.home import Home

Floats = NDArray[np.float64]
ROOT = Path(__file__).parents[2]


def curve(points: int, seed: int, missing: float = 0.0) -> Floats:
    chance = np.random.default_rng(seed)
    y = chance.normal(size=points)
    y[chance.random(points) < missing] = np.nan
    return y


def by_hand(y: Floats, first: int, last: int, pixels: int) -> list[int]:
    """The points that each bin keeps, found one bin after the other."""
    if last - first <= 4 * pixels:
        return list(range(first, last))
    size = 1
    while size * pixels < last - first:
        size *= 2
    kept: set[int] = set()
    for begin in range(first // size * size, last, size):
        places = range(max(begin, first), min(begin + size, last))
        numbers = [p for p in places if not np.isnan(y[p])]
        gaps = [p for p in places if np.isnan(y[p])]
        kept |= {places[0], places[-1], *gaps[:1]}
        if numbers:
            kept |= {min(numbers, key=lambda p: y[p]), max(numbers, key=lambda p: y[p])}
    return sorted(kept)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 12_000),
    st.integers(2, 120),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from([0.0, 0.001, 0.5]),
    st.lists(st.integers(1, 3000), max_size=6),
)
def test_thinning_by_levels_that_grew_piece_by_piece_keeps_what_each_bin_would_keep_by_hand(
    points: int, pixels: int, left: float, right: float, missing: float, pieces: list[int]
) -> None:
    x, y = np.arange(points, dtype=float), curve(points, points, missing)
    levels = Levels()
    for size in np.cumsum(pieces):
        levels.update(y[: min(size, points)])
    levels.update(y)
    low, high = sorted((left * points, right * points))
    first, last = max(0, int(np.ceil(low)) - 1), min(points, int(np.floor(high)) + 2)
    expected = by_hand(y, first, last, pixels)
    for known in (None, levels):
        few_x, few_y = thinned(x, y, low, high, pixels, known)
        assert few_x.tolist() == expected
        np.testing.assert_array_equal(few_y, y[expected])
        assert len(few_x) <= max(4 * pixels, 5 * (pixels + 1))


@given(st.integers(0, 199_999), st.integers(0, 199_999))
@settings(deadline=None, max_examples=30)
def test_a_single_spike_and_a_single_gap_are_never_lost(spike: int, gap: int) -> None:
    x, y = np.arange(200_000, dtype=float), np.zeros(200_000)
    y[gap] = np.nan
    y[spike] = 9.0
    levels = Levels()
    levels.update(y)
    few_x, few_y = thinned(x, y, 0, 200_000, 300, levels)
    assert few_x[few_y == 9].tolist() == [spike]
    assert few_x[np.isnan(few_y)].tolist() == ([] if gap == spike else [gap])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 4000), min_size=1, max_size=6), st.sampled_from([0.3, 0.9, 0.99]))
def test_smoothing_goes_on_where_it_stopped(pieces: list[int], weight: float) -> None:
    y = curve(sum(pieces), sum(pieces), 0.05)
    growing = Smoothing(weight)
    for size in np.cumsum(pieces):
        growing.update(y[:size])
    np.testing.assert_allclose(growing.y, smoothed(y, weight), rtol=1e-9, atol=1e-12)
    total = mass = 0.0
    for value in y[:2000]:
        good = np.isfinite(value)
        total, mass = weight * total + (value if good else 0.0), weight * mass + good
    assert growing.y[:2000][-1] == pytest.approx(total / mass)


# ---- the event loop


def test_between_two_plots_of_a_live_run_everything_else_has_its_turn(
    qtbot: QtBot, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane = TrainPane(workspace)
    qtbot.addWidget(pane)
    history = History()
    history.fold(events_of_a_run(end=False))
    workspace.histories["live"], workspace.selected, workspace.active_name = history, "live", "live"
    done: list[str] = []
    draw = CurvePlot.redraw
    monkeypatch.setattr(CurvePlot, "redraw", lambda plot: (done.append("plot"), draw(plot))[1])
    others = QTimer()
    others.timeout.connect(lambda: done.append("others"))
    others.start(1)
    pane.show()
    for step in (41, 42):
        drawn = done.count("plot")
        history.fold([replace(history.last_step, step=step)])
        workspace.history_changed.emit("live")
        qtbot.waitUntil(lambda drawn=drawn: done.count("plot") >= drawn + len(pane.plots))
    others.stop()
    workspace.active_name = None
    assert ("plot", "plot") not in set(pairwise(done))
    assert pane.plots["loss"].drawn("0/loss/raw")[0][-1] >= 41


def test_garbage_is_collected_on_the_window_s_thread_alone_and_what_imports_made_is_left_alone(
    qapp: QApplication,
) -> None:
    class Knot:
        def __init__(self) -> None:
            self.me = self

    sweeper = Sweeper()
    assert not gc.isenabled()
    sweeper.sweep()
    assert gc.get_freeze_count() > 10_000
    knots = [weakref.ref(Knot()) for _ in range(2 * YOUNG)]
    assert all(knot() is not None for knot in knots)
    sweeper.sweep()
    assert all(knot() is None for knot in knots)
    sweeper.stop()
    assert gc.isenabled() and gc.get_freeze_count() == 0
    sweeper.deleteLater()


# ---- closing


def close_in(
    phase: str, seed: int, folder: Path, encoder: Path, writer: Path, data: Path, within: float
) -> None:
    """Open the window in a process of its own, close it in this phase, and look at what is left.

    Args:
        within: Seconds from closing to the end. A machine that does other things needs its leave.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "tests.gui.closing", *map(str, (folder / "home", phase, seed, encoder, writer, data))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    ) as process:  # fmt: skip
        try:
            out, err = process.communicate(timeout=120)
            ended = time.time()
        finally:
            process.kill()  # nothing to do, when all is well
    assert process.returncode == 0, err
    assert "Traceback" not in err and "QThread" not in err, err
    assert ended - float(out) < within, f"{phase}: {ended - float(out):.1f} s from closing to the end"
    left = [p for p in psutil.process_iter() if with_group(p) == process.pid]
    assert not left
    for run in run_folders(Home(folder / "home")):
        history = run.history()
        if history.step:
            assert history.ended is not None and history.ended.status == "stopped", phase
            assert run.checkpoint_folders(), phase
        assert not run.is_alive()


def with_group(process: psutil.Process) -> int:
    """The process group, which all descendants of a session leader share; 0 where there is none."""
    try:
        return os.getpgid(process.pid)
    except (OSError, AttributeError):
        return 0


@pytest.mark.parametrize("phase", ["starting", "loading"])  # all seven: fifty closings, below
def test_a_window_closed_at_a_random_moment_ends_well(
    phase: str, tmp_path: Path, tiny_bert: Path, tiny_llama: Path, tiny_csv: Path
) -> None:
    close_in(phase, 1, tmp_path, tiny_bert, tiny_llama, tiny_csv, within=60)


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_fifty_closings_at_random_phases_end_within_five_seconds(
    tmp_path: Path, tiny_bert: Path, tiny_llama: Path, tiny_csv: Path
) -> None:
    for seed in range(50):
        home = tmp_path / str(seed)
        close_in(PHASES[seed % len(PHASES)], seed, home, tiny_bert, tiny_llama, tiny_csv, within=5)
