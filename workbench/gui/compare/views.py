"""The views of the Compare page: a table of frozen rows. A view's module is imported when it is first shown."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.gui.compare.board import Board
    from workbench.gui.compare.view import View
    from workbench.gui.workspace import Workspace

#: The view in which the table takes the whole page.
TABLE = "table"
#: The view that compares two runs.
ROWS = "rows"


@dataclass(frozen=True, slots=True)
class ViewRow:
    """One view: its key, its words, and the class that shows it; without a module only the table is shown."""

    key: str
    title: str
    help: str
    module: str = ""
    widget: str = ""

    def build(self, workspace: Workspace, board: Board) -> View:
        """Make the view's widget."""
        module = importlib.import_module(f"workbench.gui.compare.{self.module}")
        made: View = getattr(module, self.widget)(workspace, board)
        return made


VIEWS: tuple[ViewRow, ...] = (
    ViewRow(TABLE, "Table", "Only the table: what differs between the ticked runs, and what came out."),
    ViewRow("curves", "Curves", "Loss and scores of the ticked runs over each other.", "curves", "CurvesView"),
    ViewRow("scatter", "Scatter", "Any two columns against each other.", "scatter", "ScatterView"),
    ViewRow(
        "parallel", "Parallel", "All settings that differ beside each other, up to the score.",
        "parallel", "ParallelView",
    ),
    ViewRow(
        "ranking", "Leaderboard", "Who is first on which data; only runs on the same held-out rows are ranked.",
        "ranking", "RankingView",
    ),
    ViewRow(
        ROWS, "Row by row", "What one run gets right that another got wrong, and the reverse.",
        "row_by_row", "RowByRowView",
    ),
)  # fmt: skip
