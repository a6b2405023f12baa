"""Follows a run to its end on the terminal: progress, measurements, Ctrl-C, and how it came out."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Generator, Iterator
from types import FrameType
from typing import TYPE_CHECKING, cast

from workbench.cli.console import Console
from workbench.cli.outcome import metrics_in_words, outcome
from workbench.cli.progress import duration
from workbench.run.events import (
    Changed,
    CheckpointSaved,
    Ended,
    Evaluated,
    Event,
    Notice,
    Paused,
    Started,
    Step,
)
from workbench.run.folder import RunFolder
from workbench.run.history import History

if TYPE_CHECKING:
    from workbench.session.training import Control, Prepared


def follow(prepared: Prepared, console: Console, control: Control | None = None) -> History:
    """Carry out a prepared run and show how it goes; `control` decides when it gets into trouble.

    The first Ctrl-C stops the run within one step and saves it; the second one aborts.

    Returns:
        The whole history; its `ended` says how the run came out.
    """
    from workbench.session import training

    control = control or training.Control()
    history = prepared.folder.history()
    history.ended = None
    view = RunView(console)
    # Closed whatever happens, so that even an aborted run lets go of its folder.
    events = cast("Generator[Event]", training.carry_out(prepared, control))
    with stopping(control, console), contextlib.closing(events):
        for event in events:
            history.fold((event,))
            view.show(event, history)
    console.progress.clear()
    return history


def conclude(folder: RunFolder, history: History, console: Console) -> int:
    """Print how a run came out, for a person or as JSON; returns the exit code."""
    ended = history.ended
    if ended is None:
        raise AssertionError("every run ends with exactly one end event")
    if ended.problem:
        console.problems((ended.problem,))
    result = outcome(folder, history)
    console.answer(result)
    speed = f", {result['samples_per_second']:.0f} samples/s" if result["samples_per_second"] else ""
    words = {"finished": "Finished", "stopped": "Stopped", "failed": "Failed"}
    console.result(
        f"{words[ended.status]} after {result['steps']} steps in {duration(ended.seconds)}{speed}."
    )
    if result["metrics"]:
        console.result(f"Held-out: {metrics_in_words(result['metrics'])}")
    console.result(f"Run: {folder.path}")
    if folder.report.is_file():
        console.result(f"Report: {folder.report}")
    if ended.status == "stopped":
        console.result(f"Go on with: workbench resume {folder.name}")
    return 1 if ended.status == "failed" else 0


class RunView:
    """Draws the events of a run on the console as they come."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._loss = self._speed = 0.0
        self._seen = 0
        self._begin: Step | None = None

    def show(self, event: Event, history: History) -> None:
        match event:
            case Started():
                self._started(event)
            case Step():
                self._step(event, history.started.total_steps if history.started else 0)
            case Evaluated():
                best = ", the best so far" if event.best else ""
                which = "test" if event.split == "test" else "held-out"
                self._console.say(
                    f"step {event.step}, epoch {event.epoch:.2f}: {which} "
                    f"{metrics_in_words(event.metrics)}{best}"
                )
            case Notice():
                self._console.say(event.text)
            case Paused() if event.problem:
                self._console.say(f"step {event.step}: {event.problem.title} {event.problem.cause}")
                for offer in event.offers:
                    self._console.say(f"  possible: {offer.title}. {offer.help}")
            case Changed():
                self._console.say(f"after step {event.step}: {event.path} is now {event.value}")
            case CheckpointSaved():
                self._console.progress.show(f"saved {event.path}")
            case Ended():
                self._console.progress.clear()
            case _:
                pass

    def _started(self, event: Started) -> None:
        go_on = f", going on after step {event.resumed_from}" if event.resumed_from else ""
        self._console.say(
            f"{event.model}: {event.parameters / 1e6:.1f} M weights, {event.task}, on {event.device} in "
            f"{event.precision}; {event.train_rows} rows to learn from, {event.validation_rows} held out; "
            f"{event.total_steps} steps{go_on}"
        )

    def _step(self, event: Step, total: int) -> None:
        # Averages over about the last 20 steps: single values jump too much to be read.
        self._seen += 1
        self._loss += (event.loss - self._loss) / min(self._seen, 20)
        self._speed += (event.samples_per_second - self._speed) / min(self._seen, 20)
        left = ""
        if self._begin is None:
            self._begin = event
        elif event.step > self._begin.step:
            pace = (event.time - self._begin.time) / (event.step - self._begin.step)
            left = f", {duration(pace * (total - event.step))} left"
        self._console.progress.show(
            f"step {event.step} of {total}, loss {self._loss:.3f}, {self._speed:.0f} samples/s{left}",
            event.step / total if total else None,
        )


@contextlib.contextmanager
def stopping(control: Control, console: Console) -> Iterator[None]:
    """Let Ctrl-C, or a polite request to end, stop the run and save it; the second one aborts."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if control.stopping:
            raise KeyboardInterrupt
        control.stop()
        console.say("Stopping after this step and saving. Once more aborts without saving.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
