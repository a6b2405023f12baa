"""How good the check before the start is: predicted against real peak of memory and time, each in its own process.

python benchmarks/preflight.py [RECIPE FIELD=VALUE ...]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

CHECK = """
import json, sys
from pathlib import Path
from workbench.cli.asked import asked_recipe
from workbench.run.home import Home
from workbench.session import preflight
from workbench.session.lanes import lone_desk
found = preflight.check(Home(Path(sys.argv[1])), asked_recipe("support-messages", sys.argv[2:]), lone_desk())
print(json.dumps({"peak": found.memory_peak, "seconds": found.seconds, "took": found.took}))
"""

RUN = """
import json, sys, time
from pathlib import Path
from workbench.cli.asked import asked_recipe
from workbench.engine.peak import _kernel_peak
from workbench.run.events import Ended, Started, Step
from workbench.run.home import Home
from workbench.session import training
prepared = training.begin(Home(Path(sys.argv[1])), asked_recipe("support-messages", sys.argv[2:]))
told = None
for event in training.carry_out(prepared, training.Control()):
    if isinstance(event, Started):
        began, total = time.perf_counter(), event.total_steps
    if isinstance(event, Step) and told is None and event.step >= max(4, total / 20):
        told = time.perf_counter() - began + event.seconds_left
    if isinstance(event, Ended):
        seconds = time.perf_counter() - began
print(json.dumps({"peak": _kernel_peak(), "seconds": seconds, "told": told, "status": event.status}))
"""


def _in_a_process(script: str, home: Path, overrides: list[str]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", script, str(home), *overrides], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(home: Path, overrides: list[str] | None = None) -> tuple[float, float]:
    """The predicted and the real peak in bytes, of MiniLM on the shipped support messages."""
    chosen = ["training.epochs=1", *(overrides or [])]
    found = _in_a_process(CHECK, home, chosen)
    real = _in_a_process(RUN, home, chosen)
    print(
        f"peak: predicted {found['peak'] / 1e9:.2f} GB, real {real['peak'] / 1e9:.2f} GB, "
        f"ratio {found['peak'] / real['peak']:.3f}\n"
        f"time: predicted before the start {found['seconds']:.1f} s, after 5 % of the run {real['told']:.1f} s, "
        f"real {real['seconds']:.1f} s: ratios {found['seconds'] / real['seconds']:.2f} and "
        f"{real['told'] / real['seconds']:.2f}\nthe check took {found['took']:.1f} s"
    )
    return found["peak"], real["peak"]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), sys.argv[1:])
