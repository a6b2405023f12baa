"""Work that lets others in between: it goes on only while it is let, one slice at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Slices:
    """Work on a thread of its own that never runs at the same time as the one who lets it go on.

    Which thread works does not change what is computed; what belongs to a thread (whether gradients are kept) stays
    as the work left it.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        """Nothing is done before the first `go_on`.

        Args:
            work: Must not raise; calls `breathe` where it may be interrupted.
        """
        self.over = False
        self._until = 0.0
        self._go, self._rest = threading.Semaphore(0), threading.Semaphore(0)

        def run() -> None:
            self._go.acquire()
            try:
                work()
            finally:
                self.over = True
                self._rest.release()

        self._thread = threading.Thread(target=run, name="work in slices", daemon=True)
        self._thread.start()

    def go_on(self, seconds: float) -> bool:
        """Wait while it works: until it is over, or can be interrupted after so many seconds. Returns whether it is
        over."""
        self._until = time.monotonic() + seconds
        self._go.release()
        self._rest.acquire()
        if self.over:
            self._thread.join()
        return self.over

    def breathe(self) -> None:
        """Called by the work: here it may be interrupted."""
        if time.monotonic() >= self._until:
            self._rest.release()
            self._go.acquire()
