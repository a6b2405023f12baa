"""Following a run that another process works on, through its journal: local, in a mounted folder, or over SSH.

A journal is looked at again and again, and only what is new in it is read: the notices by which a system tells
that a file changed do not come from other machines.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workbench.run.events import Ended, Event
from workbench.run.folder import RunFolder, RunStatus
from workbench.run.journal import events_of
from workbench.run.problem import Problem, WorkbenchError, bad_input, explain

POLL = 0.4  # seconds between two looks
GRACE = 3.0  # seconds for which a run without a worker may still get its end: network folders tell late
_CHUNK = 8 << 20  # bytes read at once of a long journal
_HEAD = 256  # bytes by which a journal is known again


class Lines:
    """Makes events of bytes; those up to index `after`, and those that come again, are passed over."""

    def __init__(self, after: int = -1) -> None:
        self._last = after

    def take(self, data: bytes) -> tuple[list[Event], int]:
        """The new events in `data`, and how many of its bytes are whole lines: the rest comes again."""
        whole = data.rfind(b"\n") + 1
        events = [event for event in events_of(data[:whole]) if event.index > self._last]
        if events:
            self._last = events[-1].index
        return events, whole


class JournalFollower:
    """Reads what is new in a journal that somebody else writes."""

    def __init__(self, path: Path, after: int = -1) -> None:
        self._path = path
        self._forget()
        self._lines = Lines(after)
        #: Whether the last `read` found another journal in the place of the one before and begins with its start.
        self.anew = False
        #: Why the last look failed, in the system's words; a network folder may be away for a while.
        self.trouble = ""

    def _forget(self) -> None:
        self._lines, self._offset, self._head = Lines(), 0, b""

    def read(self) -> list[Event]:
        """The events since the last call, in order; empty while there are none. A torn last line waits until it
        is whole, and a file that got shorter is read again without telling anything twice."""
        self.anew, self.trouble = False, ""
        try:
            with self._path.open("rb") as file:
                self._recognise(file.read(_HEAD))
                if os.fstat(file.fileno()).st_size < self._offset:
                    self._offset = 0
                file.seek(self._offset)
                data = file.read(_CHUNK)
        except FileNotFoundError:
            return []  # not begun yet
        except OSError as error:
            self.trouble = str(error.strerror or error)
            return []
        events, whole = self._lines.take(data)
        self._offset += whole
        return events

    def _recognise(self, head: bytes) -> None:
        if not head.startswith(self._head) and not self._head.startswith(head):
            self._forget()
            self.anew = True
        if len(head) > len(self._head):
            self._head = head

    def close(self) -> None:
        """Nothing is held between two looks."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new of a followed run.

    Attributes:
        events: The new events, in order.
        anew: Whether they are of another journal, so that what was known before is void.
        status: How the run stands; "running" while nothing else is known.
        over: Whether this is the last news.
        trouble: Why nothing can be read at the moment; empty while all is well.
    """

    events: tuple[Event, ...]
    anew: bool
    status: RunStatus
    over: bool = False
    trouble: str = ""


class Source(Protocol):
    """Where the events of a followed run come from."""

    anew: bool
    trouble: str

    def read(self) -> list[Event]:
        """What is new; never waits. May raise a `WorkbenchError` that ends the following."""

    def alive(self) -> bool | None:
        """Whether somebody works on the run; None where that cannot be told."""

    def close(self) -> None:
        """Let go of it."""


class FolderSource(JournalFollower):
    """A run folder of this machine, or of another one in a mounted folder."""

    def __init__(self, folder: RunFolder, after: int = -1) -> None:
        super().__init__(folder.journal_file, after)
        self._folder = folder

    def alive(self) -> bool:
        """Whether its lock is held by a living process, here or on another machine."""
        return self._folder.is_alive()


def remote_place(where: str) -> tuple[str, str] | None:
    """(host, path) of `host:/path/run` and `person@host:run`; None for what is no place on another machine."""
    found = re.fullmatch(r"([^\s:/\\-][^\s:/\\]+):(.+)", where)
    return None if found is None or Path(where).exists() else (found[1], found[2])


def source_of(where: RunFolder | str, after: int = -1) -> Source:
    """The source of a run folder, or of `host:/path/run` over SSH; events up to index `after` are left out.

    Raises:
        WorkbenchError: When there is no such run.
    """
    if isinstance(where, RunFolder):
        return FolderSource(where, after)
    remote = remote_place(where)
    if remote:
        from workbench.session.remote import RemoteSource

        return RemoteSource(*remote, after)
    folder = RunFolder(Path(where).expanduser())
    if not folder.recipe_file.is_file():
        raise bad_input(
            f"There is no run in {folder.path}.",
            "A run folder has a recipe.toml in it.",
            "Give a run folder, or host:/path/run for one on another machine.",
        )
    return FolderSource(folder, after)


def follow(
    where: RunFolder | str, over: threading.Event, *, after: int = -1, poll: float = POLL
) -> Iterator[News]:
    """Tell what is new of a run until it ends or `over` is set; what happened before comes first.

    Args:
        where: A run folder, or `host:/path/run`.
        over: Ends the following; the run itself is left alone.
        after: The index of the last event that is known already.
        poll: Seconds between two looks.

    Raises:
        WorkbenchError: When there is no such run, or its machine cannot be reached.
    """
    last: Event | None = None
    quiet_since = time.monotonic()
    told: tuple[RunStatus, str] | None = None
    with closing(source_of(where, after)) as source:
        while not over.is_set():
            alive = source.alive()  # before reading: what a worker wrote before it left is read below
            events = tuple(source.read())
            if events or alive:
                quiet_since = time.monotonic()
            last = events[-1] if events else last
            status = _status(last, alive)
            done = not events and _is_done(last, alive, time.monotonic() - quiet_since)
            if events or done or told != (status, source.trouble):
                yield News(events, source.anew, status, done, source.trouble)
            told = status, source.trouble
            if done:
                return
            if not events:
                over.wait(poll)


def _status(last: Event | None, alive: bool | None) -> RunStatus:
    if alive:
        return "running"
    if isinstance(last, Ended):
        return last.status
    return "running" if alive is None else "interrupted" if last else "new"


def _is_done(last: Event | None, alive: bool | None, quiet: float) -> bool:
    if alive is None:
        return isinstance(last, Ended) and quiet > GRACE
    return not alive and (isinstance(last, Ended) or quiet > GRACE)


class Following:
    """A run that is being followed, on a thread of its own; it only reads."""

    def __init__(
        self,
        where: RunFolder | str,
        tell: Callable[[News], object],
        failed: Callable[[Problem], object],
    ) -> None:
        self._where, self._tell, self._failed = where, tell, failed
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="following", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop following; the run goes on. At most one more piece of news arrives."""
        self._over.set()

    def join(self, seconds: float | None = None) -> None:
        """Wait until nothing is read any more."""
        self._thread.join(seconds)

    @property
    def stopped(self) -> bool:
        """Whether it was asked to stop, or has come to its end."""
        return self._over.is_set() or not self._thread.is_alive()

    def _run(self) -> None:
        try:
            for news in follow(self._where, self._over):
                self._tell(news)
        except WorkbenchError as error:
            self._failed(error.problem)
        except Exception as error:  # whatever happens on this thread must reach the person
            self._failed(explain(error))
