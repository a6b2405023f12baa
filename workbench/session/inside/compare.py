"""Comparing two models: their heads on a sentence, and the held-out rows on which they disagree."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.run.home import Home
from workbench.run.inside.comparison import Comparison, compare
from workbench.run.problem import bad_input
from workbench.run.results import AttentionMaps, Prediction
from workbench.session.inside.held_out import held_out_texts
from workbench.session.inspection import attend, the_model
from workbench.session.lanes import Desk
from workbench.session.requests import AttentionRequest

#: Held-out texts that both models are asked about, and how many are asked at once.
MOST_TEXTS, PORTION = 500, 32


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """`model` compared with `other`, on one text; models as in `AttentionRequest`."""

    model: str
    other: str
    text: str
    max_tokens: int = 128


@dataclass(frozen=True, slots=True)
class DisagreementRequest:
    """On which held-out texts of `run` do the two models disagree?"""

    model: str
    other: str
    run: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The texts on which two classifiers differ, those of which `model` is surest first.

    Attributes:
        pairs: What `other` and what `model` predicts of a text.
        asked: How many texts both were asked about.
    """

    pairs: tuple[tuple[Prediction, Prediction], ...]
    asked: int


def compare_heads(home: Home, request: ComparisonRequest, desk: Desk) -> Comparison:
    """The heads of two models on one text.

    Raises:
        WorkbenchError: When the models have different heads or read different words, or the text is too long to be
            read whole.
    """
    found = []
    for name in (request.other, request.model):
        desk.check()
        maps = attend(home, AttentionRequest(name, request.text, request.max_tokens), desk)
        if not isinstance(maps, AttentionMaps):
            raise bad_input("The text is too long to be compared cell by cell.", "", "Choose a shorter one.")
        found.append(maps)
    return compare(*found)


def disagreements(home: Home, request: DisagreementRequest, desk: Desk) -> Disagreement:
    """The held-out texts on which two classifiers predict different classes.

    Raises:
        WorkbenchError: When one of them is no classifier, or the run held nothing out.
    """
    from workbench.engine.prediction import predict

    texts = held_out_texts(home, request.run, MOST_TEXTS)
    loaded = [the_model(home, name, desk) for name in (request.other, request.model)]
    for model in loaded:
        if model.head not in ("classifier", "multi-label"):
            raise bad_input(
                f"{model.name} does not put texts into classes.",
                "Only classes can be the same or not.",
                "Compare two runs, or two checkpoints, that learnt the same classes.",
            )
    classes = [model.class_names for model in loaded]
    if sorted(classes[0]) != sorted(classes[1]):
        told = [", ".join(names[:6]) for names in classes]
        raise bad_input(
            "These two models know different classes.",
            f"{loaded[0].name} knows {told[0]}; {loaded[1].name} knows {told[1]}.",
            "Compare two runs, or two checkpoints, that learnt the same classes.",
        )
    answers: list[list[Prediction]] = [[], []]
    for start in range(0, len(texts), PORTION):
        desk.report(f"Held-out text {start + 1} of {len(texts)}")
        for model, found in zip(loaded, answers, strict=True):
            desk.check()
            found += predict(model, texts[start : start + PORTION], desk.check)
    pairs = [(a, b) for a, b in zip(*answers, strict=True) if a.label != b.label]
    pairs.sort(key=lambda pair: -pair[1].classes[0][1])
    return Disagreement(tuple(pairs), len(texts))
