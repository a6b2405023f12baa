"""The largest amount of memory that was in use while something was done."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import torch

#: Seconds between two looks where the system keeps no peak of its own.
LOOK_EVERY = 0.002


class Peak:
    """The peak in bytes; known when the context is left."""

    bytes = 0


@contextlib.contextmanager
def peak_memory(device: torch.device) -> Iterator[Peak]:
    """Watch memory: the device's allocated memory, or this process's resident memory on the CPU."""
    peak = Peak()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        yield peak
        torch.cuda.synchronize(device)
        peak.bytes = int(torch.cuda.max_memory_allocated(device))
    elif _forget_peak():
        yield peak
        peak.bytes = _kernel_peak()
    else:
        with _sampled(peak):
            yield peak


def _forget_peak() -> bool:
    """Let Linux count the process's peak from now on; False where it does not."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        return _kernel_peak() > 0
    except OSError:
        return False


def _kernel_peak() -> int:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


@contextlib.contextmanager
def _sampled(peak: Peak) -> Iterator[None]:
    """Look at the process's memory again and again on a thread of its own; short peaks may be missed."""
    process, over = psutil.Process(), threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_EVERY):
            peak.bytes = max(peak.bytes, process.memory_info().rss)

    watcher = threading.Thread(target=watch, name="memory peak")
    watcher.start()
    try:
        yield
    finally:
        peak.bytes = max(peak.bytes, process.memory_info().rss)
        over.set()
        watcher.join()
