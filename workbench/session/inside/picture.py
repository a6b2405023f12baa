"""Attention over a picture, as the Attention page's view asks for it."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.run.home import Home
from workbench.run.problem import bad_input
from workbench.run.results import AttentionMaps
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk

#: Maps of more bytes are refused: a picture has the same number of patches whatever it shows.
_MOST = 1 << 30


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """The attention of a vision transformer for a picture file; `model` as in `AttentionRequest`."""

    model: str
    image: str


def look_at_picture(home: Home, request: PictureRequest, desk: Desk) -> AttentionMaps:
    """All maps in full, and the picture as the model sees it.

    Raises:
        WorkbenchError: When the model reads no pictures, the file is none, or the maps are too large.
    """
    from workbench.engine.attention import Wanted, capture

    maps = capture(the_model(home, request.model, desk), "", Wanted(image=request.image, full_bytes=_MOST))
    if not isinstance(maps, AttentionMaps):
        raise bad_input(
            "This model cuts pictures into too many patches to show all heads.",
            f"It reads {len(maps.tokens)} tokens.",
            "Choose a model with larger patches or smaller pictures.",
        )
    return maps
