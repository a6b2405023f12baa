"""Following a run on another machine over SSH: its journal, as `tail` tells it there."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import threading
import time
from contextlib import suppress

from workbench.run.events import Event
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.session.following import Lines

AGAIN = 5.0  # seconds until a connection that was cut is tried again
TRIES = 12  # attempts in a row that may bring nothing before it is given up
_NO_RUN = 66  # what our command answers there when there is no such run


class RemoteSource:
    """The events of `host:path`. One connection stays open; when it is cut, the next one goes on where it was."""

    def __init__(self, host: str, path: str, after: int = -1) -> None:
        if shutil.which("ssh") is None:
            raise bad_input(
                f"The run {host}:{path} cannot be followed.",
                "There is no ssh on this machine.",
                "Install OpenSSH, or mount the folder and give its path.",
            )
        self._host, self._path = host, path
        self._lines = Lines(after)
        self._offset = 0
        self._rest = b""
        self._failures = 0
        self._next = 0.0
        self._arrived = bytearray()
        self._door = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._readers: list[threading.Thread] = []
        self._said = bytearray()
        self.anew = False
        self.trouble = ""

    def alive(self) -> None:
        """Not known: only the journal is read."""
        return

    def read(self) -> list[Event]:
        """What came in since the last call.

        Raises:
            WorkbenchError: When there is no such run, or the machine cannot be reached.
        """
        if self._process is None:
            if time.monotonic() >= self._next:
                self._connect()
            return []
        ended = self._process.poll() is not None
        if ended:
            self._join()
        with self._door:
            data = self._rest + bytes(self._arrived)
            self._arrived.clear()
        events, whole = self._lines.take(data)
        self._rest = data[whole:]
        self._offset += whole
        if events:
            self._failures, self.trouble = 0, ""
        elif ended:
            self._cut()
        return events

    def close(self) -> None:
        """End the connection."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self._process.kill()
            self._join()

    def _connect(self) -> None:
        options = ["BatchMode=yes", "ConnectTimeout=15", "ServerAliveInterval=15", "ServerAliveCountMax=3"]
        self._rest = b""
        self._said.clear()
        self._process = subprocess.Popen(
            ["ssh", "-T", *(f"-o{option}" for option in options), "--", self._host, self._command()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._readers = [
            threading.Thread(target=self._pump, args=(stream, into), name="remote", daemon=True)
            for stream, into in (
                (self._process.stdout, self._arrived),
                (self._process.stderr, self._said),
            )
        ]
        for reader in self._readers:
            reader.start()

    def _command(self) -> str:
        """What is run there. A run that was only just made has no journal yet, which `tail -F` waits for."""
        home, rest = ("~/", self._path[2:]) if self._path.startswith("~/") else ("", self._path)
        folder = home + shlex.quote(rest)
        return (
            f"cd {folder} 2>/dev/null && test -f recipe.toml || exit {_NO_RUN}; "
            f"exec tail -c +{self._offset + 1} -F journal.jsonl"
        )

    def _pump(self, stream: object, into: bytearray) -> None:
        while data := stream.read1(1 << 16):  # type: ignore[attr-defined]
            with self._door:
                into.extend(data)

    def _join(self) -> None:
        for reader in self._readers:
            reader.join(2)
        process = self._process
        # A helper that ssh left behind may keep a stream open: it is then not ours to close.
        if process is not None and not any(reader.is_alive() for reader in self._readers):
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()

    def _cut(self) -> None:
        """The connection ended: try again later, or give up with a reason."""
        code = self._process.returncode if self._process else 0
        said = self._said.decode(errors="replace").strip()
        self._process = None
        self._failures += 1
        if "truncated" in said:  # tail then began anew, so that our count of its bytes is void
            self._offset = 0
        place = f"{self._host}:{self._path}"
        if code == _NO_RUN:
            raise bad_input(
                f"There is no run at {place}.",
                "The machine answers, but the folder has no recipe.toml in it or may not be read.",
                "Give the run folder as it is called there, such as host:/home/me/runs/NAME.",
            )
        reason = said.splitlines()[-1] if said else f"ssh ended with code {code}."
        if self._offset == 0 or self._failures >= TRIES:
            problem = Problem(
                f"The machine {self._host} cannot be reached.",
                f"ssh says: {reason}",
                f"Try in a terminal: ssh {self._host} true. It must work without asking for a password.",
            )
            raise WorkbenchError(problem, usage=False)
        self.trouble = reason
        self._next = time.monotonic() + AGAIN
