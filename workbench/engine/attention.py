"""Reading attention: what the other parts of the engine use of it."""

from __future__ import annotations

from workbench.engine.inside.capture import attention_maps, capture, capture_head, ranked
from workbench.engine.inside.reading import Wanted, readable_tokens
from workbench.engine.inside.switching import eager

__all__ = ["Wanted", "attention_maps", "capture", "capture_head", "eager", "ranked", "readable_tokens"]
