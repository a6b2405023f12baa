"""The recipe's pinned section: prompts that the model answers again and again while it learns."""

from __future__ import annotations

from workbench.run.film_fields import Texts
from workbench.run.section import Section, field


class PinnedSection(Section):
    """What a language model is asked while it trains."""

    on: bool = field(
        True,
        "Answers while training",
        "Let the model answer a few pinned prompts now and then while it learns, so that one sees it change. The "
        "training comes to the same with it and without. Counts for models that write.",
        advanced=True,
    )
    prompts: Texts = field(
        (),
        "Pinned prompts",
        "The prompts that are answered, with | between them, 8 at most. Empty: two held-out ones.",
        advanced=True,
    )
    every: int = field(
        0,
        "Answered every",
        "How many steps lie between two rounds of answers. 0: often at first, then as often as the share of time "
        "below allows.",
        unit="steps",
        advanced=True,
        ge=0,
    )
    length: int = field(
        40,
        "Answer length",
        "The answers stop after this many tokens at the latest.",
        unit="tokens",
        advanced=True,
        ge=1,
        le=2000,
    )
    budget: float = field(
        0.02,
        "Answering time",
        "The largest share of the training time that answering may take where no number of steps is given.",
        unit="share of time",
        advanced=True,
        gt=0,
        le=100,
    )
