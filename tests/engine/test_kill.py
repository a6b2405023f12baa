"""The short form of the kill bar: ten trainings killed at random moments, half of them inside a save."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the bar forks its trainings; this system cannot")
@pytest.mark.timeout(
    900
)  # kills that miss the save they were aimed at are done again; on a busy machine many miss
def test_ten_killed_runs_resume_to_the_bit() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bars.kill", "10", "--seed", "1"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"(\d+) of (\d+) resume bit-exactly \((\d+) killed inside a save", done.stdout)
    assert told, done.stdout
    exact, kills, inside = map(int, told.groups())
    assert exact == kills >= 10 and inside >= 5
