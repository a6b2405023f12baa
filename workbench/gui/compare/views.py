"""The views of the Compare page: a table of frozen rows. A view's module is imported when it is first shown."""

from __future__ import annotations

from workbench.gui.view_row import ViewRow

#: The view in which the table takes the whole page.
TABLE = "table"
#: The view that compares two runs.
ROWS = "rows"

VIEWS: tuple[ViewRow, ...] = (
    ViewRow(TABLE, "Table", "Only the table: what differs between the ticked runs, and what came out."),
    ViewRow("curves", "Curves", "Loss and scores of the ticked runs over each other.", "compare.curves", "CurvesView"),
    ViewRow("scatter", "Scatter", "Any two columns against each other.", "compare.scatter", "ScatterView"),
    ViewRow(
        "parallel", "Parallel", "All settings that differ beside each other, up to the score.",
        "compare.parallel", "ParallelView",
    ),
    ViewRow(
        "ranking", "Leaderboard", "Who is first on which data; only runs on the same held-out rows are ranked.",
        "compare.ranking", "RankingView",
    ),
    ViewRow(
        ROWS, "Row by row", "What one run gets right that another got wrong, and the reverse.",
        "compare.row_by_row", "RowByRowView",
    ),
)  # fmt: skip
