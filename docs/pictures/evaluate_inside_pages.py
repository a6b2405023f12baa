"""Renders the pictures of what the Evaluate page says beyond its numbers: the suspicious labels of a run with the
first of them decided, the map of its held-out rows by class, and the predictions that small changes of texts flip.

Run it in the repository's root: `python docs/pictures/evaluate_inside_pages.py HOME RUN [FOLDER]`. The run's held-out
rows are measured where they were not before; the decisions are taken back at the end.
"""

from __future__ import annotations

import sys
from pathlib import Path

from photographer import Photographer
from PySide6.QtWidgets import QApplication

from workbench.gui.app import make_window
from workbench.gui.evaluate.views.map import MapView
from workbench.gui.evaluate.views.robustness import RobustnessView
from workbench.gui.evaluate.views.suspects import SuspectsView
from workbench.gui.panes.evaluate import EvaluatePane
from workbench.run.home import Home


class InsidePhotographer(Photographer):
    """Leads the window through three views of the Evaluate page."""

    def take(self, run: str) -> None:
        """All pictures."""
        self.wait(lambda: self.workspace.summary(run) is not None)
        self.workspace.select(run)
        self.bench.window.show_page("evaluate")
        self.wait(lambda: self.bench.window.centre.pane("evaluate") is not None)
        pane = self.bench.window.centre.pane("evaluate")
        assert isinstance(pane, EvaluatePane)
        pane.subject.model.pick(run)
        self.settle(pane)
        if pane.board.evaluated is None:
            pane.measure()
            self.settle(pane)
        self.take_robustness(pane)
        self.take_map(pane)
        self.take_suspects(pane)

    def settle(self, pane: EvaluatePane) -> None:
        """Until nothing is asked any more."""
        self.idle(500)
        self.wait(lambda: pane.bar.isHidden(), 600)
        self.idle(500)

    def take_robustness(self, pane: EvaluatePane) -> None:
        """All sets on the held-out rows, and the first flip of the one that flips most."""
        pane.show_view("robustness")
        view = pane.view
        assert isinstance(view, RobustnessView)
        view.run()
        self.wait(lambda: len(view.outcomes) == len(view.sets.boxes), 600)
        self.idle(500)
        self.shoot("evaluate-robustness")

    def take_map(self, pane: EvaluatePane) -> None:
        """Every held-out row by its class."""
        pane.show_view("map")
        view = pane.view
        assert isinstance(view, MapView)
        self.wait(lambda: view.found is not None)
        self.shoot("evaluate-map", shades=True)  # a class is known by its colour

    def take_suspects(self, pane: EvaluatePane) -> None:
        """The queue, of which three rows are decided."""
        pane.show_view("suspects")
        view = pane.view
        assert isinstance(view, SuspectsView)
        self.wait(lambda: view.deciding.found is not None)
        done: list[bool] = []

        def decide() -> None:
            for decision in ("fix", "keep", "fix"):
                view.decide(decision)
            done.append(True)

        view.deciding.fetch(decide)
        self.wait(lambda: done)
        self.idle(1500)
        self.shoot("evaluate-suspects")
        for _ in range(3):
            view.undo.trigger()
        self.idle(1500)


def main() -> None:
    """Write the pictures beside this file, or into the folder that is named."""
    home, run = sys.argv[1:3]
    out = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(__file__).parent
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication(["workbench"])
    bench = make_window(Home(Path(home)))
    try:
        InsidePhotographer(bench, app, out).take(run)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
