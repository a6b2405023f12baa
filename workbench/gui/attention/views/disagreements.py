"""The held-out texts on which two classifiers disagree, asked for by a button."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QSizePolicy

from workbench.gui.attention.question import Question
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.model_choice import CLASSIFIER, Choice
from workbench.gui.probabilities import percent
from workbench.gui.widgets import Card, GhostButton, Muted, show_if
from workbench.gui.workspace import Workspace
from workbench.run.problem import Problem
from workbench.session.inside.compare import Disagreement, DisagreementRequest, disagreements
from workbench.session.lanes import Ticket


class Disagreements(Card):
    """Offers to ask both models about the held-out texts; a click on a row takes its text up."""

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(QCoreApplication.translate("Disagreements", "Where the predictions differ"))
        self._workspace, self._question = workspace, question
        self._models: tuple[Choice, Choice] | None = None
        self._ticket: Ticket | None = None
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.look = GhostButton(
            self.tr("Look through the held-out texts"),
            help=self.tr("Ask both models about up to 500 held-out texts of the run."),
            on_click=self._ask,
        )
        self.words = Muted("", wrap=True)
        self.table = RowsTable(
            [
                Heading(self.tr("Text"), wide=True),
                Heading(self.tr("Before"), self.tr("What the model that is compared with predicts.")),
                Heading(self.tr("After"), self.tr("What the model above predicts, and how sure it is.")),
            ],
            self.tr("Texts on which the two disagree"),
            self.tr("Click a row to look at its text."),
        )
        self.table.setMinimumHeight(84)
        self.table.setMaximumHeight(136)
        self.add(self.words)
        self.add(self.table)
        self.add(self.look)
        self.table.opened.connect(question.set_text)
        self._say("")

    def show_models(self, choice: Choice, other: Choice) -> None:
        """Take another pair of models; what was found for the last one goes."""
        if self._models is not None and (choice, other) == self._models:
            return
        if self._ticket:
            self._ticket.cancel()
            self._ticket = None
        self._models = (choice, other)
        self.table.show_rows([])
        both = choice.task == other.task == CLASSIFIER
        run = choice.run or other.run
        if both and run:
            self._say(self.tr("Not looked for yet."))
        elif both:
            self._say(self.tr("Neither model belongs to a run, so there are no held-out texts."))
        else:
            self._say(self.tr("Only two classifiers can disagree about a class."))
        show_if(self.look, both and bool(run))

    def _say(self, words: str) -> None:
        self.words.setText(words)
        show_if(self.table, False)

    def _ask(self) -> None:
        if self._models is None or self._ticket is not None:
            return
        choice, other = self._models
        self._say(self.tr("Asking…"))
        self._ticket = self._workspace.session.look_inside(
            disagreements,
            DisagreementRequest(choice.model, other.model, choice.run or other.run),
            self._arrived,
            self._failed,
            self._say,
            between_steps=False,
        )

    def _arrived(self, found: Disagreement) -> None:
        self._ticket = None
        self._say(
            self.tr("They disagree on {0} of {1} held-out texts.").format(len(found.pairs), found.asked)
        )
        self.table.show_rows(
            [
                Row(
                    (
                        Cell(before.text),
                        Cell(before.label),
                        Cell(f"{after.label} {percent(after.classes[0][1])}", after.classes[0][1]),
                    ),
                    before.text,
                )
                for before, after in found.pairs
            ]
        )
        show_if(self.table, bool(found.pairs))
        show_if(self.look, False)

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self._say(f"{problem.title} {problem.cause}".strip())
        self._workspace.problem_raised.emit(problem)
