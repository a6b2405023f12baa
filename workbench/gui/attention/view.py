"""What all views of the Attention page share: they ask when they are seen, drop what is stale, and say why
there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.attention.question import Question
from workbench.gui.model_choice import PICTURES, Choice
from workbench.gui.model_setup import ModelSetup
from workbench.gui.widgets import EmptyState
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.problem import Problem
from workbench.session.lanes import Desk, Ticket


@dataclass(frozen=True, slots=True)
class Ask:
    """Work for the engine: `work(home, request, desk)` gives what `View.show_answer` receives.

    `between_steps` allows it to be served between two steps of a training, which waits for it: only for what takes
    less than about a second, or is done `in_slices`, between which the training goes on.
    """

    work: Callable[[Home, Any, Desk], Any]
    request: object
    between_steps: bool = True
    in_slices: bool = False


@dataclass(frozen=True, slots=True)
class HeadWish:
    """A head that the person wants enlarged, in this sentence and model; empty for those that are chosen."""

    layer: int
    head: int
    text: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class HeadRating:
    """Numbers by which a model's heads can be ordered elsewhere: `key` as in `arrangement.RATED`, `values` of shape
    (layers, heads), NaN where there is no such head."""

    key: str
    model: str
    values: NDArray[np.float64]


class View(QWidget):
    """One way to look into a model.

    A view gives `wanted`, `show_answer` and `forget`, and puts its widgets into `self.content`, a widget that takes
    a layout. The page calls `ask` when the sentence or the model is another one; a view that is not seen asks when
    it is shown.
    """

    #: Whether there is something to show without a sentence.
    needs_text: ClassVar[bool] = True
    #: Whether it looks into models that read pictures; the others read texts.
    reads_pictures: ClassVar[bool] = False
    #: Above the sentence while there is none.
    invitation: ClassVar[str] = "Type a sentence, or pick an example."
    #: Whether the window's banner tells problems as well as the view itself.
    alarms: ClassVar[bool] = True

    busy_changed = Signal(str)  # what the engine does for this view; empty when it rests
    head_wanted = Signal(object)  # a HeadWish
    heads_rated = Signal(object)  # a HeadRating

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__()
        self.workspace, self.question = workspace, question
        self.asking = False
        self._ticket: Ticket | None = None
        self._stale = True
        self._answered = False
        self.content = QWidget()
        self.empty = EmptyState("attention", self.tr("Type a sentence"), " ")
        self.setup = ModelSetup(workspace)
        self.stack = QStackedWidget()
        for page in (self.content, self.empty, self.setup):
            self.stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stack)
        self.setup.ready.connect(lambda name: self.ask())
        self.say_empty()

    # ---- what a view gives

    def wanted(self, choice: Choice, text: str) -> Ask | None:
        """What to ask of this model about this sentence; None when something is missing (then `say_empty`)."""
        raise NotImplementedError

    def show_answer(self, answer: Any) -> None:
        """Show what the work gave."""
        raise NotImplementedError

    def forget(self) -> None:
        """Drop the last answer; something else is asked, or there was a problem."""

    def say_empty(self) -> None:
        """Explain what one would see here."""
        if self.question.chooser.choice() is None:
            self.empty.say(
                self.tr("No model yet"),
                self.tr("Models appear here once the shelf has been read."),
                "attention",
            )
        else:
            self.empty.say(self.tr("Type a sentence"), self.tr(self.invitation), "attention")
        self.stack.setCurrentWidget(self.empty)

    def say_unfit(self, choice: Choice) -> None:
        """Explain that a model that reads pictures has nothing to show here."""
        self.empty.say(
            self.tr("{0} reads pictures").format(choice.title),
            self.tr("This view is about words. Go to Picture, or choose a model for text above."),
            "attention",
        )
        self.stack.setCurrentWidget(self.empty)

    # ---- asking

    def showEvent(self, event: QShowEvent) -> None:
        """Ask when it is looked at for the first time, or after something changed unseen."""
        super().showEvent(event)
        if self._stale:
            self.ask()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody waits for an answer that nobody sees."""
        super().hideEvent(event)
        if self._ticket:
            self._drop()
            self._stale = True

    def ask(self) -> None:
        """Ask about the sentence and the model; an older question is dropped."""
        self._drop()
        if not self.isVisible():
            self._stale = True
            return
        self._stale = False
        text, choice = self.question.text(), self.question.chooser.choice()
        if choice is not None and (choice.task == PICTURES) != self.reads_pictures:
            self._forget()
            self.say_unfit(choice)
            return
        if choice is None or (self.needs_text and not text):
            self._forget()
            self.say_empty()
            return
        if not choice.ready:
            self.setup.explain(choice.model)
            self.stack.setCurrentWidget(self.setup)
            return
        ask = self.wanted(choice, text)
        if ask is None:
            self._forget()
            self.say_empty()
            return
        if not self._answered:
            self.empty.say(
                self.tr("Reading"),
                self.tr("{0} is loaded first, which can take some seconds.").format(choice.title),
            )
            self.stack.setCurrentWidget(self.empty)
        self.run(ask)

    def run(self, ask: Ask) -> None:
        """Have this done now; an older question is dropped."""
        self._drop()
        self._tell(self.tr("Reading…"))
        self._ticket = self.workspace.session.look_inside(
            ask.work,
            ask.request,
            self._arrived,
            self._failed,
            self._reported,
            between_steps=ask.between_steps,
            in_slices=ask.in_slices,
        )

    def cancel(self) -> None:
        """Drop what is asked; what is shown stays."""
        self._drop()

    def _drop(self) -> None:
        if self._ticket:
            self._ticket.cancel()
            self._ticket = None
            self._tell("")

    def _tell(self, words: str) -> None:
        self.asking = bool(words)
        self.busy_changed.emit(words)

    def _forget(self) -> None:
        self._answered = False
        self.forget()

    def _reported(self, value: object) -> None:
        """Progress: words are shown; anything else is for the view."""
        if isinstance(value, str):
            self._tell(value)
        else:
            self.show_progress(value)

    def show_progress(self, value: Any) -> None:
        """Show a part of the answer that is there already."""

    def _arrived(self, answer: Any) -> None:
        self._ticket = None
        self._tell("")
        self._answered = True
        self.show_answer(answer)
        self.stack.setCurrentWidget(self.content)

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self._tell("")
        if self.question.is_live() and self.workspace.session.active is None:
            return  # the training ended before it could answer; the chooser turns to its run and asks again
        self._forget()
        self.empty.say(problem.title, f"{problem.cause} {problem.remedy}".strip(), "alert")
        self.stack.setCurrentWidget(self.empty)
        if self.alarms:
            self.workspace.problem_raised.emit(problem)
