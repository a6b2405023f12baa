"""Two windows on one home: the second one sees the first one's run live, and only reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.conftest import recorded
from workbench.gui.app import Bench
from workbench.gui.panes.train import TrainPane
from workbench.gui.workspace import Workspace
from workbench.run.folder import RunFolder, make_run
from workbench.run.home import Home
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.session.following import POLL

WAIT = 60_000
OTHER = """
import sys
from pathlib import Path
from tests.gui.conftest import events_of_a_run
from workbench.run.folder import RunFolder
from workbench.run.journal import Journal
run = RunFolder(Path(sys.argv[1]))
with run.working(), Journal(run.journal_file) as journal:
    for event in events_of_a_run():
        if event.kind == "step":
            print(event.step, flush=True)
            if event.step > 5 and sys.stdin.readline() == "":
                break
        journal.append(event)
"""


@pytest.fixture
def run(home: Home) -> RunFolder:
    """A run folder that has something to resume from."""
    folder = make_run(home, Recipe(name="Elsewhere"))
    (folder.checkpoints / "step-000005").mkdir(parents=True)
    return folder


@pytest.fixture
def other(run: RunFolder) -> Iterator[subprocess.Popen[str]]:
    """Another process that trains it: five steps by itself, and one more for each line that it is sent."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(run.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != "6":
            pass
        yield process
        process.kill()


def send(process: subprocess.Popen[str], steps: int) -> None:
    assert process.stdin is not None
    process.stdin.write("\n" * steps)
    process.stdin.flush()


def at_step(workspace: Workspace, name: str, step: int) -> Callable[[], bool]:
    return lambda: name in workspace.histories and workspace.histories[name].step == step


@pytest.fixture
def watching(qtbot: QtBot, bench: Bench, run: RunFolder, other: object) -> Workspace:
    """The second window, with the run selected."""
    workspace = bench.workspace
    workspace.refresh_runs()
    qtbot.waitUntil(lambda: workspace.elsewhere.name == run.name, timeout=WAIT)
    return workspace


def test_a_run_of_another_window_is_seen_live_and_read_only(
    qtbot: QtBot, bench: Bench, watching: Workspace, run: RunFolder, other: subprocess.Popen[str]
) -> None:
    pane = TrainPane(watching)
    qtbot.addWidget(pane)
    pane.resize(1000, 700)
    pane.show()
    qtbot.waitUntil(at_step(watching, run.name, 5), timeout=WAIT)
    send(other, 3)
    qtbot.waitUntil(at_step(watching, run.name, 8), timeout=WAIT)
    assert POLL < 0.5  # so that what is shown is at most a second old where the machine is not busy
    qtbot.waitUntil(
        lambda: "Read-only here: trained by another window or command" in pane.elsewhere.text(), timeout=WAIT
    )
    assert pane.elsewhere.isVisible()
    assert pane.status.text() == "running" and not pane.resume.isVisible()
    assert watching.active is None  # so that neither Pause nor Stop is offered
    summary = watching.summary(run.name)
    assert summary is not None and not summary.resumable
    menu = {action.text(): action.isEnabled() for action in bench.window.runs.menu_for(summary).actions()}
    assert not menu["Resume"] and not menu["Rename…"] and not menu["Delete…"]

    send(other, 40)
    qtbot.waitUntil(lambda: watching.elsewhere.name is None, timeout=WAIT)
    history = watching.histories[run.name]
    assert history.step == 40 and history.ended is not None and len(history.curve("loss")) == 40
    qtbot.waitUntil(lambda: pane.status.text() == "finished", timeout=WAIT)
    assert not pane.elsewhere.isVisible()


def test_a_run_that_is_killed_elsewhere_can_be_resumed_here(
    qtbot: QtBot, watching: Workspace, run: RunFolder, other: subprocess.Popen[str]
) -> None:
    other.kill()

    def resumable() -> bool:
        summary = watching.summary(run.name)
        return summary is not None and (summary.status, summary.resumable) == ("interrupted", True)

    qtbot.waitUntil(resumable, timeout=WAIT)
    assert watching.elsewhere.name is None
    assert watching.histories[run.name].step == 5


