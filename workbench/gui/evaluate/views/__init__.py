"""The views of the Evaluate page: a table of frozen rows. A view's module is imported when it is first shown."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.gui.evaluate.board import Board
    from workbench.gui.evaluate.view import View
    from workbench.gui.workspace import Workspace

#: The view in which the table of rows takes the whole page.
ROWS = "rows"


@dataclass(frozen=True, slots=True)
class ViewRow:
    """One view: its key, its words, and the class that shows it; without a module only the rows are shown."""

    key: str
    title: str
    help: str
    module: str = ""
    widget: str = ""

    def build(self, workspace: Workspace, board: Board) -> View:
        """Make the view's widget."""
        module = importlib.import_module(f"{__name__}.{self.module}")
        made: View = getattr(module, self.widget)(workspace, board)
        return made


VIEWS: tuple[ViewRow, ...] = (
    ViewRow(
        "scores",
        "Scores",
        "How often the model is right, for all rows and for each class, and what it takes for what.",
        "scores",
        "ScoresView",
    ),
    ViewRow(
        "curves",
        "Curves",
        "ROC, precision and recall, how far its probabilities can be believed, and the best threshold.",
        "curves",
        "CurvesView",
    ),
    ViewRow(ROWS, "Rows", "Only the rows: each with what the model said of it."),
    ViewRow(
        "slices",
        "Slices",
        "Groups of rows on which the model is worse than elsewhere, found by themselves or by a question.",
        "slices",
        "SlicesView",
    ),
    ViewRow(
        "suspects",
        "Suspects",
        "Rows of the run whose label is most likely wrong: keep, fix or drop each of them.",
        "suspects",
        "SuspectsView",
    ),
    ViewRow(
        "map",
        "Map",
        "Every row as a point: rows that the model takes to be alike lie close together.",
        "map",
        "MapView",
    ),
    ViewRow(
        "robustness",
        "Robustness",
        "Small changes of the texts, such as typing errors, and how many predictions they flip.",
        "robustness",
        "RobustnessView",
    ),
)
