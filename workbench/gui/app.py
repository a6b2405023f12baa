"""The application: opens the window on a home, owns the two worker threads, and joins them at the end."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import cast

import psutil
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from workbench.data import limits
from workbench.gui.lane_threads import LaneThreads
from workbench.gui.settings import Settings
from workbench.gui.theme import Mode, theme
from workbench.gui.window import Window
from workbench.gui.workspace import Workspace
from workbench.run.home import Home, find_home
from workbench.run.problem import explain
from workbench.run.resources import resources_folder
from workbench.session.session import Session

#: Seconds that a closed window waits for an engine that loads.
PATIENCE = 1.0


class Bench:
    """Everything that is open: session, threads, workspace and window. `close` ends all of it."""

    def __init__(self, home: Home, app: QApplication) -> None:
        self._app = app
        self.settings = Settings(home.settings)
        theme().apply(app, cast(Mode, self.settings.value("look/theme")))
        self.session = Session(home)
        self.workspace = Workspace(self.session)
        self.window = Window(self.workspace, self.settings)
        self.window.first_frame.connect(self._after_first_frame)
        self.settings.changed.connect(self._setting_changed)
        self._closed = self.abandoned = False
        self._threads = LaneThreads(self.session)

    def _after_first_frame(self) -> None:
        # The imports behind these answers would hold the first frame back.
        self.workspace.refresh_shelf()
        self.workspace.refresh_runs()
        self.workspace.look_at_data()
        self.workspace.warm_up()

    def _setting_changed(self, key: str) -> None:
        if key == "look/theme":
            theme().apply(self._app, cast(Mode, self.settings.value(key)))
        elif key in limits.USUAL:
            self.settings.save()  # whoever opens a file reads it there
            if self.workspace.data_problem:
                self.workspace.look_at_data()

    def close(self, patience: float | None = None) -> None:
        """Stop listening, end both lanes, join the threads, and delete the window. Safe to call twice.

        With a `patience`, in seconds, an engine that only loads, which nothing can interrupt, is left behind:
        `abandoned` says so then. A run that has something to save is always waited for.
        """
        if self._closed:
            return
        self._closed = True
        self.workspace.shut_down()
        self.abandoned = not self._threads.join(None if self.workspace.worth_saving else patience)
        self.window.deleteLater()
        self.workspace.deleteLater()
        self.settings.deleteLater()


def process_age() -> float:
    """Seconds since this process was started."""
    try:
        # psutil counts from a boot time in whole seconds, which may be wrong by one; these clocks agree.
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError):
        return time.time() - psutil.Process().create_time()


def make_window(home: Home) -> Bench:
    """An open workbench whose window is not shown yet; needs a QApplication. Call `close` at the end."""
    app = QCoreApplication.instance()
    if not isinstance(app, QApplication):
        raise RuntimeError("a QApplication must exist before the window")
    return Bench(home, app)


def run_app(home: Home, *, quit_when_shown: bool = False, page: str | None = None) -> int:
    """Open the window and stay until it is closed; the exit code.

    Args:
        home: Where runs, models and settings live.
        quit_when_shown: Print the milliseconds from process start to the first frame, and quit.
        page: The page to open on, instead of the last one.
    """
    app = cast("QApplication | None", QApplication.instance()) or QApplication(sys.argv[:1])
    app.setApplicationName("Model Workbench")
    app.setApplicationDisplayName("Model Workbench")
    QApplication.setDesktopFileName("model-workbench")
    app.setWindowIcon(QIcon(str(resources_folder() / "icons" / "workbench-256.png")))
    bench = make_window(home)
    app.aboutToQuit.connect(lambda: bench.close(PATIENCE))
    previous = sys.excepthook

    def show_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            app.quit()
        else:
            bench.workspace.problem_raised.emit(explain(error))

    sys.excepthook = show_exception
    if quit_when_shown:
        bench.window.first_frame.disconnect()

        def shown() -> None:
            sys.stdout.write(f"{1000 * process_age():.0f}\n")
            sys.stdout.flush()
            app.quit()

        bench.window.first_frame.connect(shown)
    if page:
        bench.window.show_page(page)
    bench.window.show()
    try:
        code = app.exec()
    finally:
        sys.excepthook = previous
        bench.close(PATIENCE)
    if bench.abandoned:
        # Everything that is kept has been written. The thread that still loads ends with the process.
        sys.stdout.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(run_app(find_home()))
