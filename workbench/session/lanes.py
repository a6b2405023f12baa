"""Lanes and the mailbox: how work leaves the window's thread, and the one door by which answers come back.

A lane runs its jobs one after the other on the thread that calls `run`. There are two: *engine*, the only one
that touches torch, and *files*, for reading and looking through what is on the disk. Answers are put into the
mailbox, which the window's timer empties; so every callback runs on the thread that empties it.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from workbench.run.problem import Problem, explain
from workbench.session.slices import Slices

T = TypeVar("T")
Callback = Callable[[Any], object]

#: A training is held up by about this many seconds at once by work that is done in slices.
SLICE = 0.1


class Mailbox:
    """Messages on their way to the window: (callback, value) pairs, put by any thread, taken by one."""

    def __init__(self) -> None:
        self._messages: deque[tuple[Callback, Any]] = deque()

    def put(self, callback: Callback, value: object) -> None:
        """Leave a value for a callback."""
        self._messages.append((callback, value))

    def deliver(self) -> int:
        """Call the callbacks of all messages that are there now, in order; returns how many."""
        count = len(self._messages)
        for _ in range(count):
            callback, value = self._messages.popleft()
            callback(value)
        return count


class JobCancelled(Exception):  # noqa: N818 - it is no error
    """Raised inside a job whose person no longer wants the answer; it ends the job silently."""


class Ticket:
    """The asker's hold on a job: it can be cancelled, and says whether it is over."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self.hurried = threading.Event()
        self.over = False

    def cancel(self) -> None:
        """Ask the job to end; its callbacks will not be called any more."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether the asker has lost interest."""
        return self._cancelled.is_set()


class Desk:
    """What a job is given while it works."""

    def __init__(
        self, ticket: Ticket, mailbox: Mailbox, progress: Callback | None, live: object | None
    ) -> None:
        self._ticket, self._mailbox, self._progress = ticket, mailbox, progress
        #: Where the job is done in slices, these.
        self.slices: Slices | None = None
        #: The model in training (an engine `LiveModel`), when the job is served between two of its steps.
        self.live = live

    @property
    def cancelled(self) -> bool:
        """Whether the asker has lost interest."""
        return self._ticket.cancelled

    @property
    def hurried(self) -> bool:
        """Whether the answer is to be brought to an end now: somebody else needs the lane."""
        return self.cancelled or self._ticket.hurried.is_set()

    def check(self) -> None:
        """Raise `JobCancelled` when the asker has lost interest. A job that is done in slices may rest here."""
        if self.slices is not None:
            self.slices.breathe()
        if self.cancelled:
            raise JobCancelled

    def report(self, value: object) -> None:
        """Send something on the way to the answer: a token, a progress text."""
        if self._progress is not None and not self.cancelled:
            self._mailbox.put(self._progress, value)


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    work: Callable[[Desk], T]
    ticket: Ticket
    done: Callback
    failed: Callable[[Problem], object]
    progress: Callback | None
    between_steps: bool
    still: Callable[[Any], object] | None