def test_choosing_another_run_lets_go_of_it_and_back_again_nothing_is_missing(
    qtbot: QtBot, watching: Workspace, home: Home, run: RunFolder, other: subprocess.Popen[str]
) -> None:
    qtbot.waitUntil(at_step(watching, run.name, 5), timeout=WAIT)
    own = recorded(home, "Own")
    watching.select(own.name)
    assert watching.elsewhere.name is None
    send(other, 2)
    watching.select(run.name)
    assert watching.elsewhere.name == run.name
    qtbot.waitUntil(at_step(watching, run.name, 7), timeout=WAIT)
    assert len(watching.histories[run.name].curve("loss")) == 7


def test_a_run_in_another_folder_is_a_guest_on_the_shelf(
    qtbot: QtBot, bench: Bench, run: RunFolder, other: subprocess.Popen[str], tmp_path: Path
) -> None:
    workspace, shelf = bench.workspace, bench.window.runs
    mounted = tmp_path / "mounted"
    mounted.symlink_to(run.path)
    place = str(run.path.rename(tmp_path / "elsewhere"))  # the folder moves, the process goes on in it
    mounted.unlink()
    mounted.symlink_to(place)
    workspace.elsewhere.invite(str(mounted))
    assert workspace.selected == place
    qtbot.waitUntil(at_step(workspace, place, 5), timeout=WAIT)
    send(other, 3)
    qtbot.waitUntil(at_step(workspace, place, 8), timeout=WAIT)
    with qtbot.waitSignal(workspace.runs_changed, timeout=WAIT):
        workspace.refresh_runs()  # the shelf reads its own home only
    summary = workspace.summary(place)
    assert summary is not None and (summary.title, summary.total_steps) == ("elsewhere", 40)
    assert [action.text() for action in shelf.menu_for(summary).actions()] == [
        "Overlay its curves",
        "Show it no longer",
    ]
    send(other, 40)
    qtbot.waitUntil(lambda: getattr(workspace.summary(place), "status", "") == "finished", timeout=WAIT)
    workspace.elsewhere.let_go(place)
    qtbot.waitUntil(lambda: workspace.summary(place) is None, timeout=WAIT)
    assert workspace.selected != place and Path(place).is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_a_run_on_another_machine_is_a_guest_and_one_that_is_not_there_is_told(
    qtbot: QtBot,
    bench: Bench,
    run: RunFolder,
    other: subprocess.Popen[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nwhile [ "$1" != "--" ]; do shift; done\nshift 2\nexec sh -c "$*"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    workspace = bench.workspace
    place = f"me@far:{run.path}"
    workspace.elsewhere.invite(place)
    qtbot.waitUntil(at_step(workspace, place, 5), timeout=WAIT)
    assert workspace.elsewhere.worker == "a process on far"
    send(other, 2)
    qtbot.waitUntil(at_step(workspace, place, 7), timeout=WAIT)
    problems: list[Problem] = []
    workspace.problem_raised.connect(problems.append)
    workspace.elsewhere.invite("far:/nowhere")
    qtbot.waitUntil(lambda: bool(problems), timeout=WAIT)
    assert problems[0].title == "There is no run at far:/nowhere."
    assert workspace.summary("far:/nowhere") is None and workspace.summary(place) is not None


def test_a_run_that_begins_elsewhere_appears_on_a_shelf_that_is_seen(
    qtbot: QtBot, bench: Bench, home: Home
) -> None:
    bench.window.show()
    workspace = bench.workspace
    workspace.elsewhere._timer.setInterval(20)
    qtbot.waitUntil(lambda: workspace.elsewhere._seen is not None, timeout=WAIT)
    begun = recorded(home, "Begun elsewhere")
    qtbot.waitUntil(lambda: workspace.summary(begun.name) is not None, timeout=WAIT)
    with begun.working():  # by whom does not matter to the shelf
        qtbot.waitUntil(lambda: (begun.name, True) in (workspace.elsewhere._seen or ()), timeout=WAIT)
