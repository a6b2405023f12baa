"""Searching for a link: which heads send one word to another, over sentences and checkpoints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workbench.run.folder import find_run
from workbench.run.home import Home
from workbench.run.inside.census import census
from workbench.run.inside.links import Found, Hit, find, fold, may_hold
from workbench.run.problem import bad_input
from workbench.session.inside.held_out import held_out_texts
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk

#: This many hits are kept, and this many held-out texts that hold the words are read.
KEPT, MOST_TEXTS = 500, 100


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Which heads send `source` to `target`?

    Attributes:
        model: As in `AttentionRequest`.
        source: The word that looks; blank for any.
        target: The word that is looked at; blank for any.
        text: The sentence, read when `held_out` is off.
        run: The run that `held_out` and `checkpoints` are about.
        held_out: Read the run's held-out examples that hold the words.
        checkpoints: Read in each of the run's checkpoints, oldest first, instead of in `model`.
        max_tokens: Texts are cut after this many tokens.
    """

    model: str
    source: str
    target: str
    text: str = ""
    run: str = ""
    held_out: bool = False
    checkpoints: bool = False
    max_tokens: int = 128


def search(home: Home, request: SearchRequest, desk: Desk) -> Found:
    """Every head in which the one word looks at the other, the strongest first.

    What is found so far is reported after each model.

    Raises:
        WorkbenchError: When both words are blank, no text holds them, or the run has no checkpoints.
        JobCancelled: When nobody waits any more.
    """
    from workbench.engine.attention import attention_maps

    if not (fold(request.source) or fold(request.target)):
        raise bad_input("There is no word to search for.", "", "Type a word into one of the two fields.")
    texts, skipped = _texts(home, request)
    models = _models(home, request)
    hits: list[Hit] = []
    titles: list[str] = []
    for model in models:
        loaded = the_model(home, model, desk)
        titles.append(loaded.name)
        for number, text in enumerate(texts):
            desk.check()
            if len(texts) * len(models) > 1:
                desk.report(f"{loaded.name}: sentence {number + 1} of {len(texts)}")
            maps = attention_maps(loaded, text, request.max_tokens)
            hits += find(maps, census(maps), request.source, request.target, text, model)
        hits = _best(hits)
        if len(models) > 1:
            desk.report(Found(tuple(hits), len(texts), skipped, tuple(titles)))
    return Found(tuple(hits), len(texts), skipped, tuple(titles))


def _best(hits: Iterable[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: -hit.weight)[:KEPT]


def _texts(home: Home, request: SearchRequest) -> tuple[tuple[str, ...], int]:
    """The texts to read, and how many do not hold the words."""
    if not request.held_out:
        if not request.text.strip():
            raise bad_input(
                "There is no sentence to search.", "", "Type a sentence, or search the held-out examples."
            )
        return (request.text,), 0
    texts = held_out_texts(home, request.run)
    holding = [text for text in texts if may_hold(text, request.source, request.target)]
    if not holding:
        words = " and ".join(f"‘{word.strip()}’" for word in (request.source, request.target) if word.strip())
        raise bad_input(
            f"No held-out example has {words}.",
            f"{len(texts)} held-out examples of this run were looked through.",
            "Try other words.",
        )
    return tuple(holding[:MOST_TEXTS]), len(texts) - len(holding)


def _models(home: Home, request: SearchRequest) -> tuple[str, ...]:
    if not request.checkpoints:
        return (request.model,)
    run = find_run(home, request.run)
    folders: list[Path] = [folder for folder in run.checkpoint_folders() if (folder / "model").is_dir()]
    if not folders:
        raise bad_input(
            f"The run {run.name} has no checkpoints.",
            "They are saved while it trains, and old ones are deleted.",
            "Search in its model instead.",
        )
    return tuple(str(folder) for folder in folders)
