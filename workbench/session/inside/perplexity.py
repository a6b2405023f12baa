"""How well one or two language models foresee a text, as the Prompt page and the command line ask for it."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.run.home import Home
from workbench.run.inside.perplexity import ScoredText
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """A text's probability under `model`, and under `other` where one is named; models as in `AttentionRequest`."""

    model: str
    text: str
    other: str = ""


def score(home: Home, request: ScoreRequest, desk: Desk) -> ScoredText:
    """The probability of each token of a text.

    Raises:
        WorkbenchError: When a model is no language model, or the text is too short.
    """
    from workbench.engine.inside.perplexity import score_text

    first = score_text(the_model(home, request.model, desk), request.text, desk.check)
    if not request.other:
        return ScoredText(first)
    return ScoredText(first, score_text(the_model(home, request.other, desk), request.text, desk.check))
