"""What a trained model says of rows that are labelled by hand: its guess, and where it is in doubt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject

from workbench.run.problem import Problem
from workbench.session.lanes import Ticket
from workbench.session.requests import PredictionRequest

if TYPE_CHECKING:
    from workbench.data.frame import Frame, Indices
    from workbench.gui.data.labelling import LabellingPage
    from workbench.gui.workspace import Workspace
    from workbench.run.results import Prediction

Done = Callable[["tuple[Prediction, ...]"], object]
Failed = Callable[[Problem], object]
#: Rows that a model is asked about for the order by doubt.
MOST = 2000


class SecondOpinion(QObject):
    """Asks the model of the run that is selected on the shelf."""

    def __init__(self, workspace: Workspace, page: LabellingPage) -> None:
        super().__init__(page)
        self._workspace, self._page = workspace, page
        self._frame: Frame | None = None
        self._rows: Indices = np.zeros(0, dtype=np.int64)
        #: What the model said, by row: the classes with their probabilities, the best first.
        self.known: dict[int, tuple[tuple[str, float], ...]] = {}
        self._tickets: list[Ticket] = []
        page.guess_wanted.connect(self._guess)
        page.uncertainties_wanted.connect(self._doubts)

    def begin(self, frame: Frame, rows: Indices | None) -> None:
        """Other rows are labelled; None: all of the frame."""
        self.end()
        self._frame = frame
        self._rows = np.arange(frame.rows, dtype=np.int64) if rows is None else rows
        self._page.show_uncertainties(None)  # the choice is open again: another run may be selected

    def end(self) -> None:
        """What was asked is of no use any more."""
        for ticket in self._tickets:
            ticket.cancel()
        self._tickets, self.known, self._frame = [], {}, None

    def _model(self) -> str:
        """The selected run, if it learned classes and has a model; empty for none."""
        run = self._workspace.summary(self._workspace.selected or "")
        there = run and run.task == "text-classification" and run.status in ("finished", "stopped")
        return run.name if run and there and run.steps else ""

    def _texts(self, rows: Indices) -> tuple[str, ...]:
        assert self._frame is not None
        chosen = self._frame.take(rows)
        return tuple(text or "" for text in chosen.column(self._frame.text))

    def _guess(self, row: int) -> None:
        if row in self.known:
            self._page.show_guess(row, self.known[row])
            return
        model = self._model()
        if not model or self._frame is None:
            return

        def done(found: tuple[Prediction, ...]) -> None:
            self.known[row] = found[0].classes
            self._page.show_guess(row, found[0].classes)

        self._ask(model, np.array([row], dtype=np.int64), done, lambda problem: None)

    def _doubts(self) -> None:
        model, page = self._model(), self._page
        if not model:
            why = self.tr(
                "Select a finished run with classes on the shelf: its model says where it is in doubt."
            )
            page.show_uncertainties(None, why)
            return
        if len(self._rows) > MOST:
            page.show_uncertainties(None, self.tr("There are more than {0} rows to ask about.").format(MOST))
            return

        def done(found: tuple[Prediction, ...]) -> None:
            self.known = {int(row): one.classes for row, one in zip(self._rows, found, strict=True)}
            # Least confidence (Lewis and Gale 1994): how far the best class is from certain.
            page.show_uncertainties(np.array([1.0 - one.classes[0][1] for one in found]))

        self._ask(model, self._rows, done, lambda problem: page.show_uncertainties(None, _words(problem)))

    def _ask(self, model: str, rows: Indices, done: Done, failed: Failed) -> None:
        request = PredictionRequest(model, self._texts(rows))
        self._tickets.append(self._workspace.session.predict(request, done, failed))


def _words(problem: Problem) -> str:
    return f"{problem.title} {problem.remedy}".strip()
