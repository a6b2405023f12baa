"""Lanes and the mailbox: order, cancelling, problems, and questions between two steps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from workbench.run.problem import Problem, bad_input
from workbench.session.lanes import Desk, Lane, Mailbox


class Bench:
    """A lane on a real thread, and what came back."""

    def __init__(self) -> None:
        self.mailbox = Mailbox()
        self.lane = Lane(self.mailbox)
        self.thread = threading.Thread(target=self.lane.run)
        self.thread.start()
        self.got: list[Any] = []

    def ask(self, work: Any, **more: Any) -> Any:
        return self.lane.submit(work, done=self.got.append, failed=self.got.append, **more)

    def settle(self) -> None:
        """Wait until everything that was asked so far is answered, and deliver the answers."""
        done = threading.Event()
        self.lane.submit(lambda desk: done.set(), done=lambda _: None, failed=lambda _: None)
        assert done.wait(10)
        self.mailbox.deliver()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.lane.close()
    made.thread.join(10)
    assert not made.thread.is_alive()


def test_answers_come_in_order_and_only_when_delivered(bench: Bench) -> None:
    for number in range(5):
        bench.ask(lambda desk, number=number: number)
    assert bench.got == []
    bench.settle()
    assert bench.got == [0, 1, 2, 3, 4]


def test_jobs_run_on_the_lane_s_thread_and_callbacks_on_the_deliverer_s(bench: Bench) -> None:
    threads: list[int] = []
    bench.lane.submit(
        lambda desk: threading.get_ident(),
        done=lambda ident: threads.extend([ident, threading.get_ident()]),
        failed=pytest.fail,
    )
    bench.settle()
    assert threads == [bench.thread.ident, threading.get_ident()]


def test_a_problem_reaches_the_person_and_the_lane_goes_on(bench: Bench) -> None:
    def explained(desk: Desk) -> None:
        raise bad_input("The file is empty.", "Why.", "What now.")

    def unforeseen(desk: Desk) -> None:
        raise RuntimeError("superfluous")

    bench.ask(explained)
    bench.ask(unforeseen)
    bench.ask(lambda desk: "still here")
    bench.settle()
    assert bench.got[0] == Problem("The file is empty.", "Why.", "What now.")
    assert "RuntimeError: superfluous" in bench.got[1].cause and "Traceback" in bench.got[1].details
    assert bench.got[2] == "still here"


def test_even_exits_inside_a_job_do_not_end_the_lane(bench: Bench) -> None:
    def leave(desk: Desk) -> None:
        raise SystemExit(3)

    bench.ask(leave)
    bench.ask(lambda desk: "still here")
    bench.settle()
    assert isinstance(bench.got[0], Problem) and bench.got[1] == "still here"


def test_a_cancelled_question_is_never_answered(bench: Bench) -> None:
    gate = threading.Event()
    first = bench.ask(lambda desk: gate.wait(10))
    second = bench.ask(lambda desk: "second")
    second.cancel()
    first.cancel()
    gate.set()
    bench.settle()
    assert bench.got == []


def test_a_running_job_notices_that_it_was_cancelled(bench: Bench) -> None:
    begun, seen = threading.Event(), threading.Event()

    def work(desk: Desk) -> None:
        begun.set()
        for _ in range(10_000_000):
            try:
                desk.check()
            except BaseException:
                seen.set()
                raise

    ticket = bench.ask(work)
    assert begun.wait(10)
    ticket.cancel()
    assert seen.wait(10)
    bench.settle()
    assert bench.got == []


def test_progress_comes_before_the_answer(bench: Bench) -> None:
    def work(desk: Desk) -> str:
        desk.report("a")
        desk.report("b")
        return "answer"

    bench.ask(work, progress=bench.got.append)
    bench.settle()
    assert bench.got == ["a", "b", "answer"]


def test_between_steps_only_the_questions_that_may_are_served(bench: Bench) -> None:
    """A training occupies the lane; a question about the live model is answered in between, another start waits."""
    asked, gate = threading.Event(), threading.Event()

    def training(desk: Desk) -> str:
        asked.set()
        assert gate.wait(10)
        bench.lane.serve("live model")
        return "trained"

    bench.ask(training)
    assert asked.wait(10)
    bench.ask(lambda desk: f"another run, {desk.live}")
    bench.ask(lambda desk: f"looked at {desk.live}", between_steps=True)
    gate.set()
    bench.settle()
    assert bench.got == ["looked at live model", "trained", "another run, None"]


def test_closing_cancels_the_job_in_work() -> None:
    lane = Lane(Mailbox())
    thread = threading.Thread(target=lane.run)
    thread.start()
    begun = threading.Event()

    def endless(desk: Desk) -> None:
        begun.set()
        while True:
            desk.check()

    lane.submit(endless, done=lambda _: None, failed=lambda _: None)
    assert begun.wait(10)
    lane.close()
    thread.join(10)
    assert not thread.is_alive()
