"""Following runs of other processes: growing, torn, shortened and replaced journals, crashes, and over SSH."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.session.recorded import events as made_up
from workbench.run.events import Ended, Event, Notice, Started
from workbench.run.folder import RunFolder, make_run
from workbench.run.history import History
from workbench.run.home import Home
from workbench.run.journal import Journal, read_journal
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.recipe import Recipe
from workbench.session import following, remote
from workbench.session.following import Following, JournalFollower, News, follow, remote_place
from workbench.session.session import Session


def told(folder: RunFolder, count: int) -> list[Event]:
    """Append the first so many events of a made-up run that lack in the journal."""
    with Journal(folder.journal_file) as journal:
        have = len(read_journal(folder.journal_file))
        return [journal.append(event) for event in made_up()[have:count]]


@pytest.fixture
def run(home: Home) -> RunFolder:
    """A run folder without a journal."""
    return make_run(home, Recipe())


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "GRACE", 0.3)


# ---- the journal


def test_only_what_is_new_is_read(run: RunFolder) -> None:
    follower = JournalFollower(run.journal_file)
    assert follower.read() == []
    assert told(run, 5) == follower.read() and follower.read() == []
    new = told(run, 9)
    before = run.journal_file.read_bytes()
    # Whoever reads the old part again would stumble over what stands there now.
    head = following._HEAD
    run.journal_file.write_bytes(before[:head] + b"#" * (400 - head) + before[400:])
    assert follower.read() == new


@pytest.mark.parametrize("cut", [1, 40])
def test_a_torn_line_waits_until_it_is_whole(run: RunFolder, cut: int) -> None:
    written = told(run, 4)
    whole = run.journal_file.read_bytes()
    follower = JournalFollower(run.journal_file)
    run.journal_file.write_bytes(whole[:-cut])
    assert follower.read() == written[:-1]
    run.journal_file.write_bytes(whole)
    assert follower.read() == written[-1:]


def test_a_resumed_run_that_cuts_its_torn_line_goes_on(run: RunFolder) -> None:
    told(run, 4)
    follower = JournalFollower(run.journal_file)
    with run.journal_file.open("ab") as file:
        file.write(b'{"kind": "step", "ste')
    assert len(follower.read()) == 4
    assert told(run, 6) == follower.read()


def test_a_journal_that_is_shorter_for_a_while_tells_nothing_twice(run: RunFolder) -> None:
    written = told(run, 8)
    whole = run.journal_file.read_bytes()
    follower = JournalFollower(run.journal_file)
    assert follower.read() == written
    run.journal_file.write_bytes(whole[: len(whole) // 2])
    assert follower.read() == [] and not follower.anew
    run.journal_file.write_bytes(b"")
    assert follower.read() == [] and not follower.anew
    run.journal_file.write_bytes(whole)
    assert follower.read() == []
    assert told(run, 10) == follower.read()


def test_another_journal_in_its_place_is_told_from_the_start(run: RunFolder) -> None:
    told(run, 8)
    follower = JournalFollower(run.journal_file)
    follower.read()
    run.journal_file.unlink()
    with Journal(run.journal_file) as journal:
        other = [journal.append(Notice(text=f"another run {n}")) for n in range(12)]
    assert follower.read() == other and follower.anew


def test_a_folder_that_is_away_is_no_end(run: RunFolder) -> None:
    written = told(run, 2)
    follower = JournalFollower(run.journal_file)
    away = run.journal_file.rename(run.path / "away")
    run.journal_file.mkdir()  # a mount point without its mount reads as an error, not as an empty file
    assert follower.read() == [] and follower.trouble
    run.journal_file.rmdir()
    away.rename(run.journal_file)
    assert follower.read() == written and not follower.trouble


# ---- a run


def until_over(news: Iterator[News]) -> tuple[History, News]:
    """All news folded, and the last one."""
    history = History()
    for last in news:
        history.fold(last.events)
    return history, last


WORKER = """
import sys, time
from pathlib import Path
from tests.session.recorded import events
from workbench.run.folder import RunFolder
from workbench.run.journal import Journal
run = RunFolder(Path(sys.argv[1]))
with run.working(), Journal(run.journal_file) as journal:
    for event in events():
        journal.append(event)
        if event.kind == "evaluated":
            print("measured", flush=True)
            if sys.stdin.readline() == "":
                break
"""


@pytest.fixture
def worker(run: RunFolder) -> Iterator[subprocess.Popen[str]]:
    """Another process that works on the run: it goes on from each measurement when a line is sent to it."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(run.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    ) as process:
        yield process
        process.kill()


def go_on(worker: subprocess.Popen[str], times: int) -> None:
    """Let it work so many measurements further."""
    assert worker.stdin is not None and worker.stdout is not None
    for _ in range(times):
        worker.stdin.write("\n")
        worker.stdin.flush()
        worker.stdout.readline()


