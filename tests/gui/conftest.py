"""What the window's tests share: every one fails when it leaves a thread, a timer or a top-level widget behind."""

from __future__ import annotations

import gc
import math
import threading
import traceback
from collections.abc import Callable, Iterator
from weakref import WeakKeyDictionary

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from workbench.gui.app import Bench, make_window
from workbench.gui.lane_threads import LaneThreads
from workbench.gui.workspace import Workspace
from workbench.run.events import Ended, Evaluated, Event, Notice, Started, Step
from workbench.run.folder import RunFolder, make_run
from workbench.run.home import Home
from workbench.run.journal import Journal
from workbench.run.recipe import Recipe
from workbench.session.session import Session


class Leaks:
    """What is alive now, and where it was started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._places: WeakKeyDictionary[object, str] = WeakKeyDictionary()
        for kind in (QTimer, QThread, threading.Thread):
            self._watch(monkeypatch, kind)
        self._before = self._alive()

    def _watch(self, monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
        original: Callable[..., object] = kind.start

        def start(thing: object, *arguments: object) -> object:
            stack = traceback.extract_stack(limit=8)[:-1]
            self._places[thing] = "".join(traceback.format_list(stack))
            return original(thing, *arguments)

        monkeypatch.setattr(kind, "start", start)

    def _alive(self) -> dict[int, object]:
        # Python's stand-in for a thread that Qt started stays until its number is used again; the QThread
        # itself is watched below.
        found: list[object] = [t for t in threading.enumerate() if not isinstance(t, threading._DummyThread)]
        for thing in list(self._places):
            if isinstance(thing, QObject) and isValid(thing):
                running = isinstance(thing, QTimer) and thing.isActive()
                running = running or (isinstance(thing, QThread) and thing.isRunning())
                found += [thing] if running else []
        found += [
            w for w in QApplication.topLevelWidgets() if not w.parent() and type(w).__name__ != "QTipLabel"
        ]
        return {id(thing): thing for thing in found}

    def found(self) -> list[str]:
        """A line for everything that is alive and was not at the beginning."""
        for _ in range(3):
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            QCoreApplication.processEvents()
            new = {key: thing for key, thing in self._alive().items() if key not in self._before}
            if not new:
                return []
            gc.collect()  # a widget in a reference cycle is no leak; only worth its time when something is left
        return [self._told(thing) for thing in new.values()]

    def _told(self, thing: object) -> str:
        words = f", with {[a.text() for a in thing.actions()]}" if isinstance(thing, QWidget) else ""
        return f"{thing!r}{words}\n{self._places.get(thing, '')}"


@pytest.fixture(autouse=True)
def no_leaks(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves something running, and say where that was started."""
    leaks = Leaks(monkeypatch)
    yield
    left = leaks.found()
    if left:
        pytest.fail("left behind:\n" + "\n".join(left))


@pytest.fixture(autouse=True, scope="module")
def collected_here() -> Iterator[None]:
    """What lies in cycles goes on this thread: another test's worker thread must not find widgets in its garbage."""
    yield
    gc.collect()


@pytest.fixture
def workspace(qapp: QApplication, home: Home) -> Iterator[Workspace]:
    """The model behind the window on an empty home, with both lanes at work and no window."""
    session = Session(home)
    threads = LaneThreads(session)
    workspace = Workspace(session)
    yield workspace
    workspace.shut_down()
    threads.join()
    workspace.deleteLater()


@pytest.fixture
def bench(qapp: QApplication, home: Home) -> Iterator[Bench]:
    """An open workbench on an empty home; show its window where the test needs it."""
    bench = make_window(home)
    yield bench
    bench.close()


def wait_for_files(qtbot: QtBot, workspace: Workspace) -> None:
    """Until the files lane has done what was asked of it so far."""
    over: list[object] = []
    workspace.session.files.submit(lambda desk: None, done=over.append, failed=over.append)
    qtbot.waitUntil(lambda: bool(over), timeout=60_000)


def loss_at(step: int, steps: int) -> float:
    """A loss that falls from 2 to about 0.3, with a ripple."""
    return 0.3 + 1.7 * math.exp(-4 * step / steps) + 0.05 * math.sin(step)


def events_of_a_run(steps: int = 40, *, every: int = 10, end: bool = True) -> Iterator[Event]:
    """The events of a plausible classification run; accuracy rises by 0.1 with each measurement, to 0.9."""
    yield Started(
        task="text-classification", model="minilm", device="CPU", precision="fp32", total_steps=steps,
        steps_per_epoch=steps // 2, train_rows=320, validation_rows=80, parameters=1000,
        class_names=("a", "b"), best_metric="accuracy",
    )  # fmt: skip
    yield Notice(text="Texts are cut after 128 tokens.", level="warning")
    accuracy = 0.4
    for step in range(1, steps + 1):
        yield Step(
            step=step, epoch=2 * step / steps, loss=loss_at(step, steps), learning_rate=1e-4 * (1 - step / steps),
            gradient_norm=1.0 + step % 3, tokens_per_second=900.0 + step, samples_per_second=50.0, memory=10**9,
        )  # fmt: skip
        if step % every == 0:
            accuracy = min(0.9, accuracy + 0.1)
            metrics = {"loss": loss_at(step, steps) + 0.1, "accuracy": accuracy, "f1_macro": accuracy - 0.05}
            yield Evaluated(step=step, epoch=2 * step / steps, metrics=metrics, best=True)
    if end:
        yield Ended(status="finished", step=steps, seconds=75.0, samples=steps * 32)


def recorded(home: Home, name: str, events: Iterator[Event] | None = None) -> RunFolder:
    """A run folder written as the program writes it."""
    folder = make_run(home, Recipe(name=name))
    with Journal(folder.journal_file) as journal:
        for event in events or events_of_a_run():
            journal.append(event)
    return folder
