"""Answering many prompts with several models: in small portions, so that other questions and steps come in between."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from workbench.gui.model_choice import Choice
from workbench.gui.workspace import Workspace
from workbench.run.generation import GenerationSettings
from workbench.run.problem import Problem
from workbench.session.lanes import Ticket
from workbench.session.prompting import Answered, BatchRequest, answer_all

#: So many prompts are asked at once; while a model trains, one at a time.
AT_ONCE = 16


class BatchWork(QObject):
    """One model after the other answers all prompts; what determines the answers stays as it was at the beginning.

    Signals:
        answered: The number of a model, and an `Answered`.
        said: Something on the way, in words.
        over: Nothing more comes.
    """

    answered = Signal(int, object)
    said = Signal(str)
    over = Signal()

    def __init__(
        self,
        workspace: Workspace,
        models: Sequence[Choice],
        prompts: Sequence[str],
        settings: GenerationSettings,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.models, self.prompts, self.settings = tuple(models), tuple(prompts), settings
        self.model = self._row = 0
        #: Why models could not answer at all.
        self.problems: list[Problem] = []
        self.busy = False
        self._ticket: Ticket | None = None

    @property
    def whole(self) -> int:
        """How many answers there are to be."""
        return len(self.prompts) * len(self.models)

    def begin(self) -> None:
        """Answer from the first prompt on."""
        self.busy = True
        self._next()

    def halt(self) -> None:
        """Answer no more."""
        if self.busy:
            if self._ticket is not None:
                self._ticket.cancel()
            self._end()

    def _next(self) -> None:
        if self._row >= len(self.prompts):
            self.model, self._row = self.model + 1, 0
        if self.model >= len(self.models) or not self.prompts:
            self._end()
            return
        count = 1 if self._workspace.session.active is not None else AT_ONCE
        first, self._row = self._row, self._row + count
        prompts = self.prompts[first : first + count]
        request = BatchRequest(self.models[self.model].model, prompts, self.settings, first)
        self._ticket = self._workspace.session.look_inside(
            answer_all, request, self._done, self._failed, self._came
        )

    def _came(self, message: object) -> None:
        if not self.busy:
            return  # it was on its way when the person cancelled
        if isinstance(message, Answered):
            self.answered.emit(self.model, message)
        else:
            self.said.emit(str(message))

    def _done(self, _: object) -> None:
        if self.busy:
            self._next()

    def _failed(self, problem: Problem) -> None:
        """The model cannot answer at all: the others may."""
        self.problems.append(problem)
        self._workspace.problem_raised.emit(problem)
        self._row = len(self.prompts)
        self._done(None)

    def _end(self) -> None:
        self.busy, self._ticket = False, None
        self.over.emit()
