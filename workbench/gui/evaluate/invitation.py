"""What stands on the Evaluate page where nothing is measured: why, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

from workbench.gui.model_choice import Choice
from workbench.gui.widgets import EmptyState
from workbench.run.problem import Problem


class Invitation(EmptyState):
    """Words for each reason, and a button where something can be done."""

    def __init__(self, on_action: Callable[[], object]) -> None:
        super().__init__("measure", "", " ", "-", on_action)
        self.say(self.tr("Nothing measured yet"), " ")

    def say_unmeasured(self, choice: Choice | None) -> None:
        """These rows were not asked about yet."""
        self.say(
            self.tr("{0} is not measured on these rows yet").format(
                choice.title.partition(" · ")[0] if choice else ""
            ),
            self.tr(
                "The model is asked about every row. You see how often it is right, on which rows it is wrong, and "
                "whether it is better than another one. The answer is kept and opens at once the next time."
            ),
            "measure",
        )
        self._offer(self.tr("Measure"))

    def say_unfit(self, choice: Choice | None, writes: bool) -> None:
        """There is no model, or one that is not measured so; `writes` tells that it writes text."""
        if choice is None:
            self.say(self.tr("No model yet"), self.tr("Train one, or choose a run at the left."), "measure")
            self._offer("")
        elif writes:
            self.say(
                self.tr("{0} writes text").format(choice.title),
                self.tr(
                    "A language model is measured on questions with known answers: how often it is right, how well it "
                    "foresees the answers, and what it knows by heart."
                ),
                "measure",
            )
            self._offer(self.tr("Evaluate a language model…"))
        else:
            self.say(
                self.tr("Nothing is measured of {0} here").format(choice.title),
                self.tr("This page is for models that give texts a class, labels, numbers or marks."),
                "measure",
            )
            self._offer("")

    def say_measuring(self) -> None:
        """It is being measured for the first time."""
        self.say(self.tr("Measuring"), self.tr("The model is asked about every row."), "clock")
        self._offer("")

    def say_problem(self, problem: Problem) -> None:
        """It cannot be measured."""
        self.say(problem.title, f"{problem.cause} {problem.remedy}".strip(), "alert")
        self._offer("")

    def _offer(self, action: str) -> None:
        self.action.setText(action or "-")
        self.action.setAccessibleName(action)
        self.action.setVisible(bool(action))
