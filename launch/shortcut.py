"""The entry in the system's menu: a .desktop file on Linux, a .lnk on Windows, an .app on macOS."""

from __future__ import annotations

import base64
import os
import plistlib
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

NAME = "Model Workbench"
# The window names itself so (QGuiApplication.setDesktopFileName); the system then shows this icon for it.
APP_ID = "model-workbench"
COMMENT = "Fine-tune a transformer on your own machine, look inside it, and try it"


def make(root: Path) -> list[Path]:
    """Makes the shortcut for this system, in its menu and in the clone; returns the files made.

    Raises:
        OSError: Where a folder cannot be written.
    """
    if sys.platform == "win32":
        return make_windows(root)
    if sys.platform == "darwin":
        return [make_app(root, root), make_app(root, Path.home() / "Applications")]
    return make_linux(root, applications_folder())


def has_screen() -> bool:
    """Whether a desktop is there, so that an entry in its menu makes sense."""
    return sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def base_python() -> str:
    """The Python behind the private environment: it can start start.py even while that is repaired."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def applications_folder() -> Path:
    """Where a Linux desktop looks for a person's own applications."""
    data = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification says that a relative path here is to be ignored.
    home = Path(data) if data.startswith("/") else Path.home() / ".local" / "share"
    return home / "applications"


def make_linux(root: Path, applications: Path) -> list[Path]:
    """Writes the .desktop file in the menu's folder, and an executable copy in the clone."""
    text = desktop_entry(root, base_python())
    made = [applications / f"{APP_ID}.desktop", root / f"{NAME}.desktop"]
    for file in made:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)
    if refresh := shutil.which("update-desktop-database"):
        subprocess.run([refresh, "-q", str(applications)], check=False, capture_output=True)
    return made


def desktop_entry(root: Path, python: str) -> str:
    """The text of the .desktop file (Desktop Entry Specification, version 1.0 keys)."""
    command = f"{quote_exec(python)} {quote_exec(str(root / 'start.py'))}"
    lines = {
        "Type": "Application",
        "Version": "1.0",
        "Name": NAME,
        "GenericName": "Model fine-tuning",
        "Comment": COMMENT,
        "Exec": escape(command),
        # A menu hides the entry when this file is gone, so a deleted clone leaves no dead icon behind.
        "TryExec": escape(str(root / "start.py")),
        "Icon": escape(str(root / "resources" / "icons" / "workbench.svg")),
        "Terminal": "false",
        "Categories": "Science;ArtificialIntelligence;",
        "Keywords": "transformer;fine-tuning;attention;language model;",
        "StartupWMClass": APP_ID,
        "StartupNotify": "true",
    }
    return "[Desktop Entry]\n" + "".join(f"{key}={value}\n" for key, value in lines.items())


def quote_exec(argument: str) -> str:
    """One argument of an Exec line: in double quotes, with the specification's four characters escaped."""
    for character in '\\"`$':
        argument = argument.replace(character, "\\" + character)
    return '"' + argument.replace("%", "%%") + '"'


def escape(value: str) -> str:
    """A string value of a desktop entry, where the backslash itself is an escape character."""
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def make_app(root: Path, folder: Path) -> Path:
    """Writes a macOS application bundle that starts start.py."""
    app = folder / f"{NAME}.app"
    contents = app / "Contents"
    for part in ("MacOS", "Resources"):
        (contents / part).mkdir(parents=True, exist_ok=True)
    (contents / "Info.plist").write_bytes(
        plistlib.dumps(
            {
                "CFBundleName": NAME,
                "CFBundleDisplayName": NAME,
                "CFBundleIdentifier": f"org.{APP_ID}",
                "CFBundleExecutable": APP_ID,
                "CFBundleIconFile": "workbench.icns",
                "CFBundlePackageType": "APPL",
                "NSHighResolutionCapable": True,
            }
        )
    )
    program = contents / "MacOS" / APP_ID
    start = shlex.quote(str(root / "start.py"))
    program.write_text(f"#!/bin/sh\nexec {shlex.quote(base_python())} {start}\n", encoding="utf-8")
    program.chmod(0o755)
    shutil.copyfile(
        root / "resources" / "icons" / "workbench.icns", contents / "Resources" / "workbench.icns"
    )
    return app


def make_windows(root: Path) -> list[Path]:
    """Makes the .lnk in the Start menu and one in the clone, through the Windows Script Host."""
    menu = Path(os.environ["APPDATA"]) / "Microsoft" / "Windows" / "Start Menu" / "Programs"
    made = [menu / f"{NAME}.lnk", root / f"{NAME}.lnk"]
    script = "\n".join(windows_script(root, link, base_python()) for link in made)
    # Encoded, so that no quoting stands between this text and PowerShell.
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()
    command = ["powershell", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded]
    done = subprocess.run(
        command, capture_output=True, check=False, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
    )
    if done.returncode:
        raise OSError(f"PowerShell could not write {made[0]}")
    return made


def windows_script(root: Path, link: Path, python: str) -> str:
    """The PowerShell lines that make one shortcut; pythonw, so that no console opens."""
    windowless = Path(python).with_name("pythonw.exe")

    def quoted(text: object) -> str:
        return "'" + str(text).replace("'", "''") + "'"

    start = f'"{root / "start.py"}"'
    return "\n".join(
        [
            f"$link = (New-Object -ComObject WScript.Shell).CreateShortcut({quoted(link)})",
            f"$link.TargetPath = {quoted(windowless)}",
            f"$link.Arguments = {quoted(start)}",
            f"$link.WorkingDirectory = {quoted(root)}",
            f"$link.IconLocation = {quoted(root / 'resources' / 'icons' / 'workbench.ico')}",
            f"$link.Description = {quoted(COMMENT)}",
            "$link.Save()",
        ]
    )
