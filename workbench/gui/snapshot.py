"""Pictures of the real window: every page on a recorded run, light and dark, as PNG."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import cast

from PySide6.QtCore import QDeadlineTimer, QEventLoop, QSize, QTimer
from PySide6.QtWidgets import QApplication

from workbench.gui.app import Bench, make_window
from workbench.gui.pages import PAGES
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.panes.data import DataPane
from workbench.gui.panes.prompt import PromptPane
from workbench.gui.preview import RECORDED, recorded_home
from workbench.gui.theme import MODES, theme
from workbench.run.folder import RunFolder, run_folders
from workbench.run.home import Home
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.task_kinds import writes

SIZE = QSize(1440, 900)
#: Loading a language model and letting it answer takes a minute on a small machine.
PATIENCE_MS = 180_000
SENTENCE = "Profit fell less than feared, and the shares rose."
PROMPT = "First Citizen:\nWhat news from the harbour?\n\nKING HENRY:"


def snapshot(
    home: Home, out_dir: Path, run: RunFolder | None = None, pages: Sequence[str] = ()
) -> list[Path]:
    """Render the pages and return the files, named `<page>-<light or dark>.png`.

    Args:
        home: Where the runs are.
        out_dir: Where the pictures go; made when it is not there.
        run: The run to show; None takes the newest of the home, or the recorded one that is shipped.
        pages: The keys of the pages; none means all.

    Raises:
        WorkbenchError: When the folder cannot be written, or a page has nothing to show after three minutes.
    """
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = Problem(f"The folder {out_dir} cannot be made.", f"The system says: {error.strerror}.")
        raise WorkbenchError(problem) from error
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = cast("QApplication | None", QApplication.instance()) or QApplication(["workbench"])
    with ExitStack() as stack:
        name = run.name if run else next((found.name for found in run_folders(home)), None)
        if name is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            home, name = recorded_home(Path(folder)), RECORDED
        bench = make_window(home)
        stack.callback(app.processEvents)
        stack.callback(bench.close)
        stack.callback(theme().apply, app, theme().mode)  # the pictures do not change what the person chose
        return _Photographer(app, bench, out_dir).take(name, pages or [page.key for page in PAGES])


class _Photographer:
    """Leads the window from page to page and waits until each has something to show."""

    def __init__(self, app: QApplication, bench: Bench, out_dir: Path) -> None:
        self._app, self._out_dir = app, out_dir
        self._window, self._workspace = bench.window, bench.workspace

    def take(self, run: str, pages: Sequence[str]) -> list[Path]:
        """All pictures of a run."""
        window, workspace = self._window, self._workspace
        window.resize(SIZE)
        window.show()
        self._wait(lambda: bool(workspace.models and workspace.runs) and workspace.device is not None)
        workspace.select(run)
        self._wait(lambda: run in workspace.histories)
        self._take_recipe(run)
        files = []
        for key in pages:
            self._settle(key)
            for mode in MODES[:2]:  # not "system"
                theme().apply(self._app, mode)
                self._idle()
                file = self._out_dir / f"{key}-{mode}.png"
                if not window.grab().save(str(file)):
                    raise WorkbenchError(
                        Problem(f"The picture {file} cannot be written.", "", "Choose another folder.")
                    )
                files.append(file)
        return files

    def _take_recipe(self, run: str) -> None:
        """Show the run's own recipe in the bar, as after "duplicate recipe"."""
        workspace = self._workspace
        got: list[object] = []

        def arrived(recipe: object) -> None:
            got.append(recipe)

        workspace.session.read_recipe(RunFolder(workspace.session.home.runs / run), arrived, arrived)
        self._wait(lambda: got)
        if not isinstance(got[0], Problem):
            workspace.set_recipe(got[0])  # type: ignore[arg-type]
        self._wait(lambda: not workspace.data_busy)

    def _settle(self, key: str) -> None:
        """Open a page, and fill it as a person would."""
        self._window.show_page(key)
        self._wait(lambda: self._window.centre.pane(key) is not None)
        pane = self._window.centre.pane(key)
        match pane:
            case DataPane():
                self._wait(lambda: not self._workspace.data_busy)
            case AttentionPane():
                if not self._is_writer():
                    pane.question.set_text(SENTENCE)
                self._wait(lambda: pane.heads.maps is not None)
            case PromptPane():
                self._fill_prompt(pane)
        self._idle()

    def _is_writer(self) -> bool:
        summary = self._workspace.summary(self._workspace.selected or "")
        return summary is not None and writes(summary.task)

    def _fill_prompt(self, pane: PromptPane) -> None:
        shown = pane.stack.currentWidget()
        if shown is pane.classifier:
            pane.classifier.box.setPlainText(SENTENCE)
            self._wait(lambda: bool(pane.classifier.winner.text()))
        elif shown is pane.filling:
            pane.filling.take(SENTENCE)
            self._wait(lambda: bool(pane.filling.bars))
        elif shown is pane.writer and not pane.writer.turns:
            # An answer that fits the page, with the probability of each token.
            length = pane.writer.form.edits["max_new_tokens"]
            length.show_value(56)
            length.edited.emit("max_new_tokens", 56)
            pane.writer.form.shade.setChecked(True)
            pane.writer.box.setPlainText(PROMPT)
            pane.writer.begin()
            self._wait(lambda: pane.writer.send.isVisible())

    def _wait(self, condition: Callable[[], object]) -> None:
        deadline = QDeadlineTimer(PATIENCE_MS)
        loop = QEventLoop()
        timer = QTimer()
        timer.setInterval(10)
        timer.timeout.connect(lambda: loop.quit() if condition() or deadline.hasExpired() else None)
        timer.start()
        if not condition():
            loop.exec()
        timer.stop()
        if not condition():
            raise WorkbenchError(
                Problem(
                    f"The page {self._window.centre.page} had nothing to show.",
                    "It waited three minutes for an answer.",
                    "Look at the same page in the window, where the problem is told.",
                ),
                usage=False,
            )

    def _idle(self) -> None:
        """Let layouts, plots and their delayed redraws come to rest."""
        loop = QEventLoop()
        QTimer.singleShot(400, loop.quit)
        loop.exec()
