"""Attention while a language model writes, as the Attention page's view asks for it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from workbench.run.home import Home
from workbench.run.inside.generation import STEPS, WrittenRows
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk

#: Parts of the answer are reported at most this often.
_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class WritingRequest:
    """A text to be continued by at most `steps` tokens, always the likeliest one; `model` as in `AttentionRequest`.

    `chat` wraps the text as a turn of a chat, where the model has a template.
    """

    model: str
    text: str
    steps: int = STEPS
    chat: bool = False


def watch_writing(home: Home, request: WritingRequest, desk: Desk) -> WrittenRows:
    """Write, and read what each step looks at. What there is so far is reported on the way.

    Raises:
        WorkbenchError: When the model cannot write, or its attention cannot be read.
    """
    from workbench.engine.inside.generation import generation_rows

    reported = 0.0

    def say(rows: WrittenRows) -> None:
        nonlocal reported
        if time.monotonic() - reported >= _SECONDS:
            reported = time.monotonic()
            desk.report(rows)

    return generation_rows(
        the_model(home, request.model, desk),
        request.text,
        request.steps,
        chat=request.chat,
        check=desk.check,
        say=say,
        hurried=lambda: desk.hurried,
    )
