"""Opens the window, brings it into a phase, and closes it at a moment that a seed chooses: run in a process of its own.

Prints the time of the closing. Arguments: home, phase, seed, encoder, language model, data.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from workbench.gui.app import run_app
from workbench.gui.window import Window
from workbench.run.home import Home
from workbench.run.recipe import Recipe
from workbench.session.requests import GenerationRequest

PHASES = ("starting", "loading", "training", "evaluating", "saving", "paused", "generating")


class Closer:
    """Goes through the phase on the window's own events."""

    def __init__(self, phase: str, seed: int, encoder: str, writer: str, data: str) -> None:
        self._chance = random.Random(seed)
        self._phase, self._encoder, self._writer, self._data = phase, encoder, writer, data
        QTimer.singleShot(0, self._find)

    def _find(self) -> None:
        self.window = next(w for w in QApplication.topLevelWidgets() if isinstance(w, Window))
        self.workspace = self.window.workspace
        self.window.settings.set_value("close/ask", False)
        if self._phase == "starting":
            self.window.first_frame.connect(lambda: self._close_after(3.0))
        else:
            self._when(lambda: self.workspace.device is not None, getattr(self, f"_{self._phase}"))

    def _when(self, so: Callable[[], bool], then: Callable[[], object]) -> None:
        """Call when something has come true; looked at on each turn of the event loop."""
        if so():
            then()
        else:
            QTimer.singleShot(1, lambda: self._when(so, then))

    def _close_after(self, most: float) -> None:
        QTimer.singleShot(int(1000 * self._chance.uniform(0, most)), self._close)

    def _close(self) -> None:
        sys.stdout.write(f"{time.time()}\n")
        sys.stdout.flush()
        self.window.close()

    def _start(self, validation: float = 0.2) -> None:
        recipe = {
            "model": {"source": self._encoder},
            "data": {"train": self._data, "validation": validation},
            "training": {"epochs": 500, "batch_size": 8, "precision": "fp32"},
        }
        self.window.show_page("train")
        self.workspace.set_recipe(Recipe.model_validate(recipe))
        self.window.start()

    def _steps(self) -> int:
        history = self.workspace.histories.get(self.workspace.active_name or "")
        return history.step if history else 0

    def _loading(self) -> None:
        self._start()
        self._close_after(0.5)

    def _training(self) -> None:
        self._start()
        self._when(lambda: self._steps() > 1, lambda: self._close_after(1.0))

    def _evaluating(self) -> None:
        self._start(validation=0.8)  # an epoch is three steps, and measuring takes longer
        self._when(lambda: self._steps() > 2, lambda: self._close_after(0.1))

    def _saving(self) -> None:
        def stop() -> None:
            self.workspace.stop()
            self._close_after(0.05)

        self._start()
        self._when(lambda: self._steps() > 1, stop)

    def _paused(self) -> None:
        def pause() -> None:
            self.workspace.toggle_pause()
            self._close_after(0.7)

        self._start()
        self._when(lambda: self._steps() > 1, pause)

    def _generating(self) -> None:
        def generate(_: object = None) -> None:
            request = GenerationRequest(self._writer, "Once upon a time")
            self.workspace.session.generate(request, first, generate, self.workspace.problem_raised.emit)

        def first(_: object) -> None:
            if not self._begun:
                self._begun = True
                self._close_after(0.5)

        self._begun = False
        generate()


def main() -> int:
    home, phase, seed, encoder, writer, data = sys.argv[1:]
    app = QApplication([])
    closer = Closer(phase, int(seed), encoder, writer, data)
    code = run_app(Home(Path(home)))
    del closer, app
    return code


if __name__ == "__main__":
    sys.exit(main())
