"""From a step's logits to a token: the rules that change the probabilities, and the draw."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from workbench.run.generation import GenerationSettings
from workbench.run.problem import bad_input


def rules(settings: GenerationSettings) -> LogitsProcessorList:
    """Transformers' own processors in `generate`'s order, so that the two agree.

    At temperature 0 and with beams nothing is drawn, so that only the repetition penalty counts.
    """
    found = LogitsProcessorList()
    if settings.repetition_penalty != 1.0:
        found.append(RepetitionPenaltyLogitsProcessor(penalty=settings.repetition_penalty))
    if settings.temperature > 0 and settings.beams == 1:
        if settings.temperature != 1.0:
            found.append(TemperatureLogitsWarper(settings.temperature))
        if settings.top_k > 0:
            found.append(TopKLogitsWarper(top_k=settings.top_k))
        if settings.top_p < 1.0:
            found.append(TopPLogitsWarper(top_p=settings.top_p))
        if settings.min_p > 0:
            found.append(MinPLogitsWarper(min_p=settings.min_p))
    return found


class Chance:
    """The draws of one answer: exactly one number of a generator of its own for each token.

    So an answer is the same whatever was drawn before, training is not disturbed, and one that is continued after
    its first n tokens goes on as it did.
    """

    def __init__(self, seed: int, skipped: int = 0) -> None:
        self._generator = torch.Generator(device="cpu").manual_seed(seed)
        for _ in range(skipped):
            self._number()

    def _number(self) -> float:
        return float(torch.rand((), generator=self._generator, dtype=torch.float64))

    def draw(self, probabilities: torch.Tensor) -> int:
        """A token, drawn from probabilities of shape (vocabulary,)."""
        sums = torch.cumsum(probabilities.cpu().double(), dim=0)
        drawn = torch.searchsorted(sums, self._number() * sums[-1], right=True)
        return min(int(drawn), len(sums) - 1)


def chosen(settings: GenerationSettings, scores: torch.Tensor, chance: Chance) -> tuple[int, float]:
    """A step's token and its probability.

    Args:
        settings: Whether the most probable token is taken, or one is drawn.
        scores: The logits after the rules, shape (vocabulary,).
        chance: What is drawn with.

    Raises:
        WorkbenchError: When the model gives no numbers.
    """
    probabilities = torch.softmax(scores, dim=-1)
    token = int(scores.argmax()) if settings.temperature == 0 else chance.draw(probabilities)
    probability = float(probabilities[token])
    require_numbers(probability)
    return token, probability


def require_numbers(value: float) -> None:
    """Refuse what a broken model gives.

    Raises:
        WorkbenchError: When it is not a number.
    """
    if math.isnan(value):
        raise bad_input(
            "The model's answer is not a number.",
            "Its weights were damaged, most often by a training whose loss went to infinity.",
            "Choose an earlier checkpoint of the run, or train with a smaller learning rate.",
        )


def held_back(text: str, stops: Sequence[str]) -> int:
    """How many characters at the end of a text may be the beginning of a stop text."""
    longest = max((len(stop) for stop in stops), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(stop.startswith(text[-length:]) for stop in stops):
            return length
    return 0


def cut_at(text: str, stops: Sequence[str]) -> str | None:
    """The text before the first stop text in it; None where there is none."""
    places = [place for place in (text.find(stop) for stop in stops) if place >= 0]
    return text[: min(places)] if places else None
