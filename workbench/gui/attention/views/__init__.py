"""The views of the Attention page: a table of frozen rows. A view's module is imported when it is first shown."""

from __future__ import annotations

from workbench.gui.view_row import ViewRow

VIEWS: tuple[ViewRow, ...] = (
    ViewRow(
        "heads", "Heads", "Which token looks at which, in every head.", "attention.views.heads", "HeadsView"
    ),
    ViewRow(
        "census",
        "Census",
        "What each head mostly does, by which score.",
        "attention.views.census",
        "CensusView",
    ),
    ViewRow("find", "Find", "Which heads send one word to another.", "attention.views.find", "FindView"),
    ViewRow(
        "explain",
        "Explain",
        "Which words made the prediction, by five methods.",
        "attention.views.explain",
        "ExplainView",
    ),
    ViewRow(
        "compare",
        "Before and after",
        "What each head does differently in another model.",
        "attention.views.compare",
        "CompareView",
    ),
    ViewRow(
        "film",
        "Film",
        "How attention and predictions changed while the run trained.",
        "attention.views.film",
        "FilmView",
    ),
    ViewRow(
        "ablate",
        "Take heads away",
        "What the model loses without some of its heads, and a model saved without them.",
        "attention.views.ablate",
        "AblateView",
    ),
    ViewRow(
        "lens",
        "Lens",
        "What the model would answer after each of its layers.",
        "attention.views.lens",
        "LensView",
    ),
    ViewRow(
        "edit",
        "Edit",
        "What a change of the sentence changes inside the model.",
        "attention.views.edit",
        "EditView",
    ),
    ViewRow(
        "generation",
        "Writing",
        "What a language model looks at for each token that it writes.",
        "attention.views.generation",
        "GenerationView",
    ),
    ViewRow(
        "picture",
        "Picture",
        "What a vision transformer looks at in a picture.",
        "attention.views.picture",
        "PictureView",
    ),
)
