"""The worker threads of a session: who opens a window or a pane owns them and joins them."""

from __future__ import annotations

import sys
import time

from PySide6.QtCore import QThread

from workbench.gui.garbage import Sweeper
from workbench.session.lanes import Lane
from workbench.session.session import Session

#: Seconds after which a thread that runs Python must let another have its turn. The interpreter's own 5 ms, with two
#: lanes at work, make the window wait 10 ms for each of the many turns that drawing a plot takes.
TURN = 0.0005


class LaneThread(QThread):
    """A thread that works through one lane until the lane is closed."""

    def __init__(self, lane: Lane, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._lane = lane

    def run(self) -> None:
        """Called by Qt on the new thread."""
        self._lane.run()


class LaneThreads:
    """Starts a thread for each lane of a session; `join` closes the session and waits for them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._turn = sys.getswitchinterval()
        sys.setswitchinterval(TURN)
        self._sweeper = Sweeper()
        self.threads = (
            LaneThread(session.engine, "engine"),
            LaneThread(session.files, "files"),
            LaneThread(session.network, "network"),
        )
        for thread in self.threads:
            thread.start()

    def join(self, patience: float | None = None) -> bool:
        """End the lanes after their present job, and wait for the threads.

        Args:
            patience: Seconds from now to wait for the engine; None waits for as long as it takes. The files lane is
                always waited for, because it writes what a person made.

        Returns:
            Whether all have ended.
        """
        begun = time.monotonic()
        self._session.close()
        engine, files, network = self.threads
        files.wait()
        network.wait()  # a download is broken off within a tenth of a second
        if patience is None:
            engine.wait()
        else:
            engine.wait(max(0, int(1000 * (patience - time.monotonic() + begun))))
        self._sweeper.stop()
        sys.setswitchinterval(self._turn)
        return engine.isFinished()
