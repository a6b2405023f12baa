"""The process that launched this one: with it ends what it launched."""

from __future__ import annotations

import os
import threading
import time

from workbench.run.lock import Holder

#: The environment variable that names it: its number, and its time of birth.
LAUNCHER = "WORKBENCH_LAUNCHER"


def end_with_launcher() -> None:
    """End this process soon after its launcher, or the agent above it, is gone: nothing may be left behind."""
    pid, _, started = os.environ[LAUNCHER].partition(" ")
    launcher, parent = Holder(int(pid), float(started)), os.getppid()

    def watch() -> None:
        while launcher.lives and os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, name="launcher", daemon=True).start()
