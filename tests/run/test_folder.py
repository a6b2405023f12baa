"""Run folders: names, states, locks and the lines of the shelf."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.run.test_journal import EVENTS, STARTED, step
from workbench.run.events import Ended
from workbench.run.folder import find_run, make_run, run_folders, slug, summarise
from workbench.run.home import Home, find_home
from workbench.run.journal import Journal
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe


def test_a_new_run_holds_its_recipe_and_has_a_telling_name(home: Home) -> None:
    recipe = Recipe(name="Movie reviews, 2nd try")
    first, second = make_run(home, recipe), make_run(home, recipe)
    assert first.path != second.path
    assert "movie-reviews-2nd-try" in first.name
    assert first.recipe() == recipe
    assert first.status() == "new"
    assert {run.path for run in run_folders(home)} == {first.path, second.path}


def test_a_run_without_an_end_is_interrupted_and_one_in_work_is_running(home: Home) -> None:
    run = make_run(home, Recipe())
    with Journal(run.journal_file) as journal:
        journal.append(STARTED)
        assert run.status() == "interrupted"
        with run.working():
            assert run.status() == "running"
            with pytest.raises(WorkbenchError, match="worked on already"), run.working():
                pass
        journal.append(Ended(status="finished"))
    assert run.status() == "finished"
    assert not run.lock_file.exists()


def test_the_lock_of_a_dead_process_does_not_count(home: Home) -> None:
    run = make_run(home, Recipe())
    code = "import json, os, psutil; print(json.dumps({'pid': os.getpid(), 'started': psutil.Process().create_time()}))"
    lock = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    run.lock_file.write_text(lock, encoding="utf-8")
    assert not run.is_alive()
    run.lock_file.write_text(json.dumps({"pid": os.getpid(), "started": 5.0}), encoding="utf-8")
    assert not run.is_alive()  # the number was given to another process since


def test_runs_are_found_by_name_folder_and_part(home: Home, tmp_path: Path) -> None:
    run = make_run(home, Recipe(name="alpha"))
    make_run(home, Recipe(name="beta one"))
    make_run(home, Recipe(name="beta two"))
    assert find_run(home, run.name).path == run.path
    assert find_run(home, str(run.path)).path == run.path
    assert find_run(home, "alpha").path == run.path
    with pytest.raises(WorkbenchError, match="Several runs"):
        find_run(home, "beta")
    with pytest.raises(WorkbenchError, match="no run 'gamma'"):
        find_run(home, "gamma")


def test_the_shelf_s_line_tells_how_a_run_went(home: Home) -> None:
    run = make_run(home, Recipe(name="mine"))
    with Journal(run.journal_file) as journal:
        for event in (STARTED, *(step(n, 1 / n) for n in range(1, 101)), *EVENTS[3:]):
            journal.append(event)
    line = summarise(run)
    assert (line.title, line.status, line.steps, line.total_steps) == ("mine", "failed", 100, 10)
    assert line.score == ("accuracy", 0.8)
    assert len(line.spark) <= 40 and line.spark[0] == 1.0
    assert line.problem is not None and line.problem.title == "It broke."
    assert not line.resumable


def test_a_broken_recipe_makes_a_line_that_says_so(home: Home) -> None:
    run = make_run(home, Recipe())
    run.recipe_file.write_text("[training]\nepochs = -1\n", encoding="utf-8")
    line = summarise(run)
    assert line.status == "failed"
    assert line.problem is not None and "training.epochs" in line.problem.title


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may write anywhere")
def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(WorkbenchError, match="cannot be written"):
        make_run(Home(tmp_path / "home"), Recipe())


def test_a_home_behind_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WorkbenchError, match=r"cannot be written.*--home"):
        make_run(Home(tmp_path / "file" / "home"), Recipe())


def test_home_is_where_the_person_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "a"))
    assert find_home().root == tmp_path / "a"
    assert find_home(tmp_path / "b").root == tmp_path / "b"
    monkeypatch.delenv("WORKBENCH_HOME")
    assert "model-workbench" in str(find_home().root)


@pytest.mark.parametrize(
    ("text", "expected"), [("Hällo, World", "h-llo-world"), ("///", "run"), ("a" * 99, "a" * 40)]
)
def test_slugs(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_damaged_lines_and_journals_cost_only_themselves(home: Home) -> None:
    run, other = make_run(home, Recipe(name="odd")), make_run(home, Recipe(name="sound"))
    lines = [
        '{"kind": "step"}',
        '{"kind": "ended", "status": "failed", "problem": {"title": "T", "mood": 3}}',
        "[1]",
    ]
    run.journal_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    other.journal_file.mkdir()  # cannot be read at all
    odd, sound = summarise(run), summarise(other)
    assert odd.status == "failed" and odd.problem is not None and odd.problem.title == "T"
    assert sound.status == "failed" and sound.problem is not None
