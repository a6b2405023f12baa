"""Garbage collection that nobody sees: on the window's thread alone, in small portions, never in the middle of work."""

from __future__ import annotations

import gc
import sys
import threading
import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from workbench.run.garbage import collect_for

PAUSE_MS = 500
YOUNG = 700  # new objects that are worth a look at the young ones
MANY = 20_000  # new objects that speak of data being read, which goes away by itself
WHOLE = 60.0  # seconds between two looks at everything
NEW_MODULES = 40
PATIENCE = 1.0  # seconds that another thread waits for a collection that it asked for


class Sweeper(QObject):
    """Takes the collector's work over from the interpreter until `stop`.

    The interpreter collects on whichever thread makes the next object, and holds every thread while it does: with
    torch and transformers imported, a look at all objects takes 150 to 400 ms, and reading a file of 50 000 rows
    brings several. And it would delete widgets on a worker thread. What imports made stays for good, so it is put
    aside, and a look at the rest takes milliseconds.
    """

    _wanted = Signal(object)  # the event to set when everything was looked at

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted.connect(self._collect, Qt.ConnectionType.QueuedConnection)
        collect_for(self._ask)
        self._modules = 0
        self._whole = time.monotonic()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self.sweep)
        self._timer.start()

    def sweep(self) -> None:
        """Look at the young objects if there are many; at all of them once a minute."""
        modules = len(sys.modules)
        if modules > self._modules + NEW_MODULES:
            # Right after an import hardly anything is garbage; what little is stays.
            self._modules = modules
            gc.freeze()
        elif time.monotonic() > self._whole + WHOLE:
            self._whole = time.monotonic()
            gc.collect()
        elif YOUNG < gc.get_count()[0] < MANY:
            gc.collect(1 if gc.get_count()[1] > 10 else 0)

    def _ask(self) -> None:
        """Called by another thread."""
        done = threading.Event()
        self._wanted.emit(done)
        done.wait(PATIENCE)

    def _collect(self, done: threading.Event) -> None:
        self._whole = time.monotonic()
        gc.collect()
        done.set()

    def stop(self) -> None:
        """Give the work back to the interpreter."""
        collect_for(None)
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
