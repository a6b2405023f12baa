"""The layer lens, as the Attention page's view and the command line ask for it."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.run.home import Home
from workbench.run.inside.lens import Lens
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk


@dataclass(frozen=True, slots=True)
class LensRequest:
    """What the model would answer after each layer; `model` as in `AttentionRequest`."""

    model: str
    text: str
    max_tokens: int = 128


def read_layers(home: Home, request: LensRequest, desk: Desk) -> Lens:
    """Read the guess out after each layer.

    Raises:
        WorkbenchError: When the model makes no prediction, or its layers cannot be read out.
    """
    from workbench.engine.inside.lens import layer_lens

    loaded = the_model(home, request.model, desk)
    return layer_lens(loaded, request.text, request.max_tokens, desk.check, desk.report)
