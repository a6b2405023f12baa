"""The two worker threads of a session: who opens a window or a pane owns them and joins them."""

from __future__ import annotations

import os
import sys
import threading

from PySide6.QtCore import QThread

from workbench.gui.garbage import Sweeper
from workbench.session.lanes import Lane
from workbench.session.session import Session

#: Seconds after which a thread that runs Python must let another have its turn. The interpreter's own 5 ms, with two
#: lanes at work, make the window wait 10 ms for each of the many turns that drawing a plot takes.
TURN = 0.001
NICENESS = 5  # below the window's own thread, and above what is meant for the background


class LaneThread(QThread):
    """A thread that works through one lane until the lane is closed."""

    def __init__(self, lane: Lane, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._lane = lane

    def run(self) -> None:
        """Called by Qt on the new thread; torch's threads, which it starts, inherit the priority."""
        if sys.platform == "linux":  # elsewhere the priority given at the start does the same
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        self._lane.run()


class LaneThreads:
    """Starts a thread for each lane of a session; `join` closes the session and waits for both."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._turn = sys.getswitchinterval()
        sys.setswitchinterval(TURN)
        self._sweeper = Sweeper()
        self.threads = (LaneThread(session.engine, "engine"), LaneThread(session.files, "files"))
        for thread in self.threads:
            thread.start(QThread.Priority.LowPriority)

    def join(self) -> None:
        """End both lanes after their present job, and wait for the threads."""
        self._session.close()
        for thread in self.threads:
            thread.wait()
        self._sweeper.stop()
        sys.setswitchinterval(self._turn)
