"""The views of the Attention page: a table of frozen rows. A view's module is imported when it is first shown."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.gui.attention.question import Question
    from workbench.gui.attention.view import View
    from workbench.gui.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ViewRow:
    """One view: its key, its words, and the class that shows it."""

    key: str
    title: str
    help: str
    module: str
    widget: str

    def build(self, workspace: Workspace, question: Question) -> View:
        """Make the view's widget."""
        module = importlib.import_module(f"{__name__}.{self.module}")
        made: View = getattr(module, self.widget)(workspace, question)
        return made


VIEWS: tuple[ViewRow, ...] = (
    ViewRow("heads", "Heads", "Which token looks at which, in every head.", "heads", "HeadsView"),
    ViewRow("census", "Census", "What each head mostly does, by which score.", "census", "CensusView"),
    ViewRow("find", "Find", "Which heads send one word to another.", "find", "FindView"),
    ViewRow(
        "explain", "Explain", "Which words made the prediction, by five methods.", "explain", "ExplainView"
    ),
    ViewRow(
        "compare",
        "Before and after",
        "What each head does differently in another model.",
        "compare",
        "CompareView",
    ),
    ViewRow(
        "film", "Film", "How attention and predictions changed while the run trained.", "film", "FilmView"
    ),
    ViewRow(
        "ablate",
        "Take heads away",
        "What the model loses without some of its heads, and a model saved without them.",
        "ablate",
        "AblateView",
    ),
    ViewRow("lens", "Lens", "What the model would answer after each of its layers.", "lens", "LensView"),
    ViewRow("edit", "Edit", "What a change of the sentence changes inside the model.", "edit", "EditView"),
    ViewRow(
        "generation",
        "Writing",
        "What a language model looks at for each token that it writes.",
        "generation",
        "GenerationView",
    ),
    ViewRow(
        "picture", "Picture", "What a vision transformer looks at in a picture.", "picture", "PictureView"
    ),
)
