"""Garbage collection from any thread: widgets that lie in cycles may only go on the thread that made them."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

#: Set by a window: collects on its own thread, and returns when that is done or takes too long.
_window: Callable[[], object] | None = None


def collect_for(window: Callable[[], object] | None) -> None:
    """Let a window collect what other threads want collected; None takes that back."""
    global _window
    _window = window


def collect() -> None:
    """Free what lies in cycles, such as a model that is no longer wanted. On another thread than the first one only
    where a window does it; otherwise it is left to the interpreter."""
    if threading.current_thread() is threading.main_thread():
        gc.collect()
    elif _window is not None:
        _window()
