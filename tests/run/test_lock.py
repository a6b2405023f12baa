"""The lock of a run: seen from this machine, from another one, with clocks that disagree, and after a crash."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from workbench.run import lock as locks
from workbench.run.folder import make_run
from workbench.run.home import Home
from workbench.run.lock import Lock
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe


def foreign(path: Path, *, beat: float) -> Lock:
    """A lock that another machine made, whose last heartbeat is so many seconds ago."""
    held = {"pid": os.getpid(), "started": 1.0, "host": "far-away", "machine": "far-away boot 7"}
    path.write_text(json.dumps(held), encoding="utf-8")
    os.utime(path, (time.time() - beat,) * 2)
    return Lock(path)


def test_a_run_of_another_machine_is_alive_while_its_heart_beats(home: Home) -> None:
    run = make_run(home, Recipe())
    foreign(run.lock_file, beat=3)
    assert run.status() == "running"
    with pytest.raises(WorkbenchError, match="worked on already") as refused, run.working():
        pass
    assert "far-away" in refused.value.problem.cause


def test_a_crash_on_another_machine_is_recovered(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WATCH", 0.2)
    monkeypatch.setattr(locks, "BEAT", 0.2)
    run = make_run(home, Recipe())
    foreign(run.lock_file, beat=900)
    assert run.status() == "new"
    with run.working():
        assert run.status() == "running"
    assert [p.name for p in run.path.iterdir()] == ["recipe.toml"]


@pytest.mark.parametrize("off", [900.0, -900.0])
def test_a_clock_that_is_off_kills_no_run(home: Home, off: float, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(home, Recipe())
    foreign(run.lock_file, beat=off)
    assert not run.is_alive()
    os.utime(run.lock_file, (time.time() - off + 2,) * 2)  # the next beat
    assert run.is_alive()
    assert run.is_alive()
    # Also to whoever looks for the first time and wants to take it over.
    monkeypatch.setattr(Lock, "_seen", {})
    monkeypatch.setattr(locks, "WATCH", 10.0)
    over = threading.Event()

    def beat() -> None:
        count = 0
        while not over.wait(0.05):
            count += 1
            os.utime(run.lock_file, (time.time() - off + count,) * 2)

    heart = threading.Thread(target=beat)
    heart.start()
    with pytest.raises(WorkbenchError, match="worked on already"), run.working():
        pass
    over.set()
    heart.join()


def test_whoever_holds_a_lock_lets_others_see_that_it_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "BEAT", 0.02)
    lock = Lock(tmp_path / "run.lock")
    with lock.held():
        os.utime(lock.path, (1, 1))
        end = time.monotonic() + 20
        while lock.path.stat().st_mtime < 2 and time.monotonic() < end:
            pass
        assert lock.path.stat().st_mtime > time.time() - 30
        with pytest.raises(FileExistsError), lock.held():
            pass
    assert not lock.path.exists()


def test_a_lock_that_is_just_being_written_counts_and_an_old_torn_one_does_not(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "run.lock")
    lock.path.write_text('{"pid": ', encoding="utf-8")
    assert lock.is_alive()
    os.utime(lock.path, (1, 1))
    assert not lock.is_alive()
    with lock.held():
        assert lock.is_alive()


def test_who_was_taken_over_leaves_the_other_ones_lock_alone(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "run.lock")
    with lock.held():
        foreign(lock.path, beat=1)
    assert lock.path.exists()
