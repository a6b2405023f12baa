"""The lock of a run: which process on which machine is at work on it, told by a heartbeat that other machines see.

On the machine that made it the lock counts while its process lives. Another machine, which sees the folder over a
network, cannot ask for that process: there the lock counts while its time of change moves on.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import psutil

BEAT = 2.0  # seconds between two heartbeats
STALE = 30.0  # seconds without one after which the worker counts as dead: network folders tell late
WATCH = 6.0  # seconds that a lock of another machine is watched before it is taken over
_HALF_WRITTEN = 5.0  # seconds that a lock may lack its content, between being made and being written


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock. `machine` also tells apart boots and containers of one host; `started` is the
    process's time of birth, in seconds since 1970."""

    pid: int
    started: float
    host: str = ""
    machine: str = ""

    @property
    def is_here(self) -> bool:
        """Whether its process can be asked for: it is of this machine, this boot and this container."""
        return not self.machine or self.machine == this_machine()

    @property
    def lives(self) -> bool:
        """Whether its process lives on this machine; one that ended and was not yet taken note of does not."""
        try:
            process = psutil.Process(self.pid)
            born: float = process.create_time()
            return abs(born - self.started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


@functools.cache
def this_machine() -> str:
    """This machine in this boot; a container that has process numbers of its own is a machine of its own."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)


def me() -> Holder:
    """This process as the holder of a lock."""
    process = psutil.Process()
    return Holder(process.pid, process.create_time(), platform.node(), this_machine())


class Lock:
    """The lock file of one run. Nothing is cached but when its time of change was last seen to move."""

    _seen: ClassVar[
        dict[Path, tuple[float, float]]
    ] = {}  # path: (its time of change, when we first saw that)
    _seen_lock = threading.Lock()

    def __init__(self, path: Path) -> None:
        self.path = path

    def holder(self) -> Holder | None:
        """Who holds it, or held it until a crash; None when nobody does or it cannot be read."""
        try:
            data: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            return Holder(
                int(data["pid"]),
                float(data["started"]),
                str(data.get("host", "")),
                str(data.get("machine", "")),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def is_mine(self) -> bool:
        """Whether this process holds it."""
        return self.holder() == me()

    def is_alive(self) -> bool:
        """Whether a living process holds it; what a crash left behind does not count."""
        if not self.path.exists():
            return False
        holder = self.holder()
        if holder is None:
            return self._age() < _HALF_WRITTEN
        return holder.lives if holder.is_here else self._beats()

    def _age(self) -> float:
        """Seconds since the last heartbeat by this machine's clock; the other one's may be off, both ways."""
        try:
            return abs(time.time() - self.path.stat().st_mtime)
        except OSError:
            return float("inf")

    def _beats(self) -> bool:
        try:
            changed = self.path.stat().st_mtime
        except OSError:
            return False
        now = time.monotonic()
        with self._seen_lock:
            known, since = self._seen.get(self.path, (changed, -1e9))
            if known != changed:  # it moved while we looked: alive, whatever the clocks say
                since = now
            self._seen[self.path] = changed, since
        return self._age() < STALE or now - since < STALE

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it, with a heartbeat.

        Raises:
            FileExistsError: When another living process holds it.
            OSError: When it cannot be written.
        """
        self._put_aside()
        with self.path.open("x", encoding="utf-8") as file:
            mine = me()
            file.write(
                json.dumps(
                    {"pid": mine.pid, "started": mine.started, "host": mine.host, "machine": mine.machine}
                )
            )
        over = threading.Event()
        heart = threading.Thread(target=self._beat, args=(over,), name="heartbeat", daemon=True)
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join(timeout=BEAT)  # a network folder that hangs must not hang us
            if self.holder() == mine:  # after a long sleep another machine may have taken over
                self.path.unlink(missing_ok=True)

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(BEAT):
            with suppress(OSError):
                os.utime(self.path)

    def _put_aside(self) -> None:
        """Take away what a crash left, so that of two who find it only one gets the lock."""
        left = self.holder()
        if not self.path.exists():
            return
        if self.is_alive() or (left and not left.is_here and self._watched_alive()):
            raise FileExistsError(str(self.path))
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with suppress(FileNotFoundError):  # another one was faster
            self.path.rename(aside)
            if Lock(aside).holder() != left:  # somebody made a new one meanwhile: it is theirs
                aside.rename(self.path)
                raise FileExistsError(str(self.path))
            aside.unlink()

    def _watched_alive(self) -> bool:
        """Whether a lock of another machine, whose clock may be off, moves while we watch."""
        end = time.monotonic() + WATCH
        while time.monotonic() < end:
            if not self.path.exists() or self._beats():
                return self.path.exists()
            time.sleep(BEAT / 4)
        return False