class Lane:
    """A queue of jobs and the loop that works through it on whichever thread calls `run`."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._jobs: deque[_Job[Any]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._present: list[Ticket] = []  # the job in work, and the question served between two of its steps
        self._resting: Slices | None = None  # a question that was answered in part
        self.slice = SLICE

    def submit(
        self,
        work: Callable[[Desk], T],
        *,
        done: Callable[[T], object],
        failed: Callable[[Problem], object],
        progress: Callback | None = None,
        between_steps: bool = False,
        still: Callable[[Any], object] | None = None,
    ) -> Ticket:
        """Queue a job.

        Args:
            work: Does the work on the lane's thread; its result is an immutable value.
            done: Receives the result, through the mailbox.
            failed: Receives the problem when the work raises, through the mailbox.
            progress: Receives what the work reports on the way.
            between_steps: Whether it may be served between two steps of a training that occupies the lane.
            still: Given for a job that is served in slices, each between two other steps, and interrupted where it
                calls `Desk.check`. It makes of the model in training one that stays as it is, for the job; None when
                there is none, and then the job is done at once.
        """
        ticket = Ticket()
        with self._changed:
            self._jobs.append(_Job(work, ticket, done, failed, progress, between_steps, still))
            self._changed.notify()
        return ticket

    def run(self) -> None:
        """Work until `close` is called. Exactly one thread may be in here."""
        while True:
            self._go_on(math.inf)  # the training during which it began is over, or it was cancelled
            with self._changed:
                while not self._jobs and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                job = self._jobs.popleft()
            self._do(job, None)

    def serve(self, live: object) -> None:
        """Called by a training between two steps: do the queued jobs that may be done now, or a slice of one."""
        while self._go_on(self.slice):
            with self._changed:
                job = next((job for job in self._jobs if job.between_steps), None)
                if job is None or self._closed:
                    return
                self._jobs.remove(job)
            model = job.still(live) if job.still and live is not None else None
            if model is None:
                self._do(job, live)
            else:
                self._begin(job, model)

    def wait_for_job(self, seconds: float) -> None:
        """Called by a paused training: sleep until a job is queued, the lane closes or the time is over."""
        with self._changed:
            if not (self._closed or self._resting or any(job.between_steps for job in self._jobs)):
                self._changed.wait(seconds)

    def wake(self) -> None:
        """Wake whoever sleeps in `wait_for_job`."""
        with self._changed:
            self._changed.notify_all()

    def hurry(self) -> None:
        """Ask the job in work to end with what it has; it still answers."""
        with self._changed:
            for ticket in self._present:
                ticket.hurried.set()

    def close(self) -> None:
        """Let `run` return after the present job, which is cancelled; queued jobs are dropped."""
        with self._changed:
            self._closed = True
            for ticket in self._present:
                ticket.cancel()
            self._changed.notify_all()

    def _begin(self, job: _Job[Any], model: object) -> None:
        """Have a job done in slices; it looks into this model, which nobody else changes."""
        desk = Desk(job.ticket, self._mailbox, job.progress, model)
        desk.slices = self._resting = Slices(lambda: self._do(job, model, desk))

    def _go_on(self, seconds: float) -> bool:
        """Go on with the job that rests, for so long; returns whether there is none any more.

        No other job begins before it is over: both might look into the same model.
        """
        if self._resting is None:
            return True
        from workbench.engine.states import random_state, set_random_state

        states = random_state()  # a slice may draw, and end in a state of its own
        try:
            if self._resting.go_on(seconds):
                self._resting = None
        finally:
            set_random_state(states)
        return self._resting is None

    def _do(self, job: _Job[Any], live: object | None, desk: Desk | None = None) -> None:
        if job.ticket.cancelled:
            job.ticket.over = True
            return
        desk = desk or Desk(job.ticket, self._mailbox, job.progress, live)
        self._present.append(job.ticket)
        try:
            result = job.work(desk)
        except JobCancelled:
            job.ticket.over = True
            return
        except (
            BaseException
        ) as error:  # whatever happens on this thread must reach the person, and not end it
            self._answer(job, job.failed, explain(error))
        else:
            self._answer(job, job.done, result)
        finally:
            self._present.remove(job.ticket)

    def _answer(self, job: _Job[Any], callback: Callback, value: object) -> None:
        def deliver(answer: object) -> None:
            job.ticket.over = True
            if not job.ticket.cancelled:
                callback(answer)

        self._mailbox.put(deliver, value)


def lone_desk(progress: Callback | None = None) -> Desk:
    """A desk for work done right here, outside any lane, as the command line does it."""

    class Direct(Mailbox):
        def put(self, callback: Callback, value: object) -> None:
            callback(value)

    return Desk(Ticket(), Direct(), progress, None)
