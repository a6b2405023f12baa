"""The recipe's chat section: how conversations are written for the model, and how they share rows."""

from __future__ import annotations

from typing import Literal

from workbench.run.section import Section, field


class ChatSection(Section):
    """How conversations are written for the model."""

    template: Literal["model", "plain"] = field(
        "model",
        "Chat template",
        "How turns are written for the model. model: as its own template says, or plainly where it has none. plain: as "
        "“User:” and “Assistant:”. The template is saved with the trained model.",
        advanced=True,
    )
    system: str = field(
        "",
        "System prompt",
        "What stands at the head of every conversation that has no system turn of its own, such as how to answer. Give "
        "the same when you ask the trained model. Empty: none.",
        advanced=True,
        max_length=20_000,
    )
    packing: bool = field(
        False,
        "Packing",
        "Put several short conversations into one row of the maximum length. None sees another, and the loss is the "
        "same; a batch then holds more conversations and less padding.",
        advanced=True,
    )
