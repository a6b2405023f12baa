"""The workspace: what it keeps of runs that go on elsewhere, and how long a run has been at work."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.conftest import events_of_a_run, recorded
from workbench.gui.app import Bench
from workbench.gui.train_parts import headlines
from workbench.gui.workspace import Workspace
from workbench.run.events import Event, Started, Step
from workbench.run.folder import RunFolder
from workbench.run.history import History
from workbench.run.home import Home
from workbench.run.journal import Journal

WAIT = 60_000


@pytest.fixture
def workspace(bench: Bench) -> Workspace:
    return bench.workspace


def listed(qtbot: QtBot, workspace: Workspace) -> None:
    with qtbot.waitSignal(workspace.runs_changed, timeout=WAIT):
        workspace.refresh_runs()


def known(qtbot: QtBot, workspace: Workspace, name: str) -> History:
    qtbot.waitUntil(lambda: name in workspace.histories, timeout=WAIT)
    return workspace.histories[name]


def half(home: Home, name: str) -> tuple[RunFolder, list[Event]]:
    """A run that is half done, and what it will still do."""
    events = list(events_of_a_run())
    middle = len(events) // 2
    return recorded(home, name, iter(events[:middle])), events[middle:]


def go_on(folder: RunFolder, events: list[Event]) -> None:
    with Journal(folder.journal_file) as journal:
        for event in events:
            journal.append(event)


def test_a_run_that_goes_on_elsewhere_goes_on_here_when_it_is_selected_or_overlaid(
    qtbot: QtBot, workspace: Workspace, home: Home
) -> None:
    (one, rest_of_one), (two, rest_of_two) = half(home, "One"), half(home, "Two")
    workspace.select(one.name)
    workspace.set_overlays([two.name])
    listed(qtbot, workspace)
    assert known(qtbot, workspace, one.name).step < 40
    assert known(qtbot, workspace, two.name).step < 40
    go_on(one, rest_of_one)
    go_on(two, rest_of_two)
    told: list[str] = []
    workspace.history_changed.connect(told.append)
    listed(qtbot, workspace)
    qtbot.waitUntil(lambda: {one.name, two.name} <= set(told), timeout=WAIT)
    for name in (one.name, two.name):
        assert workspace.histories[name].step == 40
        assert workspace.histories[name].ended is not None


def test_a_run_that_only_ended_elsewhere_is_read_again(
    qtbot: QtBot, workspace: Workspace, home: Home
) -> None:
    *most, end = events_of_a_run()
    folder = recorded(home, "One", iter(most))
    workspace.select(folder.name)
    listed(qtbot, workspace)
    assert known(qtbot, workspace, folder.name).ended is None
    go_on(folder, [end])
    listed(qtbot, workspace)
    qtbot.waitUntil(lambda: workspace.histories[folder.name].ended is not None, timeout=WAIT)


def test_a_run_that_went_on_unseen_is_read_when_it_is_selected_again(
    qtbot: QtBot, workspace: Workspace, home: Home
) -> None:
    folder, rest = half(home, "One")
    workspace.select(folder.name)
    known(qtbot, workspace, folder.name)
    workspace.select(None)
    go_on(folder, rest)
    listed(qtbot, workspace)
    workspace.select(folder.name)
    assert known(qtbot, workspace, folder.name).step == 40


def test_what_has_not_changed_is_not_read_again(qtbot: QtBot, workspace: Workspace, home: Home) -> None:
    folder = recorded(home, "One")
    workspace.select(folder.name)
    history = known(qtbot, workspace, folder.name)
    with qtbot.assertNotEmitted(workspace.history_changed):
        for _ in range(3):
            listed(qtbot, workspace)
    assert workspace.histories[folder.name] is history


def test_the_days_before_a_run_was_resumed_do_not_count_as_time() -> None:
    day = 86_400.0
    begun = list(islice(events_of_a_run(end=False), 12))
    history = History()
    history.fold(replace(event, time=float(i)) for i, event in enumerate(begun))
    started = next(event for event in begun if isinstance(event, Started))
    last = next(event for event in reversed(begun) if isinstance(event, Step))
    history.fold([replace(started, time=3 * day, resumed_from=last.step)])
    history.fold([replace(last, time=3 * day + 8, step=last.step + 1)])
    time = next(shown for shown in headlines(history) if shown.caption == "Time")
    assert (time.value, time.note) == ("8 s", "so far")
