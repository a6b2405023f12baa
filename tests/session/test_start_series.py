"""A series as the window starts it: on the engine's thread, driven by one handle."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench.run.home import Home
from workbench.run.problem import Problem
from workbench.run.recipe_files import parse_recipe
from workbench.run.search import Search, SearchSettings
from workbench.run.search_plan import SearchPlan
from workbench.run.search_ranges import written_range
from workbench.run.series import SeriesEvent
from workbench.session.active_run import ActiveRun
from workbench.session.search.searching import SearchRequest, search
from workbench.session.session import Session


@pytest.fixture
def session(home: Home) -> Iterator[Session]:
    made = Session(home)
    thread = threading.Thread(target=made.engine.run)
    thread.start()
    yield made
    made.close()
    thread.join()


def test_a_search_is_stopped_by_its_handle_and_goes_on(
    session: Session, tiny_bert: Path, tiny_csv: Path
) -> None:
    recipe = parse_recipe(
        {
            "model": {"source": str(tiny_bert)},
            "data": {"train": str(tiny_csv), "validation": 0.3},
            "training": {"epochs": 50, "learning_rate": 1e-3, "precision": "fp32"},
        }
    )
    plan = SearchPlan(recipe, (written_range("training.learning_rate=1e-4..1e-2"),), SearchSettings(trials=2))
    found: list[Search] = []
    failed: list[Problem] = []
    active: list[ActiveRun] = []

    def hear(value: Any) -> None:
        if isinstance(value, SeriesEvent) and value.event.kind == "step":
            active[0].stop()

    active.append(session.start_series(search, SearchRequest(plan, "s"), found.append, failed.append, hear))
    with pytest.raises(RuntimeError):
        session.start_series(search, SearchRequest(plan, "other"), found.append, failed.append)
    while not (found or failed):
        session.mailbox.deliver()
        time.sleep(0.01)
    assert not failed
    assert [trial.state for trial in found[0].trials] == ["running"]
    assert "can go on" in found[0].over
    assert session.active is None
