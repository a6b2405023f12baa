"""Memory that is freed and wanted again costs no page faults, and goes back when asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workbench.engine.allocator import _glibc

CODE = """
import resource, sys
import numpy, psutil
sys.path.insert(0, {root!r})
from workbench.engine.allocator import give_back_memory, keep_freed_memory
if {keep}:
    assert keep_freed_memory()
def work():
    for _ in range(10):
        numpy.ones(6_000_000)  # 48 MB
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
held = psutil.Process().memory_info().rss
give_back_memory()
print(held - psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(_glibc() is None, reason="only glibc has these settings")
def test_freed_memory_is_kept_and_given_back() -> None:
    found = []
    for keep in (False, True):
        code = CODE.format(root=str(Path(__file__).parents[2]), keep=keep)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        found.append([int(line) for line in done.stdout.split()])
    (faults, _), (kept_faults, given_back) = found
    assert kept_faults < faults / 20
    assert given_back > 40_000_000
