"""How smooth the window stays: timer lateness under load, what a redraw costs, and what the window takes from training.

Run: python benchmarks/smoothness.py [ticks] [plots] [training]. Parts not named are left out; without names all three
run, in about five minutes on a machine that does nothing else; what else it does is in the figures, and so the load
is printed first. Needs the embedded model minilm (workbench models fetch minilm).

- ticks: a 10 ms timer in the real window; how late its ticks are with nothing at work, and while a run starts on
  50 000 texts, trains, other models are loaded between its steps, and the Data page measures 50 000 texts. With
  --why, what the threads were doing when a tick was late.
- plots: a curve of a million points that grows: milliseconds for its refresh with the smoothed curve and painting.
- training: milliseconds of a training step while the window draws, and while the window's thread sleeps, in turn.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, pairwise
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1]))


import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from workbench.gui.app import Bench, make_window
from workbench.gui.panes.train import TrainPane
from workbench.gui.train_series import PLOTS, Shown, series_of
from workbench.run.events import Step
from workbench.run.history import STEP_CURVES, History
from workbench.run.home import Home
from workbench.run.recipe import Recipe
from workbench.session.inspection import attend
from workbench.session.requests import AttentionRequest

TICK = 10  # ms
TEXTS = 50_000
LATE = 25.0  # ms; with --why, from here on the threads are looked at
WORDS = """
the a my your order invoice password account card delivery parcel address refund payment login error screen crashed
slow missing wrong broken late please help cannot was not is again today yesterday since
""".split()  # noqa: SIM905 - a list of them is no easier to read


class Ticks:
    """A 10 ms timer on the window's thread that notes how late each tick is, in ms."""

    def __init__(self, why: bool) -> None:
        self.late: list[float] = []
        self._last = time.perf_counter()
        self._told = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        if why:
            gc.callbacks.append(self._collected)
            threading.Thread(target=self._watch, daemon=True).start()

    def start(self) -> None:
        self.late, self._last = [], time.perf_counter()
        self._timer.start(TICK)

    def stop(self) -> list[float]:
        self._timer.stop()
        return self.late

    def _collected(self, phase: str, info: dict[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._begun = now
        elif now - self._begun > 0.01:
            who = threading.current_thread().name
            sys.stderr.write(
                f"collection {info['generation']} took {1000 * (now - self._begun):.0f} ms on {who}\n"
            )

    def _watch(self) -> None:
        own, looked = threading.get_ident(), time.perf_counter()
        while True:
            time.sleep(0.003)
            last, before, looked = self._last, looked, time.perf_counter()
            held = 1000 * (looked - before)
            waited = 1000 * (looked - last) - TICK
            if not self._timer.isActive() or (held < 2 * LATE and (waited < LATE or self._told == last)):
                continue
            self._told = last
            # Nothing at all ran for so long: one of these has just given the interpreter back.
            stopped = f", everything stood still for {held:.0f} ms" if held > 2 * LATE else ""
            lines = [f"late by {waited:.0f} ms or more{stopped}"]
            for ident, frame in sys._current_frames().items():
                if ident != own:
                    places = traceback.StackSummary.extract(
                        traceback.walk_stack(frame), limit=12, lookup_lines=False
                    )
                    who = "window" if ident == threading.main_thread().ident else "worker"
                    lines += [f"  {who}", *(f"    {p.filename[-60:]}:{p.lineno} {p.name}" for p in places)]
            sys.stderr.write("\n".join(lines) + "\n")

    def _tick(self) -> None:
        now = time.perf_counter()
        late = 1000 * (now - self._last) - TICK
        self.late.append(max(0.0, late))
        if self._told == self._last:
            sys.stderr.write(f"  and it came {late:.0f} ms late\n")
        self._last = now


def spin(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    """Run the window's event loop for some time."""
    loop, end = QEventLoop(), time.perf_counter() + seconds
    check = QTimer()
    check.timeout.connect(lambda: loop.quit() if until() or time.perf_counter() > end else None)
    check.start(50)
    loop.exec()
    check.stop()


def wait(until: Callable[[], bool], what: str, seconds: float = 180) -> None:
    """Run the event loop until something is so."""
    spin(seconds, until)
    if not until():
        raise SystemExit(f"gave up waiting for {what}")


def write_texts(path: Path, rows: int, seed: int) -> Path:
    """A CSV of texts of 24 words in four classes."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        file.write("text,label\n")
        for row in range(rows):
            file.write(f"{' '.join(chance.choices(WORDS, k=24))},class {row % 4}\n")
    return path


@contextmanager
def open_window(folder: Path) -> Iterator[Bench]:
    """The workbench on an empty home, shown, with everything imported."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    bench = make_window(Home(folder / "home"))
    bench.workspace.problem_raised.connect(lambda problem: sys.stderr.write(f"problem: {problem}\n"))
    bench.window.resize(1440, 900)
    bench.window.show()
    try:
        wait(lambda: bench.workspace.device is not None and not bench.workspace.data_busy, "the window")
        yield bench
    finally:
        if bench.workspace.active:
            bench.workspace.stop()
            wait(lambda: bench.workspace.active is None, "the end of the run")
        bench.close()
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def start_run(bench: Bench, file: Path) -> None:
    """Start a run that lasts longer than any measurement."""
    recipe = {"data": {"train": str(file)}, "training": {"epochs": 50, "precision": "auto"}}
    bench.workspace.set_recipe(Recipe.model_validate(recipe))
    bench.window.show_page("train")
    bench.workspace.start()


def steps_done(bench: Bench) -> int:
    history = bench.workspace.histories.get(bench.workspace.active_name or "")
    return history.step if history else 0


# ---- ticks


def measure_ticks(folder: Path, seconds: float, why: bool) -> None:
    """Idle, then all kinds of work at once."""
    from workbench.shelf.models import resolve_model

    file = write_texts(folder / "texts.csv", TEXTS, 0)
    with open_window(folder) as bench:
        place = resolve_model("minilm", bench.workspace.session.home)
        copies = [shutil.copytree(place.path, folder / f"model-{number}") for number in range(3)]
        bench.window.show_page("train")
        spin(2)
        ticks = Ticks(why)
        ticks.start()
        spin(seconds / 2)
        print_ticks("idle", ticks.stop())
        everything = []
        ticks.start()
        start_run(bench, file)
        wait(lambda: steps_done(bench) >= 1 or bench.workspace.active is None, "the first step", 600)
        everything += print_ticks(f"a run starts: {TEXTS} texts are read and tokenised", ticks.stop())
        counts = Counter[str]()
        keep_busy(bench, file, copies, counts)
        before = steps_done(bench)
        ticks.start()
        spin(seconds)
        done = f"{steps_done(bench) - before} steps, {counts['models']} models loaded, {counts['looks']} data looks"
        everything += print_ticks(done, ticks.stop())
        print_ticks("all work together", everything)
        counts["stop"] = 1


def keep_busy(bench: Bench, file: Path, models: list[Path], counts: Counter[str]) -> None:
    """Ask for other models, and for the Data page's measurement, again and again."""
    workspace = bench.workspace
    failed = workspace.problem_raised.emit

    def ask(_: object = None) -> None:
        if not counts["stop"]:
            counts["models"] += _ is not None
            QTimer.singleShot(3000, put) if _ is not None else put()

    def put() -> None:
        if not counts["stop"]:
            model = str(models[counts["models"] % len(models)])  # more than are kept: each is loaded anew
            workspace.session.look_inside(attend, AttentionRequest(model, "Where is my parcel?"), ask, failed)

    def looked() -> None:
        if not counts["stop"] and not workspace.data_busy:
            counts["looks"] += 1
            os.utime(file, ns=(time.time_ns(), time.time_ns()))  # or the last answer would be given again
            workspace.look_at_data()

    workspace.data_changed.connect(looked)
    os.utime(file, ns=(time.time_ns(), time.time_ns()))
    workspace.look_at_data()
    ask()


def print_ticks(what: str, late: list[float]) -> list[float]:
    p50, p99, most = np.percentile(late, [50, 99, 100])
    over = sum(value > 20 for value in late)
    figures = f"p50 {p50:6.1f}  p99 {p99:6.1f}  max {most:6.1f} ms late, {over} of {len(late)} over 20"
    print(f"{what:56} {figures}", flush=True)
    return late


# ---- plots


def long_history(points: int) -> History:
    """A run of so many steps, without the hours that folding its events would take."""
    history, chance = History(), np.random.default_rng(0)
    history.fold([a_step(1)])
    for name in (*STEP_CURVES, "epoch"):
        curve = history.curve(name)
        curve._data = np.stack([np.arange(1.0, points + 1), chance.normal(2, 0.1, points)])
        curve._size = points
    return history


def a_step(step: int) -> Step:
    return Step(
        step=step, epoch=step / 1e6, loss=2 + random.random(), learning_rate=1e-4, gradient_norm=random.random(),
        tokens_per_second=900 + random.random(), samples_per_second=50.0, memory=10**9,
    )  # fmt: skip


def measure_plots(folder: Path, points: int) -> None:
    """One more point a redraw on curves of so many points."""
    with open_window(folder) as bench:
        bench.window.show_page("train")
        wait(lambda: bench.window.centre.pane("train") is not None, "the page")
        pane = bench.window.centre.pane("train")
        assert isinstance(pane, TrainPane)
        history = bench.workspace.histories["long"] = long_history(points)
        bench.workspace.selected = bench.workspace.active_name = "long"
        begun = time.perf_counter()
        pane.redraw()
        print(
            f"{points} points, the first drawing of all plots: {1000 * (time.perf_counter() - begun):.0f} ms"
        )
        spin(1)
        for spec in PLOTS:
            if not spec.curve:
                continue
            walls, own = [], []
            plot = pane.plots[spec.key]
            for _ in range(60):
                history.fold([a_step(history.step + points)])
                pane.group.set_end(len(history.curve(spec.curve)))
                QApplication.processEvents()
                wall, used = time.perf_counter(), time.thread_time()
                plot.show_series(series_of(spec, [Shown("long", history)], 0.9), live=True)
                pane.group.redraw(plot)
                QApplication.processEvents()  # paints
                walls.append(1000 * (time.perf_counter() - wall))
                own.append(1000 * (time.thread_time() - used))
            print(
                f"{points} points, refresh of {spec.title.lower() + ':':18} median {statistics.median(walls):5.1f} ms, "
                f"9 of 10 within {np.quantile(walls, 0.9):5.1f} ms; of the processor {statistics.median(own):5.1f} ms",
                flush=True,
            )
        bench.workspace.selected = bench.workspace.active_name = None


# ---- training


def measure_training(folder: Path, seconds: float, rounds: int) -> None:
    """The window draws for some seconds, and sleeps for some: a sleeping thread is no window at all."""
    file = write_texts(folder / "training.csv", 4000, 1)
    with open_window(folder) as bench:
        start_run(bench, file)
        wait(lambda: steps_done(bench) >= 5, "the first steps", 300)
        drawn: list[list[float]] = []
        asleep: list[list[float]] = []
        own = 0.0
        for number in range(2 * rounds):
            begun = time.time()
            if number % 2:
                time.sleep(seconds)
                ended = time.time()
                bench.workspace.drain()
                asleep.append(step_times(bench, begun, ended))
            else:
                used = time.thread_time()
                spin(seconds)
                own += time.thread_time() - used
                drawn.append(step_times(bench, begun, time.time()))
        with_window, without = (statistics.median(chain.from_iterable(p)) for p in (drawn, asleep))
        pairs = [
            statistics.mean(a) / statistics.mean(b) - 1 for a, b in zip(drawn, asleep, strict=True) if a and b
        ]
        print(
            f"a step with the window drawing {1000 * with_window:.1f} ms, without {1000 * without:.1f} ms (medians of "
            f"{sum(map(len, drawn))} and {sum(map(len, asleep))}): {with_window / without - 1:+.1%}; "
            f"means of each pair of phases {', '.join(f'{p:+.1%}' for p in pairs)}; "
            f"the window's thread was at work for {own / (rounds * seconds):.1%} of the time",
            flush=True,
        )


def step_times(bench: Bench, begun: float, ended: float) -> list[float]:
    """Seconds between neighbouring steps that lie in a phase, by the time that the engine gave them."""
    times = [time for time in STEPS if begun < time < ended]
    return [after - before for before, after in pairwise(times)]


STEPS: list[float] = []  # when each step was over


def note_steps() -> None:
    """Note the time of each step that the window hears of."""
    fold = History.fold

    def noting(history: History, events: Sequence[object]) -> None:
        STEPS.extend(event.time for event in events if isinstance(event, Step))
        fold(history, events)  # type: ignore[arg-type]

    History.fold = noting  # type: ignore[method-assign,assignment]


def main() -> None:
    """Measure the named parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--why", action="store_true")
    given = parser.parse_args()
    if hasattr(os, "getloadavg"):
        print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}", flush=True)
    parts = given.parts or ["ticks", "plots", "training"]
    with tempfile.TemporaryDirectory() as folder:
        if "ticks" in parts:
            measure_ticks(Path(folder), given.seconds, given.why)
        if "plots" in parts:
            measure_plots(Path(folder), 1_000_000)
        if "training" in parts:
            note_steps()
            measure_training(Path(folder), given.seconds / 2, 4)


if __name__ == "__main__":
    main()
