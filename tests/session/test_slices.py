"""Long looks at the model in training, done in slices: the training goes on between them, and is not disturbed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from workbench.engine.live import LiveModel
from workbench.engine.loading import load_for_use
from workbench.run.home import Home
from workbench.run.inside.explanation import Explanation
from workbench.run.inside.lens import TokenLens
from workbench.run.problem import Problem, bad_input
from workbench.session.inside.explain import ExplainRequest, explain
from workbench.session.inside.lens import LensRequest, read_layers
from workbench.session.lanes import Desk, Lane, Mailbox, lone_desk
from workbench.session.requests import LIVE
from workbench.session.session import Session

TEXT = "the rain saw a storm"


@pytest.fixture
def session(home: Home) -> Session:
    """A session whose engine hands over at every chance; the test stands for its thread, which trains."""
    made = Session(home)
    made.engine.slice = 0.0
    return made


@pytest.fixture
def live(tiny_llama: Path) -> LiveModel:
    loaded = load_for_use(tiny_llama, "tiny", torch.device("cpu"))
    return LiveModel(loaded.model.train(), loaded.tokenizer, "causal-lm", (), loaded.device, 7, "in training")


def steps_until_answered(session: Session, live: LiveModel, got: list[Any]) -> int:
    """Train and serve until the answer is there; how often it was served."""
    for step in range(1, 1000):
        session.engine.serve(live)
        session.mailbox.deliver()
        if got:
            return step
        assert live.model.training and all(p.grad is not None for p in live.model.parameters())
        with torch.no_grad():
            for parameter in live.model.parameters():
                parameter.add_(torch.randn_like(parameter))
    raise AssertionError("no answer")


@pytest.mark.parametrize(
    ("work", "request_"),
    [(explain, ExplainRequest(LIVE, TEXT)), (read_layers, LensRequest(LIVE, TEXT))],
    ids=["explain", "lens"],
)
def test_the_answer_is_that_of_the_model_at_first_though_it_trains_on(
    session: Session, live: LiveModel, work: Any, request_: Any
) -> None:
    desk: Desk = lone_desk()
    desk.live = live
    expected = work(session.home, request_, desk)
    for parameter in live.model.parameters():
        parameter.grad = torch.ones_like(parameter)
    got: list[Any] = []
    torch.manual_seed(5)
    plain = torch.randn(3)
    torch.manual_seed(5)
    session.look_inside(work, request_, got.append, got.append, in_slices=True)
    session.engine.serve(live)
    assert torch.equal(torch.randn(3), plain)  # what is drawn for the training is as without it
    assert steps_until_answered(session, live, got) > 2
    found = got[0]
    assert found.step == 7
    if isinstance(found, Explanation):
        for row, other in zip(found.attributions, expected.attributions, strict=True):
            assert np.array_equal(row.scores, other.scores)
        assert found.test is not None and np.array_equal(found.test.random, expected.test.random)
    else:
        assert isinstance(found, TokenLens) and np.array_equal(found.probabilities, expected.probabilities)
    assert not any(thread.name == "work in slices" for thread in threading.enumerate())


def test_the_rest_is_done_at_once_when_the_training_is_over_and_dropped_when_nobody_waits(
    session: Session, live: LiveModel
) -> None:
    request = ExplainRequest(LIVE, TEXT)
    got: list[Any] = []
    for parameter in live.model.parameters():
        parameter.grad = torch.ones_like(parameter)
    session.look_inside(explain, request, got.append, got.append, in_slices=True)
    session.engine.serve(live)
    engine = threading.Thread(target=session.engine.run)
    engine.start()
    done = threading.Event()
    session.engine.submit(lambda desk: done.set(), done=got.append, failed=got.append)
    assert done.wait(30)
    session.mailbox.deliver()
    assert isinstance(got[0], Explanation) and got[0].test is not None
    session.engine.close()
    engine.join(10)

    lane = Lane(session.mailbox)
    lane.slice = 0.0

    def endless(desk: Desk) -> None:
        while True:
            desk.check()

    for close in (False, True):
        ticket = lane.submit(
            endless, done=got.append, failed=got.append, between_steps=True, still=lambda m: m
        )
        lane.serve(live)
        assert not ticket.over
        if close:
            lane.close()
        else:
            ticket.cancel()
        lane.serve(live)
        assert not any(thread.name == "work in slices" for thread in threading.enumerate())


def test_other_questions_wait_for_the_one_in_slices_and_problems_are_told() -> None:
    got: list[Any] = []
    lane = Lane(box := Mailbox())
    lane.slice = 0.0

    def long(desk: Desk) -> str:
        for _ in range(3):
            desk.check()
        raise bad_input("No.", "", "")

    lane.submit(long, done=got.append, failed=got.append, between_steps=True, still=lambda model: model)
    lane.submit(lambda desk: desk.live, done=got.append, failed=got.append, between_steps=True)
    for step in range(4):
        assert got == []
        lane.serve(f"model {step}")
        box.deliver()
    assert isinstance(got[0], Problem) and got[0].title == "No." and got[1] == "model 3"
    lane.submit(
        lambda desk: desk.slices, done=got.append, failed=got.append, between_steps=True, still=lambda m: None
    )
    lane.serve("a model that cannot be copied")
    box.deliver()
    assert got[2] is None  # done at once
