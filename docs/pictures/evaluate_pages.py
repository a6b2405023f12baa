"""Renders the pictures of the Evaluate page: a classifier's numbers with the rows behind one cell of the confusion
matrix, set against another run, and the groups of rows on which it is weak, through both runs.

Run it in the repository's root: `python docs/pictures/evaluate_pages.py HOME RUN OTHER [FOLDER]`. Both runs are
measured on the first one's held-out rows where they were not before.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from photographer import Photographer
from PySide6.QtWidgets import QApplication

from workbench.gui.app import make_window
from workbench.gui.evaluate.views.scores import ScoresView
from workbench.gui.evaluate.views.slices import SlicesView
from workbench.gui.panes.evaluate import EvaluatePane
from workbench.run.home import Home


class EvaluatePhotographer(Photographer):
    """Leads the window through the views of the Evaluate page."""

    def take(self, run: str, other: str) -> None:
        """All pictures."""
        self.wait(lambda: self.workspace.summary(run) and self.workspace.summary(other))
        self.workspace.select(run)
        self.bench.window.show_page("evaluate")
        self.wait(lambda: self.bench.window.centre.pane("evaluate") is not None)
        pane = self.bench.window.centre.pane("evaluate")
        assert isinstance(pane, EvaluatePane)
        pane.subject.model.pick(run)
        self.settle(pane)
        pane.subject.against.pick(other)
        self.settle(pane)
        if pane.board.evaluated is None or pane.board.evaluated.missing:
            pane.measure()
            self.settle(pane)
        self.take_scores(pane)
        self.take_slices(pane)

    def settle(self, pane: EvaluatePane) -> None:
        """Until nothing is asked any more."""
        self.idle(500)
        self.wait(lambda: pane.bar.isHidden(), 600)
        self.idle(500)

    def take_scores(self, pane: EvaluatePane) -> None:
        """The numbers, and the rows behind the most frequent confusion."""
        found, view = pane.board.evaluated, pane.view
        assert found is not None and found.scores is not None and isinstance(view, ScoresView)
        mistakes = found.scores.confusion.copy()
        np.fill_diagonal(mistakes, 0)
        true, said = np.unravel_index(int(mistakes.argmax()), mistakes.shape)
        view.map.picked.emit(int(true), int(said))
        self.shoot("evaluate")
        pane.board.clear()

    def take_slices(self, pane: EvaluatePane) -> None:
        """The weak groups, one's own among them, and how the other run does on the first of them."""
        pane.show_view("slices")
        view = pane.view
        assert isinstance(view, SlicesView)
        self.wait(lambda: view.slices())
        view.list.opened.emit(view.slices()[0])
        self.wait(lambda: len(view.runs.found) > 1)
        self.shoot("evaluate-slices")


def main() -> None:
    """Write the pictures beside this file, or into the folder that is named."""
    home, run, other = sys.argv[1:4]
    out = Path(sys.argv[4]) if len(sys.argv) > 4 else Path(__file__).parent
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication(["workbench"])
    bench = make_window(Home(Path(home)))
    try:
        EvaluatePhotographer(bench, app, out).take(run, other)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
