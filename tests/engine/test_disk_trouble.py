"""A disk that is full, broken or read-only: at any write the last checkpoint stays whole and nothing is lost."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from tests.engine.saving import Training, sums
from workbench.engine.damage import damage
from workbench.engine.keeper import Keeper
from workbench.engine.task import Goods, Measurement, Split
from workbench.run.events import CheckpointSaved
from workbench.tasks import task_named

resource = pytest.importorskip("resource")  # limits of a process; Windows has none

MEASURED = Measurement({"loss": 0.5}, samples=[{"prompt": "rain", "guess": "weather"}])


@pytest.fixture
def training() -> Training:
    training = Training()
    training.step(2)
    return training


@pytest.fixture
def make_keeper(training: Training, tiny_bert: Path) -> Callable[[Path], Keeper]:
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    goods = Goods(training.model, tokenizer, Split([]), Split([]))

    def make(folder: Path) -> Keeper:
        folder.mkdir(exist_ok=True)
        return Keeper(folder, task_named("text-classification"), goods, "# Card\n", 1)

    return make


def keep_everything(keeper: Keeper, training: Training, step: int) -> None:
    """Every kind of write that a run does."""
    keeper.keep_writing("before", [{"prompt": "rain", "text": "sun"}])
    keeper.keep_model(training.model, MEASURED, step, trained=training.model)
    keeper.keep_checkpoint(training.snapshot(step), wait=True)


def undisturbed(make_keeper: Callable[[Path], Keeper], training: Training, folder: Path) -> dict[str, str]:
    """What the run folder holds when all goes well at step 4; the first checkpoint is pruned."""
    keeper = make_keeper(folder)
    training.step()
    keep_everything(keeper, training, 4)
    assert keeper.trouble() is None
    return sums(folder)


def test_what_is_kept_is_told_once_it_is_durable(
    make_keeper: Callable[[Path], Keeper], training: Training, tmp_path: Path
) -> None:
    keeper = make_keeper(tmp_path / "run")
    assert keeper.finished() == []
    keeper.keep_checkpoint(training.snapshot(2))
    keeper.keep_checkpoint(training.snapshot(4), mark=True)  # waits for the first
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
    training: Training,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = tmp_path / "start"
    keep_everything(make_keeper(start), training, 2)
    wanted = undisturbed(make_keeper, training, Path(shutil.copytree(start, tmp_path / "well")))
    failed = 0
    for at in range(100):
        folder = Path(shutil.copytree(start, tmp_path / f"run-{at}"))
        keeper = make_keeper(folder)
        disk = FailsAt(getattr(os, call), at)
        with monkeypatch.context() as patched:
            patched.setattr(os, call, disk)
            keep_everything(keeper, training, 4)
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
    training: Training,
    tmp_path: Path,
    file_limit: Callable[[int], None],
) -> None:
    keeper = make_keeper(tmp_path / "run")
    keeper.keep_checkpoint(training.snapshot(2), wait=True)
    taken = training.snapshot(4)
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
    make_keeper: Callable[[Path], Keeper], training: Training, tmp_path: Path
) -> None:
    keeper = make_keeper(tmp_path / "run")
    (tmp_path / "run" / "checkpoints").write_text("in the way")
    keeper.keep_checkpoint(training.snapshot(2), wait=True)
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
    training: Training,
    small_disk: Callable[[str], Path],
) -> None:
    disk = small_disk("size=400k")
    keeper = make_keeper(disk / "run")
    keep_everything(keeper, training, 2)
    filler = disk / "films"
    with filler.open("wb") as file:
        left = shutil.disk_usage(disk).free
        file.write(bytes(max(0, left - free * 1024)))
    training.step()
    keep_everything(keeper, training, 4)
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
    make_keeper: Callable[[Path], Keeper], training: Training, small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk("size=1m")
    keeper = make_keeper(disk / "run")
    keeper.keep_checkpoint(training.snapshot(2), wait=True)
    small_disk("remount,ro")
    keeper.keep_checkpoint(training.snapshot(4), wait=True)
    trouble = keeper.trouble()
    assert trouble is not None and trouble.errno == errno.EROFS
    assert damage(disk / "run" / "checkpoints" / "step-000002") == ""
    small_disk("remount,rw")
    keeper.retry()
    keeper.wait()
    assert keeper.trouble() is None
    assert damage(disk / "run" / "checkpoints" / "step-000004") == ""
