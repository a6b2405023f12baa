"""Writing folders so that they are complete or absent, and doing it beside the training."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from workbench.engine.frozen import Content, pieces


def write_folder(staged: Path, files: Mapping[str, Content]) -> dict[str, str]:
    """Write files, by their names within it, into a fresh folder; every one is durable on return.

    Returns:
        The SHA-256 of each file, of the bytes in memory: what a disk garbles is found when it is read.

    Raises:
        OSError: When something cannot be written; nothing is left behind then.
    """
    shutil.rmtree(staged, ignore_errors=True)
    sums: dict[str, str] = {}
    try:
        folders = {staged, *((staged / name).parent for name in files)}
        for folder in sorted(folders):
            folder.mkdir(parents=True, exist_ok=folder != staged)
        for name, content in files.items():
            sums[name] = write_file(staged / name, content)
        for folder in folders:
            sync(folder)
    except OSError:
        shutil.rmtree(staged, ignore_errors=True)  # on a full disk its space is wanted
        raise
    return sums


def write_file(path: Path, content: Content) -> str:
    """Write one file durably and return its SHA-256.

    Hashing and writing let go of Python's lock, so that the training goes on meanwhile.

    Raises:
        OSError: Naming the file.
    """
    digest = hashlib.sha256()
    try:
        with path.open("wb") as file:
            for piece in pieces(content):
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    return digest.hexdigest()


def replace_file(path: Path, content: Content) -> None:
    """Write one file whole or leave the old one, making its folder where it is missing.

    Raises:
        OSError: When it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    try:
        write_file(draft, content)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync(path.parent)


def publish(staged: Path, target: Path) -> None:
    """Give a staged folder its name. What had the name before stays until then, and comes back after a failure.

    Raises:
        OSError: When the system refuses; the target is as it was.
    """
    mend(target)
    old = _old(target)
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    try:
        staged.rename(target)
    except OSError:
        with suppress(OSError):
            mend(target)
        raise
    sync(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def mend(target: Path) -> None:
    """Undo the half of `publish` that a crash left: the old folder gets its name back."""
    if _old(target).exists() and not target.exists():
        _old(target).rename(target)


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def sync(path: Path) -> None:
    """Make a file or folder durable; folders cannot be synced on Windows, where the rename itself is."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Writer:
    """Does jobs one after the other in a thread that lives only while there is something to do.

    No thread idles between two saves, none has to be told to end, and a process that exits in the middle of a
    save finishes it. Jobs must not run torch: a second thread in torch slows the training down.
    """

    def __init__(self) -> None:
        self._jobs: list[Callable[[], object]] = []
        self._thread: threading.Thread | None = None
        self._trouble: BaseException | None = None

    def submit(self, job: Callable[[], object]) -> None:
        """Do this when the jobs before it are done, which is waited for; after trouble, it waits its turn."""
        self.wait()
        self._jobs.append(job)
        if self._trouble is None:
            self._begin()

    def trouble(self) -> OSError | None:
        """Why the job in hand could not be done; it and those after it are kept for `retry`."""
        if self._thread is not None and self._thread.is_alive():
            return None
        if self._trouble is not None and not isinstance(self._trouble, OSError):
            raise self._trouble  # a mistake in the program, or no memory: not for this thread to hide
        return self._trouble

    def retry(self) -> None:
        """Begin the kept jobs again."""
        self.wait()
        self._trouble = None
        if self._jobs:
            self._begin()

    def wait(self) -> None:
        """Return when all jobs are done, or one is in trouble."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._work, name="checkpoint-writer")
        self._thread.start()

    def _work(self) -> None:
        while self._jobs:
            try:
                self._jobs[0]()
            except BaseException as error:
                self._trouble = error
                return
            del self._jobs[0]
