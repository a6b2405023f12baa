"""The views of the Evaluate page: a table of frozen rows. A view's module is imported when it is first shown."""

from __future__ import annotations

from workbench.gui.view_row import ViewRow

#: The view in which the table of rows takes the whole page.
ROWS = "rows"

VIEWS: tuple[ViewRow, ...] = (
    ViewRow(
        "scores",
        "Scores",
        "How often the model is right, for all rows and for each class, and what it takes for what.",
        "evaluate.views.scores",
        "ScoresView",
    ),
    ViewRow(
        "curves",
        "Curves",
        "ROC, precision and recall, how far its probabilities can be believed, and the best threshold.",
        "evaluate.views.curves",
        "CurvesView",
    ),
    ViewRow(ROWS, "Rows", "Only the rows: each with what the model said of it."),
    ViewRow(
        "slices",
        "Slices",
        "Groups of rows on which the model is worse than elsewhere, found by themselves or by a question.",
        "evaluate.views.slices",
        "SlicesView",
    ),
    ViewRow(
        "suspects",
        "Suspects",
        "Rows of the run whose label is most likely wrong: keep, fix or drop each of them.",
        "evaluate.views.suspects",
        "SuspectsView",
    ),
    ViewRow(
        "map",
        "Map",
        "Every row as a point: rows that the model takes to be alike lie close together.",
        "evaluate.views.map",
        "MapView",
    ),
    ViewRow(
        "robustness",
        "Robustness",
        "Small changes of the texts, such as typing errors, and how many predictions they flip.",
        "evaluate.views.robustness",
        "RobustnessView",
    ),
)
