"""Pictures of the real window: every page on a recorded run, light and dark."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from workbench.gui.app import Bench, make_window
from workbench.gui.pages import PAGES
from workbench.gui.preview import recorded_runs
from workbench.gui.theme import Mode, theme
from workbench.run.folder import RunFolder, run_folders
from workbench.run.home import Home
from workbench.run.problem import bad_input

SIZE = (1440, 900)
LIMIT_SECONDS = 180.0  # importing torch and converting attention on a busy machine
QUIET_MS = 250  # nothing may have been repainted or answered for so long
MODES: tuple[Mode, ...] = ("light", "dark")


def snapshot(home: Home, folder: Path, run: RunFolder | None = None) -> list[Path]:
    """Render every page of the window and write the pictures, named like `train-light.png`.

    The pictures show copies of the runs in a home of their own, so that nothing of the person's is changed.

    Args:
        home: Where runs are looked for when none is given and none is shipped, and where models live.
        folder: Where the pictures go; it is made.
        run: The run to show; else a shipped recording, else the newest of the home.

    Raises:
        WorkbenchError: When there is no run to show, or the folder cannot be written.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    chosen = [run.path] if run else recorded_runs() or [found.path for found in run_folders(home)[:1]]
    if not chosen:
        raise bad_input(
            "There is no run to show.",
            f"Neither {home.runs} nor the program's recordings hold one.",
            "Train one first, for example with: workbench train support-messages",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise bad_input(
            f"The folder {folder} cannot be made.", f"The system says: {error.strerror}."
        ) from error
    app = cast("QApplication | None", QApplication.instance()) or QApplication(sys.argv[:1])
    before = theme().mode
    with tempfile.TemporaryDirectory(prefix="workbench-snapshot-") as root:
        bench = make_window(_home_for_pictures(Path(root), home, chosen))
        try:
            return _pictures(app, bench, chosen[0].name, folder)
        finally:
            bench.close()
            theme().apply(app, before)


def _home_for_pictures(root: Path, home: Home, runs: list[Path]) -> Home:
    """A home with copies of the runs, and the person's models by link: they may be hundreds of megabytes."""
    own = Home(root)
    for run in runs:
        shutil.copytree(run, own.runs / run.name)
    if home.models.is_dir():
        own.models.symlink_to(home.models, target_is_directory=True)
    return own


def _pictures(app: QApplication, bench: Bench, run: str, folder: Path) -> list[Path]:
    window, workspace = bench.window, bench.workspace
    window.resize(*SIZE)
    window.show()
    wait_until(lambda: workspace.device is not None and bool(workspace.runs))
    summary = workspace.summary(run)
    workspace.select(run)
    if summary and any(summary.data == shipped.name for shipped in workspace.datasets):
        workspace.choose_data(summary.data)
    wait_until(lambda: not workspace.data_busy and run in workspace.histories)
    written = []
    for page in PAGES:
        window.show_page(page.key)
        wait_until(lambda key=page.key: window.centre.pane(key) is not None)  # type: ignore[misc]
        pane = window.centre.pane(page.key)
        wait_until(lambda pane=pane: _settled(pane))  # type: ignore[misc]
        for mode in MODES:
            theme().apply(app, mode)
            wait_until(lambda pane=pane: _settled(pane))  # type: ignore[misc]
            path = folder / f"{page.key}-{mode}.png"
            if not window.grab().save(str(path)):
                raise bad_input(f"The picture {path} cannot be written.", "", "Choose another folder.")
            written.append(path)
    return written


def _settled(pane: QWidget | None) -> bool:
    """Whether the page says that it waits for nothing; a page that knows nothing of waiting is settled."""
    return not getattr(pane, "busy", False)


def wait_until(condition: Callable[[], bool], *, limit: float = LIMIT_SECONDS) -> bool:
    """Process events until the condition holds and has held for a quiet moment; False when time was over."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        loop = QEventLoop()
        QTimer.singleShot(20, loop.quit)
        loop.exec()
        if condition():
            quiet = QEventLoop()
            QTimer.singleShot(QUIET_MS, quiet.quit)
            quiet.exec()
            if condition():
                return True
    return False
