"""The system libraries that Qt loads on Linux, and the Debian packages that bring them."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

# Found by ldd over the Qt libraries and plugins that the workbench loads; those of a bare system are left out.
ALWAYS = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
ON_X11 = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libX11-xcb.so.1": "libx11-xcb1",
}
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
FONT_PACKAGE = "fonts-dejavu-core"


def missing() -> dict[str, str]:
    """What Qt lacks for the screen that is here: library name to Debian package; empty when nothing is."""
    if sys.platform != "linux":
        return {}
    wanted = dict(ALWAYS)
    on_x11 = os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY")
    if on_x11 and os.environ.get("QT_QPA_PLATFORM", "xcb").startswith("xcb"):
        wanted |= ON_X11
    lacking = {name: package for name, package in wanted.items() if not loads(name)}
    if not any_font():
        lacking["a font"] = FONT_PACKAGE
    return lacking


def loads(library: str) -> bool:
    """Whether the system's loader finds the library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def any_font() -> bool:
    """Whether a font is installed; without one every letter in the window is an empty box."""
    folders = (Path(folder).expanduser() for folder in FONT_FOLDERS)
    return any(next(folder.rglob(f"*.{kind}"), None) for folder in folders for kind in ("ttf", "otf", "ttc"))


def sentence(lacking: dict[str, str]) -> str:
    """One sentence that says what is missing and how to get it."""
    names = ", ".join(lacking)
    if shutil.which("apt-get"):
        return f"The window needs {names}: run: sudo apt install {' '.join(lacking.values())}"
    return f"The window needs {names}: install them with your system's package manager and start again."
