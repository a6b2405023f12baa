"""The session as the window uses it: real threads, real tiny models."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from workbench.run.events import Ended, Evaluated, Event, Paused, Step
from workbench.run.folder import RunFolder, run_folders, summarise
from workbench.run.generation import GenerationSettings
from workbench.run.history import History
from workbench.run.home import Home
from workbench.run.offers import STOP
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe, with_overrides
from workbench.session.inspection import attend
from workbench.session.requests import LIVE, AttentionRequest, GenerationRequest, PredictionRequest
from workbench.session.session import Session


class Follower:
    """Keeps everything that a listener is told."""

    def __init__(self) -> None:
        self.folder: RunFolder | None = None
        self.past: History | None = None
        self.events: list[Event] = []
        self.refused: list[Problem] = []

    def run_begun(self, folder: RunFolder, past: History) -> None:
        self.folder, self.past = folder, past

    def run_event(self, event: Event) -> None:
        self.events.append(event)

    def run_refused(self, problems: Sequence[Problem]) -> None:
        self.refused += problems

    @property
    def ended(self) -> Ended | None:
        return next((event for event in self.events if isinstance(event, Ended)), None)

    @property
    def steps(self) -> int:
        return sum(isinstance(event, Step) for event in self.events)


@pytest.fixture
def session(home: Home) -> Iterator[Session]:
    made = Session(home)
    threads = [threading.Thread(target=lane.run) for lane in (made.engine, made.files)]
    for thread in threads:
        thread.start()
    yield made
    made.close()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def until(session: Session, condition: Callable[[], object], seconds: float = 60) -> None:
    """Deliver messages until the condition holds."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "waited too long"
        if not session.mailbox.deliver():
            threading.Event().wait(0.005)


@pytest.fixture
def recipe(tiny_bert: Path, tiny_csv: Path) -> Callable[..., Recipe]:
    def make(*overrides: str) -> Recipe:
        base = {
            "model": {"source": str(tiny_bert)},
            "data": {"train": str(tiny_csv)},
            "training": {"device": "cpu", "batch_size": 8, "learning_rate": 3e-3},
        }
        return parse_recipe(with_overrides(base, overrides))

    return make


def test_a_run_is_told_from_its_folder_to_its_end(session: Session, recipe: Callable[..., Recipe]) -> None:
    follower = Follower()
    session.start(recipe(), follower)
    assert session.active is not None
    until(session, lambda: session.active is None)
    assert follower.folder is not None and follower.folder.recipe_file.is_file()
    assert follower.ended is not None and follower.ended.status == "finished"
    assert [event.index for event in follower.events] == list(range(len(follower.events)))
    assert not follower.refused


def test_stop_then_resume_continues_the_same_run(session: Session, recipe: Callable[..., Recipe]) -> None:
    follower = Follower()
    active = session.start(recipe("training.epochs=500"), follower)
    until(session, lambda: follower.steps >= 3)
    active.stop()
    until(session, lambda: session.active is None)
    assert follower.ended is not None and follower.ended.status == "stopped"
    folder = follower.folder
    assert folder is not None and summarise(folder).resumable
    again = Follower()
    active = session.resume(folder, again)
    until(session, lambda: again.steps >= 2)
    assert again.past is not None and again.past.step == follower.ended.step
    active.stop()
    until(session, lambda: session.active is None)
    assert [run.path for run in run_folders(session.home)] == [folder.path]


def test_pause_holds_the_run_and_still_serves_questions(
    session: Session, recipe: Callable[..., Recipe]
) -> None:
    follower = Follower()
    active = session.start(recipe("training.epochs=500"), follower)
    until(session, lambda: follower.steps >= 2)
    active.pause()
    got: list[Any] = []
    session.look_inside(attend, AttentionRequest(LIVE, "rain and bread"), got.append, got.append)
    until(session, lambda: got)
    assert got[0].step is not None and got[0].prediction
    held = got[0].step
    session.look_inside(attend, AttentionRequest(LIVE, "rain and bread"), got.append, got.append)
    until(session, lambda: len(got) == 2)
    assert got[1].step == held
    active.go_on()
    until(session, lambda: follower.steps > held)
    active.stop()
    until(session, lambda: session.active is None)


