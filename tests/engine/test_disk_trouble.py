"""A disk that is full, broken or read-only: at any write the last checkpoint stays whole and nothing is lost."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from tests.engine.saving import Training, sums
from workbench.engine.damage import damage
from workbench.engine.keeper import Keeper
from workbench.engine.task import Goods, Measurement, Split
from workbench.run.events import CheckpointSaved, Ended, Event, Paused, WentOn
from workbench.run.folder import RunFolder, summarise
from workbench.run.home import Home
from workbench.run.journal import read_journal
from workbench.run.offers import RETRY, STOP, Answer, Offer
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.session import training
from workbench.tasks import task_named

resource = pytest.importorskip("resource")  # limits of a process; Windows has none

MEASURED = Measurement({"loss": 0.5}, samples=[{"prompt": "rain", "guess": "weather"}])


@pytest.fixture
def trained() -> Training:
    made = Training()
    made.step(2)
    return made


@pytest.fixture
def make_keeper(trained: Training, tiny_bert: Path) -> Callable[[Path], Keeper]:
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    goods = Goods(trained.model, tokenizer, Split([]), Split([]))

    def make(folder: Path) -> Keeper:
        folder.mkdir(exist_ok=True)
        return Keeper(folder, task_named("text-classification"), goods, "# Card\n", 1)

    return make


def keep_everything(keeper: Keeper, trained: Training, step: int) -> None:
    """Every kind of write that a run does."""
    keeper.keep_writing("before", [{"prompt": "rain", "text": "sun"}])
    keeper.keep_model(trained.model, MEASURED, step, trained=trained.model)
    keeper.keep_checkpoint(trained.snapshot(step), wait=True)


def undisturbed(make_keeper: Callable[[Path], Keeper], trained: Training, folder: Path) -> dict[str, str]:
    """What the run folder holds when all goes well at step 4; the first checkpoint is pruned."""
    keeper = make_keeper(folder)
    trained.step()
    keep_everything(keeper, trained, 4)
    assert keeper.trouble() is None
    return sums(folder)


def test_what_is_kept_is_told_once_it_is_durable(
    make_keeper: Callable[[Path], Keeper], trained: Training, tmp_path: Path
) -> None:
    keeper = make_keeper(tmp_path / "run")
    assert keeper.finished() == []
    keeper.keep_checkpoint(trained.snapshot(2))
    keeper.keep_checkpoint(trained.snapshot(4), mark=True)  # waits for the first
    keeper.wait()
    assert keeper.finished() == [
        CheckpointSaved(step=2, path="checkpoints/step-000002"),
        CheckpointSaved(step=4, path="checkpoints/step-000004", mark=True),
    ]
    assert keeper.finished() == []
    assert damage(tmp_path / "run" / "checkpoints" / "step-000004") == ""


class FailsAt:
    """A call of the system that fails the n-th time, and every time after it until the disk is mended."""

    def __init__(self, real: Callable[..., Any], at: int) -> None:
        self.real, self.at, self.calls, self.mended = real, at, 0, False

    def __call__(self, *args: Any, **more: Any) -> Any:
        self.calls += 1
        if self.calls > self.at and not self.mended:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return self.real(*args, **more)


@pytest.mark.parametrize("call", ["fsync", "rename", "replace", "mkdir"])
def test_an_error_of_the_disk_at_any_call_loses_nothing(
    call: str,
    make_keeper: Callable[[Path], Keeper],
    trained: Training,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = tmp_path / "start"
    keep_everything(make_keeper(start), trained, 2)
    wanted = undisturbed(make_keeper, trained, Path(shutil.copytree(start, tmp_path / "well")))
    failed = 0
    for at in range(100):
        folder = Path(shutil.copytree(start, tmp_path / f"run-{at}"))
        keeper = make_keeper(folder)
        disk = FailsAt(getattr(os, call), at)
        with monkeypatch.context() as patched:
            patched.setattr(os, call, disk)
            keep_everything(keeper, trained, 4)
            if keeper.trouble() is None:
                assert disk.calls <= at
                break
            failed += 1
            assert damage(folder / "checkpoints" / "step-000002") == ""
            # Between two renames of a disk that refuses the second, the old model waits under its other name.
            assert any((folder / name / "model.safetensors").is_file() for name in ("model", ".model.old"))
            keeper.retry()
            keeper.wait()
            assert keeper.trouble() is not None  # nothing was mended yet
            disk.mended = True
            keeper.retry()
            keeper.wait()
            assert keeper.trouble() is None
        assert sums(folder) == wanted
        assert not list(folder.rglob(".*"))
    assert failed >= {"fsync": 20, "rename": 3, "replace": 2, "mkdir": 4}[call]


@pytest.fixture
def file_limit() -> Iterator[Callable[[int], None]]:
    """Files of this process can grow no longer than this, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 100, 1000, 5000, 20_000])
