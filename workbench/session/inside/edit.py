"""Edit and see: a sentence and an edited one in the same model, as the Attention page's view asks for it."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.run.home import Home
from workbench.run.inside.edit import Edited
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk


@dataclass(frozen=True, slots=True)
class EditRequest:
    """What an edit changes; `model` as in `AttentionRequest`."""

    model: str
    original: str
    edited: str
    max_tokens: int = 128


def compare_texts(home: Home, request: EditRequest, desk: Desk) -> Edited:
    """Read both texts.

    Raises:
        WorkbenchError: When one of them is empty, or the model has no attention that can be read.
    """
    from workbench.engine.inside.edit import read_edit

    loaded = the_model(home, request.model, desk)
    return read_edit(loaded, request.original, request.edited, request.max_tokens, desk.check)
