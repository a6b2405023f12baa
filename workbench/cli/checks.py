"""What the doctor looks at: each check says what it found, whether that is well, and what helps if not."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from workbench import __version__
from workbench.run.home import Home
from workbench.run.problem import explain

State = Literal["good", "note", "missing"]

_WINDOW_PACKAGES = ("PySide6-Essentials", "pyqtgraph", "pillow")
_TROUBLE = {
    ("PySide6-Essentials", "6.12.0"),
    ("PySide6-Essentials", "6.11.0"),
    ("PySide6-Essentials", "6.11.1"),
}
_SET_UP = "Set the program up again: python3 start.py setup"
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        name: What was looked at.
        found: What is there.
        state: "good"; "note" for what works but is worth knowing; "missing" for what must be mended.
        remedy: What to do, or empty.
    """

    name: str
    found: str
    state: State = "good"
    remedy: str = ""


def examine(home: Home) -> Iterator[Check]:
    """All findings, one after the other; a check that breaks becomes a finding itself."""
    checks: tuple[tuple[str, Callable[[Home], Iterator[Check]]], ...] = (
        ("program", _program),
        ("packages", _packages),
        ("device", _device),
        ("memory", _memory),
        ("home", _home),
        ("window", _window),
        ("fonts", _fonts),
        ("models", _models),
        ("data sets", _datasets),
    )
    for name, check in checks:
        try:
            yield from check(home)
        except Exception as error:  # the doctor must reach the end, above all on a broken machine
            problem = explain(error)
            yield Check(name, f"{problem.title} {problem.cause}", "missing", problem.remedy)


def _program(home: Home) -> Iterator[Check]:
    yield Check("Model Workbench", __version__)
    yield Check("Python", f"{platform.python_version()} at {sys.executable}")
    yield Check("system", platform.platform())


def _packages(home: Home) -> Iterator[Check]:
    from workbench.session.training import installed_versions

    found = installed_versions()
    for name in _WINDOW_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    for name, number in found.items():
        if number == "missing":
            yield Check(name, "not installed", "missing", _SET_UP)
        elif (name, number) in _TROUBLE:
            yield Check(name, f"{number}, which is known to be broken", "missing", _SET_UP)
        else:
            yield Check(name, number)


def _device(home: Home) -> Iterator[Check]:
    from workbench.session.inspection import describe_device
    from workbench.session.lanes import lone_desk

    device = describe_device(lone_desk())
    words = f"{device.name}, {device.total_memory / _GIB:.1f} GiB, computes in {device.precision}"
    if device.kind == "cpu":
        yield Check("device", words, "note", "Training works here; a graphics processor would be faster.")
    else:
        yield Check("device", words)


def _memory(home: Home) -> Iterator[Check]:
    import psutil

    memory = psutil.virtual_memory()
    words = f"{memory.available / _GIB:.1f} GiB free of {memory.total / _GIB:.1f} GiB"
    if memory.available < 2 * _GIB:
        yield Check("memory", words, "note", "Close other programs, or choose a small batch size.")
    else:
        yield Check("memory", words)


def _home(home: Home) -> Iterator[Check]:
    there = next(folder for folder in (home.root, *home.root.parents) if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        yield Check(
            "home",
            f"{home.root} cannot be written",
            "missing",
            "Choose another place with --home or WORKBENCH_HOME.",
        )
        return
    yield Check("home", str(home.root))
    free = shutil.disk_usage(there).free
    if free < 2 * _GIB:
        yield Check(
            "disk", f"{free / _GIB:.1f} GiB free", "note", "A run keeps checkpoints: free some space."
        )
    else:
        yield Check("disk", f"{free / _GIB:.1f} GiB free")


def _window(home: Home) -> Iterator[Check]:
    # In a process of its own: where Qt lacks a library it may abort rather than raise.
    code = "from PySide6.QtWidgets import QApplication; QApplication([]); from PySide6 import QtSvg"
    screen = sys.platform != "linux" or any(os.environ.get(v) for v in ("DISPLAY", "WAYLAND_DISPLAY"))
    env = dict(os.environ) if screen else {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        remedy = "Install the libraries that this lists: python3 start.py libraries" if screen or last else ""
        yield Check("window", f"Qt does not start: {last}", "missing", remedy)
    elif not screen:
        yield Check(
            "window", "Qt works; there is no screen here", "note", "The command line works without one."
        )
    else:
        yield Check("window", "Qt works")


def _fonts(home: Home) -> Iterator[Check]:
    if sys.platform != "linux":
        yield Check("fonts", "the system's")
        return
    if shutil.which("fc-list"):
        listed = subprocess.run(["fc-list"], capture_output=True, text=True, timeout=30, check=False).stdout
        count = len(listed.splitlines())
    else:
        folders = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
        count = sum(
            1
            for f in folders
            for p in Path(f).expanduser().rglob("*")
            if p.suffix.lower() in (".ttf", ".otf", ".ttc")
        )
    if count:
        yield Check("fonts", f"{count} found")
    else:
        yield Check("fonts", "none found", "missing", "Install a font package, such as fonts-dejavu-core.")


def _models(home: Home) -> Iterator[Check]:
    from workbench.shelf.models import models

    for entry in models(home):
        name = f"model {entry.name}"
        if entry.state == "ready":
            yield Check(name, f"ready, {entry.megabytes:.0f} MB")
        elif entry.state == "unusable":
            yield Check(name, entry.description, "note", f"Delete the folder {entry.path}, or mend it.")
        else:
            yield Check(name, entry.state, "note", f"Get it with: workbench models fetch {entry.name}")


def _datasets(home: Home) -> Iterator[Check]:
    from workbench.shelf.datasets import shipped

    names = [dataset.name for dataset in shipped()]
    if names:
        yield Check("data sets", ", ".join(names))
    else:
        yield Check("data sets", "none", "note", "The folder resources is missing; your own files work.")
