"""Beam search: the most probable whole answers instead of the most probable next token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList

from workbench.engine.choices import probabilities_of
from workbench.engine.generation import end_tokens
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel
from workbench.engine.reader import is_two_sided, room_for, start_token
from workbench.run.generation import GenerationSettings

#: The tokens of an answer with their probabilities, and what ended it.
Found = tuple[list[tuple[int, float]], str]


def search(
    loaded: LoadedModel | LiveModel,
    ids: Sequence[int],
    settings: GenerationSettings,
    begun: Sequence[int],
    cancelled: Callable[[], bool],
) -> list[Found]:
    """The most probable answers that transformers' beam search finds, best first.

    Args:
        loaded: A language model.
        ids: The prompt.
        settings: At least as many beams as answers are followed.
        begun: Tokens that each answer begins with.
        cancelled: Asked before each token.
    """
    room = min(settings.max_new_tokens, room_for(loaded, len(ids))) - len(begun)
    if room < 1:
        return [([], "length")]
    ends = sorted(end_tokens(loaded))
    inputs, before = _inputs(loaded, ids, begun)
    asked = GenerationConfig(  # type: ignore[no-untyped-call]
        num_beams=max(settings.beams, settings.answers),
        num_return_sequences=settings.answers,
        do_sample=False,
        max_new_tokens=room,
        repetition_penalty=settings.repetition_penalty,
        eos_token_id=ends or None,
        pad_token_id=_padding(loaded, ends),
    )
    criteria = StoppingCriteriaList([_Asked(cancelled)])
    with untouched(loaded.model):
        rows = loaded.model.generate(**inputs, generation_config=asked, stopping_criteria=criteria)
        found = []
        for row in rows[:, before:].tolist():
            length = next((place for place, token in enumerate(row) if token in ends), None)
            tokens = row if length is None else row[: length + 1]
            probabilities = probabilities_of(loaded, ids, [*begun, *tokens], settings, len(begun))
            over = "person" if length is None and len(tokens) < room else "length"
            found.append((list(zip(tokens, probabilities, strict=True)), over))
    return found


def _inputs(
    loaded: LoadedModel | LiveModel, ids: Sequence[int], begun: Sequence[int]
) -> tuple[dict[str, Any], int]:
    """What `generate` is given, and how many tokens its answers begin with that are none of theirs."""
    two_sided = is_two_sided(loaded)
    read = torch.tensor([[*ids, *(() if two_sided else begun)]], device=loaded.device)
    inputs = {"input_ids": read, "attention_mask": torch.ones_like(read)}
    if not two_sided:
        return inputs, read.shape[1]
    own = torch.tensor([[start_token(loaded.model), *begun]], device=loaded.device)
    return {**inputs, "decoder_input_ids": own}, own.shape[1]


def _padding(loaded: LoadedModel | LiveModel, ends: Sequence[int]) -> int:
    known = loaded.tokenizer.pad_token_id
    return int(known) if known is not None else (ends[0] if ends else 0)


class _Asked(StoppingCriteria):
    """Ends all beams when the person has stopped."""

    def __init__(self, cancelled: Callable[[], bool]) -> None:
        self._cancelled = cancelled

    def __call__(self, input_ids: Any, scores: Any, **more: Any) -> Any:
        return torch.full((input_ids.shape[0],), self._cancelled(), device=input_ids.device, dtype=torch.bool)
