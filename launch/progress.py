"""What the person sees while packages are installed: the step, its size, and the seconds so far."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TextIO

# The lines of pip, and of uv where it differs.
FETCHED = re.compile(r"^\s*Downloading (\S+) \(([\d.]+) ?([kKMG])i?B\)")
WANTED = re.compile(r"^\s*(?:Collecting|Processing) ")
UNPACKING = re.compile(r"^Installing collected packages: (.+)$")
PREPARED = re.compile(r"^Prepared (\d+) packages?")
MEGABYTES = {"k": 1e-3, "K": 1e-3, "M": 1.0, "G": 1e3}

BIG_MB = 5.0  # smaller downloads pass too fast to be worth a line
QUIET_S = 10.0  # the longest silence where lines cannot be rewritten


def say(text: str) -> None:
    """Writes one line for the person. On standard error, because standard output belongs to the command."""
    if sys.stderr is not None:  # pythonw on Windows has none
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


class Progress:
    """Turns an installer's growing log into a live line on a terminal, or into a few lines elsewhere."""

    def __init__(self, packages: Path, stream: TextIO | None = None) -> None:
        """`packages` is the folder whose `*.dist-info` entries count what is unpacked."""
        self.stream = sys.stderr if stream is None else stream
        self.live = self.stream is not None and self.stream.isatty()
        self.packages = packages
        self.started = time.monotonic()
        self.last_line = self.started
        self.step = "Working"
        self.found = 0  # packages that the installer has looked up
        self.fetched_mb = 0.0
        self.total = 0  # packages to unpack; 0 until that begins
        self.before = 0  # packages that were there before
        self._rest = ""

    @property
    def unpacking(self) -> bool:
        """Whether packages are being written, so that a stop would leave one half there."""
        return self.total > 0

    def begin(self, step: str) -> None:
        """Names the step that starts now."""
        self.step = step
        self.found = self.total = 0
        self.fetched_mb = 0.0
        self._line(step)

    def read(self, text: str) -> None:
        """Takes newly written log text; a line cut in two is kept until its end arrives."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._read_line(line)

    def _read_line(self, line: str) -> None:
        if fetched := FETCHED.match(line):
            size = float(fetched[2]) * MEGABYTES[fetched[3]]
            name = "-".join(fetched[1].split("-")[:2])
            self.fetched_mb += size
            self.step = f"Fetching {name} ({size:,.0f} MB)" if size >= 1 else "Fetching small packages"
            if size >= BIG_MB:
                self._line(self.step)
        elif unpacking := UNPACKING.match(line):
            self._begin_unpacking(unpacking[1].count(",") + 1)
        elif prepared := PREPARED.match(line):
            self._begin_unpacking(int(prepared[1]))
        elif WANTED.match(line):
            self.found += 1

    def _begin_unpacking(self, total: int) -> None:
        self.before = self._count()
        self.total = total
        self._line(f"Unpacking {total} packages")

    def tick(self) -> None:
        """Shows that work goes on; call it a few times a second."""
        now = time.monotonic()
        if not self.live and now - self.last_line < QUIET_S:
            return
        if self.total:
            text = f"Unpacked {min(self._count() - self.before, self.total)} of {self.total} packages"
        elif self.found:
            text = f"{self.step}; {self.found} packages so far, {self.fetched_mb:,.0f} MB"
        else:
            text = self.step
        if self.live:
            self._write(f"\r\x1b[K{self._stamp()} {text[:90]}")
        else:
            self._line(text)

    def end(self) -> None:
        """Clears the live line."""
        if self.live:
            self._write("\r\x1b[K")

    def _count(self) -> int:
        return sum(1 for _ in self.packages.glob("*.dist-info"))

    def _stamp(self) -> str:
        return f"[{time.monotonic() - self.started:4.0f} s]"

    def _line(self, text: str) -> None:
        self.last_line = time.monotonic()
        clear = "\r\x1b[K" if self.live else ""
        self._write(f"{clear}{self._stamp()} {text}\n")

    def _write(self, text: str) -> None:
        if self.stream is not None:
            self.stream.write(text)
            self.stream.flush()
