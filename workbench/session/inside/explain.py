"""Why a model predicts what it predicts: what the Explain view and the command line ask for."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.run.home import Home
from workbench.run.inside.explanation import METHOD_KEYS, Explanation
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """Scores of the tokens of one text.

    Attributes:
        model: As in `AttentionRequest`.
        text: The text.
        target: Class number or name, or which token of the text of a language model; None takes what the model holds
            most probable.
        methods: Some of `METHOD_KEYS`.
        test: Whether to make the deletion test.
        max_tokens: Longer texts are cut.
    """

    model: str
    text: str
    target: int | str | None = None
    methods: tuple[str, ...] = METHOD_KEYS
    test: bool = True
    max_tokens: int = 128


def explain(home: Home, request: ExplainRequest, desk: Desk) -> Explanation:
    """Explain a prediction; what is there already is reported after each method."""
    from workbench.engine.inside.attributions import explain as score

    return score(
        the_model(home, request.model, desk),
        request.text,
        request.target,
        methods=request.methods,
        test=request.test,
        max_tokens=request.max_tokens,
        check=desk.check,
        report=desk.report,
    )