def test_files_that_cannot_grow(
    size: int,
    make_keeper: Callable[[Path], Keeper],
    trained: Training,
    tmp_path: Path,
    file_limit: Callable[[int], None],
) -> None:
    keeper = make_keeper(tmp_path / "run")
    keeper.keep_checkpoint(trained.snapshot(2), wait=True)
    taken = trained.snapshot(4)
    file_limit(size)
    keeper.keep_checkpoint(taken, wait=True)
    trouble = keeper.trouble()
    file_limit(resource.RLIM_INFINITY)
    assert trouble is not None and trouble.errno == errno.EFBIG
    assert ".step-000004.partial" in trouble.filename
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["step-000002"]
    assert damage(tmp_path / "run" / "checkpoints" / "step-000002") == ""
    assert [event.step for event in keeper.finished()] == [2]
    keeper.retry()
    keeper.wait()
    assert keeper.trouble() is None and [event.step for event in keeper.finished()] == [4]
    assert damage(tmp_path / "run" / "checkpoints" / "step-000004") == ""


def test_a_file_where_the_folder_must_be(
    make_keeper: Callable[[Path], Keeper], trained: Training, tmp_path: Path
) -> None:
    keeper = make_keeper(tmp_path / "run")
    (tmp_path / "run" / "checkpoints").write_text("in the way")
    keeper.keep_checkpoint(trained.snapshot(2), wait=True)
    assert isinstance(keeper.trouble(), FileExistsError)
    (tmp_path / "run" / "checkpoints").unlink()
    keeper.retry()
    keeper.wait()
    assert keeper.trouble() is None
    assert damage(tmp_path / "run" / "checkpoints" / "step-000002") == ""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A file system of its own, mounted with these options; only root may do that."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError:
            pytest.skip("there is no mount here")
        if done.returncode:
            pytest.skip("mounting a small disk is not allowed here")
        return place

    yield mount
    subprocess.run(["umount", str(place)], capture_output=True, check=False)


@pytest.mark.parametrize("free", [0, 4, 16, 32, 48])
def test_a_full_disk_and_then_space_again(
    free: int,
    make_keeper: Callable[[Path], Keeper],
    trained: Training,
    small_disk: Callable[[str], Path],
) -> None:
    disk = small_disk("size=400k")
    keeper = make_keeper(disk / "run")
    keep_everything(keeper, trained, 2)
    filler = disk / "films"
    with filler.open("wb") as file:
        left = shutil.disk_usage(disk).free
        file.write(bytes(max(0, left - free * 1024)))
    trained.step()
    keep_everything(keeper, trained, 4)
    trouble = keeper.trouble()
    assert trouble is not None and trouble.errno == errno.ENOSPC
    assert damage(disk / "run" / "checkpoints" / "step-000002") == ""
    assert (disk / "run" / "model" / "model.safetensors").is_file()
    filler.unlink()
    keeper.retry()
    keeper.wait()
    assert keeper.trouble() is None
    assert damage(disk / "run" / "checkpoints" / "step-000004") == ""


