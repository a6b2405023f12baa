"""Freed memory stays with the process while it trains, so that each step need not ask the system for it anew.

glibc hands large blocks back the moment they are freed, and the system zeroes every page that it gives out again:
13 000 page faults in a step of MiniLM, 290 000 (0.6 s) in one of SmolLM2. Batches of other lengths break what is kept
into pieces that fit nothing, by and by as much as a step needs; so it is given back when it has grown.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable

#: Parameters of glibc's mallopt.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_HUGE, _USUAL = 2**30, 2**25
#: Between two times that memory is given back, so many steps or seconds at least: it costs a twentieth of a second and
#: its page faults. A step of a large model leaves gigabytes in pieces, and takes seconds anyway.
APART, SECONDS_APART = 16, 5.0
#: How much more than a step needs may be kept.
SPARE = 1.1


def keep_freed_memory() -> bool:
    """Keep what is freed; returns whether the C library can do that. For the thread that began the process:
    other threads have pools of their own, which this reaches in part."""
    library = _glibc()
    if library is None:
        return False
    # Older versions take no more than 32 MiB for the first.
    mapped = library.mallopt(_MMAP_THRESHOLD, _HUGE) or library.mallopt(_MMAP_THRESHOLD, _USUAL)
    return bool(mapped and library.mallopt(_TRIM_THRESHOLD, 2**31 - 1))


def give_back_memory() -> None:
    """Give the system what is free now, for when a run has ended."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


class Thrift:
    """Gives kept memory back when more is kept than steps need."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._need = self._steps = 0
        self._since = clock()

    def after_step(self, in_use: int) -> None:
        """A step has ended, and the process holds so many bytes."""
        self._steps += 1
        if self._steps == 1:  # nothing was kept when it began: this is what it needs
            self._need = max(self._need, in_use)
        elif in_use > SPARE * self._need and self._rested():
            give_back_memory()
            self._steps, self._since = 0, self._clock()

    def _rested(self) -> bool:
        return self._steps > APART or self._clock() - self._since > SECONDS_APART


_FIGURES = (
    "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
)  # fmt: skip


class _HeapFigures(ctypes.Structure):
    """glibc's struct mallinfo2."""

    _fields_ = [(name, ctypes.c_size_t) for name in _FIGURES]


def heap_in_use() -> int:
    """Bytes that were asked of the C library and not freed yet; 0 where it does not tell."""
    library = _glibc()
    if library is None or not hasattr(library, "mallinfo2"):
        return 0
    library.mallinfo2.restype = _HeapFigures
    figures = library.mallinfo2()
    return int(figures.uordblks + figures.hblkhd)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
