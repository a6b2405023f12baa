"""The handle of a run in work, for whoever may stop, pause and order it, and what the one who follows it provides."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from workbench.run.events import Event
from workbench.run.folder import RunFolder
from workbench.run.history import History
from workbench.run.offers import STOP, Answer, Offer
from workbench.run.orders import ChangeRate, MeasureNow, Order, PinPrompts, SaveNow, StopAfterEpoch
from workbench.run.problem import Problem
from workbench.session.lanes import Lane


class RunListener(Protocol):
    """Who follows a run; all methods are called through the mailbox, in order."""

    def run_begun(self, folder: RunFolder, past: History) -> object:
        """The run folder exists; `past` is what a resumed run did before, and belongs to the listener."""

    def run_event(self, event: Event) -> object:
        """The next event, already in the journal; the last one is `Ended`."""

    def run_refused(self, problems: Sequence[Problem]) -> object:
        """Nothing was started: these are the complaints."""


class ActiveRun:
    """The handle of a run in work."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._stop = threading.Event()
        self._pause = threading.Event()
        self._orders: deque[Order] = deque()
        self._answers: deque[Answer] = deque()
        self.stops_after_epoch = False
        #: Whether a GPU's memory is given back while the run waits.
        self.releases = False

    def stop(self) -> None:
        """End within one step, with a checkpoint from which the run can be resumed."""
        self._stop.set()
        self._pause.clear()
        self._lane.hurry()
        self._lane.wake()

    def pause(self, *, release: bool = False) -> None:
        """Wait after the present step; probes are still served. `release` gives a GPU's memory back meanwhile."""
        self.releases = release
        self._pause.set()

    def go_on(self) -> None:
        """Continue after a pause."""
        self._pause.clear()
        self._lane.wake()

    def save_now(self) -> None:
        """Write a checkpoint after the present step, which is kept for good."""
        self._orders.append(SaveNow())
        self._lane.wake()

    def measure_now(self) -> None:
        """Measure the held-out rows after the present step."""
        self._orders.append(MeasureNow())
        self._lane.wake()

    def stop_after_epoch(self, on: bool = True) -> None:
        """End when the present epoch is over, or do not after all."""
        self.stops_after_epoch = on
        self._orders.append(StopAfterEpoch(on))

    def change_rate(self, learning_rate: float) -> None:
        """Use another peak learning rate from the next step on; it is recorded."""
        self._orders.append(ChangeRate(learning_rate))
        self._lane.wake()

    def pin(self, prompts: Sequence[str] = (), on: bool = True) -> None:
        """Have prompts answered now and then by the model as it is; none: those that are pinned. Or no more."""
        self._orders.append(PinPrompts(tuple(prompts), on))
        self._lane.wake()

    def answer(self, answer: Answer) -> None:
        """Decide about the problem for which the run waits."""
        self._answers.append(answer)
        self._lane.wake()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    @property
    def paused(self) -> bool:
        """Whether it was asked to pause."""
        return self._pause.is_set()

    def orders(self) -> list[Order]:
        """What was ordered since last asked; called by the engine."""
        return [self._orders.popleft() for _ in range(len(self._orders))]

    def serve(self, live: object | None) -> None:
        """Called by whoever trains: answer the questions that wait."""
        self._lane.serve(live)

    def between_steps(self, live: object) -> None:
        """Called by the engine between two steps: serve probes, and stay here while paused."""
        self._lane.serve(live)
        while self.paused and not self.stopping and not self._orders:
            self._lane.wait_for_job(0.5)
            self._lane.serve(live)

    def hold(self, problem: Problem, offers: Sequence[Offer], live: object | None) -> Answer:
        """Called by the engine in trouble: serve probes until the person has decided."""
        self._answers.clear()  # of an earlier problem
        while not self.stopping:
            self._lane.serve(live)
            if self._answers:
                return self._answers.popleft()
            self._lane.wait_for_job(0.5)
        return STOP
