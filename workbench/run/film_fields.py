"""The recipe's film section: what is recorded of a model's attention while it trains."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from workbench.run.section import Section, field

#: Stands between two texts where they are given in one line.
BETWEEN = "|"


def _texts(given: Any) -> Any:
    if isinstance(given, str):
        return tuple(text for part in given.split(BETWEEN) if (text := part.strip()))
    return tuple(given) if isinstance(given, list) else given


#: Texts in their order; files give a list, a form gives one line with | between them.
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts), Field(max_length=8)]


class FilmSection(Section):
    """What is recorded of a model's attention while it trains."""

    on: bool = field(
        True,
        "Training film",
        "Record how attention and predictions change on a few pinned sentences while the model learns. The training "
        "comes to the same with it and without.",
        advanced=True,
    )
    probes: Texts = field(
        (),
        "Pinned sentences",
        "The sentences that are filmed, with | between them, 8 at most. Empty: some short held-out rows.",
        advanced=True,
    )
    frames: int = field(
        120,
        "Film frames",
        "About how many frames a whole run gives. They lie close together at the beginning, where most changes.",
        unit="frames",
        advanced=True,
        ge=2,
        le=2000,
    )
    budget: float = field(
        0.03,
        "Film time",
        "The largest share of the training time that filming may take; where frames cost more, there are fewer.",
        unit="share of time",
        advanced=True,
        gt=0,
        le=100,
    )
