"""Renders the pictures of the Compare page and of the search window, with the runs of a search that is over.

Run it in the repository's root: `python docs/pictures/compare_pages.py HOME SEARCH [FOLDER]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from photographer import Photographer
from PySide6.QtWidgets import QApplication

from workbench.gui.app import make_window
from workbench.gui.compare.row_by_row import RowByRowView
from workbench.gui.panes.compare import ComparePane
from workbench.gui.search.dialog import open_search
from workbench.run.home import Home
from workbench.run.search import Search


class ComparePhotographer(Photographer):
    """Leads the window through the views of the Compare page, and through the window of series."""

    def take(self, name: str) -> None:
        """All pictures."""
        found = self.search(name)
        assert found.best is not None
        self.bench.window.show_page("compare")
        self.wait(lambda: self.bench.window.centre.pane("compare") is not None)
        page = self.bench.window.centre.pane("compare")
        assert isinstance(page, ComparePane)
        self.wait(lambda: page.board.runs)
        page.board.tick(trial.run for trial in found.trials)
        page.only.setChecked(True)
        page.show_view("parallel")
        page.board.point(found.best.run)
        self.shoot("compare")
        page.board.point("")
        page.board.tick((found.trials[0].run, found.best.run))
        page.show_view("rows")
        view = page.view
        assert isinstance(view, RowByRowView)
        self.idle(2000)
        if view.found is None:
            view.begin()
            self.wait(lambda: view.found is not None, 600)
        self.shoot("compare-rows")

    def search(self, name: str) -> Search:
        """The window of series with one of its searches."""
        dialog = open_search(self.workspace, self.bench.window)
        series = self.workspace.series
        series.show("search", name)
        self.wait(lambda: "search" in series.found)
        self.shoot("search", of=dialog)
        dialog.close()
        found = series.found["search"]
        assert isinstance(found, Search)
        return found


def main() -> None:
    """Write the pictures beside this file, or into the folder that is named."""
    home, name = sys.argv[1:3]
    out = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(__file__).parent
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication(["workbench"])
    bench = make_window(Home(Path(home)))
    try:
        ComparePhotographer(bench, app, out).take(name)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
