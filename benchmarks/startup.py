"""How soon the window is there: process start to first painted frame, beside what importing everything would cost.

Run: python benchmarks/startup.py [RUNS]. The three are taken in turn, so that a change of the machine's speed
meets all of them; the medians and the ratios to the window's are printed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMPORTS = {
    "python alone": "pass",
    "PySide6 alone": "from PySide6 import QtWidgets",
    "torch and transformers": "import torch; from transformers import AutoModelForSequenceClassification",
}


def seconds_of(code: str) -> float:
    """Wall time of a fresh interpreter that runs the code."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    return time.perf_counter() - began


def window_seconds(home: str) -> float:
    """What the window itself says about its first frame."""
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "--home", home, "--quit-when-shown"],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")},
    )
    return float(done.stdout.strip()) / 1000


def main(runs: int) -> None:
    """Measure in turn and print medians and ratios."""
    times: dict[str, list[float]] = {"window, first frame": [], **{name: [] for name in IMPORTS}}
    with tempfile.TemporaryDirectory() as home:
        window_seconds(home)  # fills the file cache
        for _ in range(runs):
            times["window, first frame"].append(window_seconds(home))
            for name, code in IMPORTS.items():
                times[name].append(seconds_of(code))
    window = statistics.median(times["window, first frame"])
    print(f"{'':26}{'median':>9}{'min':>9}{'max':>9}{'ratio':>9}")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"{name:26}{middle:8.2f}s{min(values):8.2f}s{max(values):8.2f}s{middle / window:8.2f}x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