def test_complaints_come_at_once_and_nothing_is_made(session: Session, recipe: Callable[..., Recipe]) -> None:
    follower = Follower()
    session.start(
        recipe("data.train=nowhere.csv", "model.source=nothing", "training.best_metric=beauty"), follower
    )
    until(session, lambda: session.active is None)
    assert {problem.field for problem in follower.refused} == {
        "data.train",
        "model.source",
        "training.best_metric",
    }
    assert run_folders(session.home) == []


def test_a_trained_run_predicts_attends_and_can_be_asked_by_name(
    session: Session, recipe: Callable[..., Recipe]
) -> None:
    follower = Follower()
    session.start(recipe("training.epochs=8"), follower)
    until(session, lambda: session.active is None)
    assert follower.folder is not None
    name = follower.folder.name
    got: list[Any] = []
    session.predict(PredictionRequest(name, ("rain storm snow", "bread soup", "")), got.append, got.append)
    session.look_inside(attend, AttentionRequest(name, "rain storm snow"), got.append, got.append)
    checkpoint = str(follower.folder.checkpoint_folders()[0])
    session.look_inside(attend, AttentionRequest(checkpoint, "rain storm snow"), got.append, got.append)
    until(session, lambda: len(got) == 3)
    assert [p.label for p in got[0][:2]] == ["weather", "kitchen"]
    assert sum(p for _, p in got[0][2].classes) == pytest.approx(1)
    assert got[1].prediction[0][0] == "weather"
    measured = [e for e in follower.events if isinstance(e, Evaluated)]
    assert measured[-1].metrics["accuracy"] > 0.8


def test_generation_streams_and_stops_when_asked(session: Session, tiny_llama: Path) -> None:
    from workbench.run.results import GeneratedToken

    pieces: list[Any] = []
    done: list[Any] = []
    request = GenerationRequest(str(tiny_llama), "hello", GenerationSettings(max_new_tokens=60))
    session.generate(request, pieces.append, done.append, done.append)
    until(session, lambda: done)
    streamed = [piece.id for piece in pieces if isinstance(piece, GeneratedToken)]
    assert streamed == list(done[0][0].tokens) and streamed


def test_closing_while_training_saves_and_ends(home: Home, recipe: Callable[..., Recipe]) -> None:
    session = Session(home)
    threads = [threading.Thread(target=lane.run) for lane in (session.engine, session.files)]
    for thread in threads:
        thread.start()
    follower = Follower()
    session.start(recipe("training.epochs=500"), follower)
    until(session, lambda: follower.steps >= 2)
    session.close()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert follower.folder is not None
    line = summarise(follower.folder)
    assert line.status == "stopped" and line.resumable


def test_runs_can_be_renamed_and_a_run_in_work_cannot_be_deleted(
    session: Session, recipe: Callable[..., Recipe]
) -> None:
    follower = Follower()
    active = session.start(recipe("training.epochs=500"), follower)
    until(session, lambda: follower.steps >= 1)
    folder = follower.folder
    assert folder is not None
    got: list[Any] = []
    session.rename_run(folder, "My best", got.append, got.append)
    session.trash_run(folder, got.append, got.append)
    until(session, lambda: len(got) == 2)
    assert folder.recipe().name == "My best"
    assert isinstance(got[1], Problem) and "in work" in got[1].title
    active.stop()
    until(session, lambda: session.active is None)


def test_while_a_run_waits_for_a_decision_other_models_answer(
    session: Session, recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run does not fit; its person tries another run's model meanwhile, and then ends the run."""
    first = Follower()
    session.start(recipe(), first)
    until(session, lambda: session.active is None)
    assert first.folder is not None
    from workbench.engine import preflight

    monkeypatch.setattr(preflight, "usable_memory", lambda device: 1000)
    waiting = Follower()
    active = session.start(recipe(), waiting)
    until(session, lambda: any(isinstance(event, Paused) for event in waiting.events))
    answers: list[Any] = []
    session.predict(PredictionRequest(str(first.folder.path), ("a cat",)), answers.append, answers.append)
    until(session, lambda: answers)
    assert len(answers[0]) == 1 and not waiting.ended
    active.answer(STOP)
    until(session, lambda: session.active is None)
    assert waiting.ended is not None and waiting.ended.status == "failed"
