"""The two worker threads of a session: who opens a window or a pane owns them and joins them."""

from __future__ import annotations

from PySide6.QtCore import QThread

from workbench.session.lanes import Lane
from workbench.session.session import Session


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
    """Starts a thread for each lane of a session; `join` closes the session and waits for both."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.threads = (LaneThread(session.engine, "engine"), LaneThread(session.files, "files"))
        for thread in self.threads:
            thread.start()

    def join(self) -> None:
        """End both lanes after their present job, and wait for the threads."""
        self._session.close()
        for thread in self.threads:
            thread.wait()