def test_a_run_of_another_process_is_followed_to_its_end(
    run: RunFolder, worker: subprocess.Popen[str]
) -> None:
    assert worker.stdout is not None
    worker.stdout.readline()
    news = follow(run, threading.Event(), poll=0.02)
    history = History()
    history.fold(next(news).events)
    assert history.step == 60
    go_on(worker, 1)
    while history.step < 120:
        new = next(news)
        assert new.status == "running"
        history.fold(new.events)
    go_on(worker, 4)
    rest, last = until_over(news)
    assert rest.step == 300 and rest.ended is not None
    assert (last.status, last.over) == ("finished", True)


def test_a_run_whose_process_was_killed_is_interrupted(run: RunFolder, worker: subprocess.Popen[str]) -> None:
    assert worker.stdout is not None
    worker.stdout.readline()
    worker.kill()
    worker.wait()
    history, last = until_over(follow(run, threading.Event(), poll=0.02))
    assert (history.step, last.status, last.over) == (60, "interrupted", True)


def test_a_session_follows_on_its_own_and_closing_ends_it(
    home: Home, run: RunFolder, worker: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worker.stdout is not None
    worker.stdout.readline()
    session = Session(home)
    heard: list[News] = []
    arrived = threading.Event()
    put = session.mailbox.put

    def watched(callback: Callable[[object], object], value: object) -> None:
        put(callback, value)
        arrived.set()

    monkeypatch.setattr(session.mailbox, "put", watched)
    handle = session.follow(run, heard.append, pytest.fail)
    assert arrived.wait(20)
    assert heard == []  # only the thread that empties the mailbox hears
    session.mailbox.deliver()
    assert isinstance(heard[0].events[0], Started) and heard[0].status == "running"
    session.close()
    handle.join(20)
    assert handle.stopped and not any(thread.name == "following" for thread in threading.enumerate())


# ---- over SSH


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for ssh that runs the command right here; a file `refuse` in its folder makes it fail."""
    if sys.platform == "win32":
        pytest.skip("the stand-in is a shell script")
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "ssh"
    script.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {folder}/calls\n'
        f"test -f {folder}/refuse && {{ cat {folder}/refuse >&2; exit 255; }}\n"
        'while [ "$1" != "--" ]; do shift; done\n'
        "shift 2\n"
        f"echo $$ >> {folder}/pids\n"
        'exec sh -c "$*"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(remote, "AGAIN", 0.05)
    return folder


def test_a_run_is_followed_over_ssh_also_when_the_connection_is_cut(ssh: Path, run: RunFolder) -> None:
    written = told(run, 8)
    news = follow(f"me@far:{run.path}", threading.Event(), poll=0.02)
    seen: list[Event] = []
    while len(seen) < 8:
        seen += next(news).events
    os.kill(int((ssh / "pids").read_text().split()[-1]), 9)
    written += told(run, 12)
    while len(seen) < 12:
        seen += next(news).events
    assert seen == written
    with Journal(run.journal_file) as journal:
        journal.append(Ended(status="stopped"))
    _, last = until_over(news)
    assert (last.status, last.over) == ("stopped", True)
    calls = (ssh / "calls").read_text().splitlines()
    assert len(calls) == 2 and "BatchMode=yes" in calls[0] and "-- me@far" in calls[0]
    assert "tail -c +1 -F" in calls[0] and "tail -c +1 -F" not in calls[1]  # what is known is not sent again


def test_what_is_wrong_over_ssh_is_said(ssh: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="There is no run at far:/nowhere"):
        list(follow("far:/nowhere", threading.Event(), poll=0.02))
    (ssh / "refuse").write_text("me@far: Permission denied (publickey).\n")
    with pytest.raises(WorkbenchError, match=r"far cannot be reached.*Permission denied") as refused:
        list(follow("far:/nowhere", threading.Event(), poll=0.02))
    assert not refused.value.usage


def test_a_following_that_fails_says_so_and_ends(ssh: Path) -> None:
    problems: list[Problem] = []
    handle = Following("far:it's nowhere; touch x", lambda news: None, problems.append)
    handle.join(20)
    assert [problem.title for problem in problems] == ["There is no run at far:it's nowhere; touch x."]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("host:/runs/a b", ("host", "/runs/a b")),
        ("me@host.org:runs", ("me@host.org", "runs")),
        ("C:\\runs\\a", None),
        ("C:/runs/a", None),
        ("/runs/a:b", None),
        ("-oProxyCommand=x:/a", None),
        ("2026-11-21-a", None),
    ],
)
def test_places_on_other_machines(where: str, expected: tuple[str, str] | None) -> None:
    assert remote_place(where) == expected


def test_an_end_that_a_resume_took_back_is_no_end(run: RunFolder) -> None:
    with run.working():
        with Journal(run.journal_file) as journal:
            for event in (*made_up()[:9], Ended(status="stopped"), replace(made_up()[0], index=-1)):
                journal.append(event)
        news = next(follow(run, threading.Event()))
    assert news.status == "running" and not news.over
