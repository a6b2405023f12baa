"""Memory that is freed and wanted again costs no page faults, and goes back when asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workbench.engine import allocator
from workbench.engine.allocator import APART, SECONDS_APART, Thrift, _glibc

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


def test_memory_is_given_back_when_steps_keep_more_than_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    now, given = [0.0], []
    monkeypatch.setattr(allocator, "give_back_memory", lambda: given.append(now[0]))

    def steps(used: list[int], seconds: float) -> list[float]:
        thrift = Thrift(lambda: now[0])
        given.clear()
        for in_use in used:
            now[0] += seconds
            thrift.after_step(in_use)
        return [round(moment - now[0] + seconds * len(used), 6) for moment in given]

    grows = [100, *[120] * 40]
    quick, slow = SECONDS_APART / 1000, SECONDS_APART * 2
    assert steps(grows, quick) == [pytest.approx((APART + 1) * quick)]  # after it 120 is what a step needs
    assert steps(grows, slow) == [2 * slow]
    assert not steps([100, *[109] * 40], slow)
    assert len(steps([100, 150, 100, 150, 100, 170], slow)) == 3
