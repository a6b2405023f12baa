"""Progress on standard error: a bar on a terminal, and a plain line every few seconds anywhere else."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import TextIO

_FRAME = 0.1  # seconds between two drawings of the bar
_BAR = 24  # characters


def duration(seconds: float) -> str:
    """A span of time as a person says it: "0.8 s", "42 s", "3:05", "2:10:07"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"


class Progress:
    """One line that is drawn again and again.

    Args:
        stream: Where to draw; its `isatty` decides between a bar and plain lines.
        clock: Seconds that never go back.
        every: Seconds between two plain lines.
    """

    def __init__(
        self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic, every: float = 5.0
    ) -> None:
        self._stream, self._clock = stream, clock
        self._terminal = stream.isatty()
        self._pause = _FRAME if self._terminal else every
        self._next = 0.0
        self._drawn = False
        self._last = ""

    def show(self, text: str, share: float | None = None) -> None:
        """Draw the state; calls that come too soon after each other are dropped.

        Args:
            text: What is going on.
            share: How much is done, 0 to 1; None where that is not known.
        """
        now = self._clock()
        if now < self._next or text == self._last:
            return
        self._next, self._last = now + self._pause, text
        if not self._terminal:
            self._write(f"{text}\n" if share is None else f"{share:4.0%}  {text}\n")
            return
        if share is not None:
            full = round(min(1.0, max(0.0, share)) * _BAR)
            text = f"{share:4.0%} {'━' * full}{'╌' * (_BAR - full)} {text}"
        width = shutil.get_terminal_size().columns - 1
        self._write(f"\r\x1b[K{text[:width]}")
        self._drawn = True

    def line(self, text: str) -> None:
        """Print a line that stays, above the bar."""
        self.clear()
        self._write(f"{text}\n")
        self._last, self._next = "", 0.0 if self._terminal else self._next

    def clear(self) -> None:
        """Take the bar away."""
        if self._drawn:
            self._write("\r\x1b[K")
            self._drawn = False

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # nobody reads it any more: no reason to lose a run
            pass
