"""Taking the census of a model's heads: of one sentence with its maps, or averaged over several."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.run.home import Home
from workbench.run.inside.census import Census, Tally, census, tally
from workbench.run.problem import bad_input
from workbench.run.results import AttentionMaps, PooledMaps
from workbench.session.inside.held_out import held_out_texts
from workbench.session.inspection import attend, the_model
from workbench.session.lanes import Desk
from workbench.session.requests import AttentionRequest

#: Held-out examples that a census is averaged over.
EXAMPLES = 40


@dataclass(frozen=True, slots=True)
class Surveyed:
    """The maps of a sentence and what each head does in it; no census where none could be taken."""

    maps: AttentionMaps | PooledMaps
    census: Census | None


@dataclass(frozen=True, slots=True)
class CensusRequest:
    """A census over `texts`, or over held-out examples of a run where `run` is given."""

    model: str
    texts: tuple[str, ...] = ()
    run: str = ""
    max_tokens: int = 128


def survey(home: Home, request: AttentionRequest, desk: Desk) -> Surveyed:
    """The maps of a text with their census, which is too slow for the window's thread."""
    maps = attend(home, request, desk, census=True)
    desk.check()
    return Surveyed(maps, census_of(maps))


def census_of(maps: AttentionMaps | PooledMaps) -> Census | None:
    """The census; None for maxima of blocks that came without one."""
    return None if isinstance(maps, PooledMaps) and maps.measures is None else census(maps)


def take_census(home: Home, request: CensusRequest, desk: Desk) -> Census:
    """The census of a model over several texts; every token counts the same.

    Raises:
        WorkbenchError: When there is no text, or the model has no readable attention.
        JobCancelled: When nobody waits any more.
    """
    from workbench.engine.attention import attention_maps

    texts = held_out_texts(home, request.run, EXAMPLES) if request.run else request.texts
    if not any(text.strip() for text in texts):
        raise bad_input("There is no text to look at.", "", "Type a sentence.")
    loaded = the_model(home, request.model, desk)
    total: Tally | None = None
    for number, text in enumerate(texts):
        desk.check()
        if len(texts) > 1:
            desk.report(f"Sentence {number + 1} of {len(texts)}")
        one = tally(attention_maps(loaded, text, request.max_tokens))
        total = one if total is None else total + one
    assert total is not None
    return total.census()