def test_a_read_only_disk(
    make_keeper: Callable[[Path], Keeper], trained: Training, small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk("size=1m")
    keeper = make_keeper(disk / "run")
    keeper.keep_checkpoint(trained.snapshot(2), wait=True)
    small_disk("remount,ro")
    keeper.keep_checkpoint(trained.snapshot(4), wait=True)
    trouble = keeper.trouble()
    assert trouble is not None and trouble.errno == errno.EROFS
    assert damage(disk / "run" / "checkpoints" / "step-000002") == ""
    small_disk("remount,rw")
    keeper.retry()
    keeper.wait()
    assert keeper.trouble() is None
    assert damage(disk / "run" / "checkpoints" / "step-000004") == ""


# ---- whole runs


class Mends(training.Control):
    """Lets something go wrong after a step, and puts it right when the run asks; then answers as told."""

    def __init__(
        self, step: int, harm: Callable[[], object], mend: Callable[[], object], answer: Answer
    ) -> None:
        super().__init__()
        self._step, self._harm, self._mend, self._answer = step, harm, mend, answer
        self.problems: list[Problem] = []

    def between_steps(self, live: Any) -> None:
        if live is not None and live.step == self._step and not self.problems:
            self._harm()

    def hold(self, problem: Problem, offers: Sequence[Offer], live: Any) -> Answer:
        self.problems.append(problem)
        assert [offer.title for offer in offers] == ["Try again"]
        self._mend()
        return self._answer


def carry_out(home: Home, recipe: Recipe, control: training.Control) -> tuple[RunFolder, list[Event]]:
    prepared = training.begin(home, recipe)
    return prepared.folder, list(training.carry_out(prepared, control))


def numbers(folder: RunFolder) -> tuple[dict[str, str], list[float], list[float]]:
    """What must not depend on trouble: the chosen weights, all losses, all measurements."""
    history = folder.history()
    weights = {name: found for name, found in sums(folder.model).items() if name.endswith("safetensors")}
    return weights, list(history.curve("loss").y), list(history.curve("validation/loss").y)


def end_of(events: list[Event]) -> Ended:
    assert sum(isinstance(event, Ended) for event in events) == 1
    assert isinstance(events[-1], Ended)
    return events[-1]


@pytest.mark.parametrize("overrides", [(), ("weights.kind=lora",)])
def test_a_run_waits_for_space_and_goes_on_to_the_bit(
    overrides: tuple[str, ...],
    home: Home,
    recipe: Callable[..., Recipe],
    file_limit: Callable[[int], None],
) -> None:
    chosen = recipe("training.checkpoint_every=3", "training.eval_every=4", *overrides)
    whole, _ = carry_out(home, chosen, training.Control())
    # 30 kB: enough for the journal, too little for weights.
    control = Mends(5, lambda: file_limit(30_000), lambda: file_limit(resource.RLIM_INFINITY), RETRY)
    folder, events = carry_out(home, chosen, control)
    assert end_of(events).status == "finished"
    paused = next(event for event in events if isinstance(event, Paused))
    assert paused.problem is not None and paused.problem.title == "The run cannot be saved."
    assert "File too large" in paused.problem.cause
    assert isinstance(events[events.index(paused) + 1], WentOn)
    assert [p.title for p in control.problems] == [paused.problem.title]
    assert [event.step for event in events if isinstance(event, CheckpointSaved)] == [3, 6, 9, 12]
    assert numbers(folder) == numbers(whole)


def test_a_full_disk_pauses_the_run_wherever_it_strikes(
    recipe: Callable[..., Recipe], small_disk: Callable[[str], Path]
) -> None:
    """The disk holds the whole home: checkpoints, the journal and the report, and is filled to the last byte."""
    disk = small_disk("size=6m")
    home = Home(disk / "home")
    chosen = recipe("training.checkpoint_every=3", "training.eval_every=4")
    whole, _ = carry_out(home, chosen, training.Control())
    filler = disk / "films"

    def fill() -> None:
        with filler.open("wb") as file:
            file.write(bytes(shutil.disk_usage(disk).free))

    control = Mends(5, fill, lambda: filler.unlink(missing_ok=True), RETRY)
    folder, events = carry_out(home, chosen, control)
    assert end_of(events).status == "finished"
    assert control.problems
    assert "No space left on device" in control.problems[0].cause
    assert numbers(folder) == numbers(whole)
    recorded = read_journal(folder.journal_file)
    assert [event.index for event in recorded] == list(range(len(recorded)))


def test_a_run_that_is_ended_in_trouble_can_be_resumed(
    home: Home, recipe: Callable[..., Recipe], file_limit: Callable[[int], None]
) -> None:
    chosen = recipe("training.checkpoint_every=3", "training.eval_every=4")
    whole, _ = carry_out(home, chosen, training.Control())
    control = Mends(5, lambda: file_limit(30_000), lambda: None, STOP)
    folder, events = carry_out(home, chosen, control)
    file_limit(resource.RLIM_INFINITY)
    ended = end_of(events)
    assert ended.status == "failed" and ended.problem is not None
    assert ended.problem.title == "The run cannot be saved."
    assert [path.name for path in folder.checkpoint_folders()] == ["step-000003"]
    assert damage(folder.checkpoint_folders()[0]) == "" and summarise(folder).resumable
    resumed = list(training.carry_out(training.reopen(folder), training.Control()))
    assert end_of(resumed).status == "finished"
    assert numbers(folder) == numbers(whole)


def test_no_writing_thread_outlives_a_run_that_is_dropped(home: Home, recipe: Callable[..., Recipe]) -> None:
    prepared = training.begin(home, recipe("training.checkpoint_every=1"))
    events = training.carry_out(prepared, training.Control())
    for event in events:
        if isinstance(event, CheckpointSaved):
            break
    events.close()  # type: ignore[attr-defined]
    assert [t.name for t in threading.enumerate() if t.name == "checkpoint-writer"] == []
    assert all(damage(path) == "" for path in prepared.folder.checkpoint_folders())
