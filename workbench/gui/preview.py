"""Opening one page alone, on the recorded run that is shipped."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget

from workbench.gui.lane_threads import LaneThreads
from workbench.gui.theme import theme
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.resources import resources_folder
from workbench.session.session import Session

RECORDED = "company-headlines"


def recorded_home(folder: Path) -> Home:
    """A home in the folder that holds nothing but a copy of the recorded run."""
    home = Home(folder)
    shutil.copytree(resources_folder() / "recorded" / RECORDED, home.runs / RECORDED)
    return home


def preview(pane: Callable[[Workspace], QWidget]) -> None:
    """Show the page alone until it is closed; ends the process."""
    app = QApplication(sys.argv[:1])
    theme().apply(app, "system")
    with tempfile.TemporaryDirectory() as folder:
        session = Session(recorded_home(Path(folder)))
        threads = LaneThreads(session)
        workspace = Workspace(session)
        widget = pane(workspace)
        widget.resize(1100, 800)
        widget.show()
        workspace.refresh_shelf()
        workspace.refresh_runs()
        workspace.look_at_data()
        workspace.select(RECORDED)
        code = app.exec()
        workspace.shut_down()
        threads.join()
    sys.exit(code)
