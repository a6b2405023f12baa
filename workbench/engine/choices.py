"""What a model could have written at each step of an answer: read again in one pass, with the same rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel
from workbench.engine.reader import Reader
from workbench.engine.sampling import require_numbers, rules
from workbench.run.choices import ALTERNATIVES, Choices
from workbench.run.generation import GenerationSettings


def steps_of(
    loaded: LoadedModel | LiveModel,
    prompt: Sequence[int],
    written: Sequence[int],
    settings: GenerationSettings,
    check: Callable[[], object] = lambda: None,
    first: int = 0,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """For each written token from `first` on, the probabilities (vocabulary,) before and after the rules. In
    `untouched`."""
    reader = Reader(loaded, prompt)
    ids = [*reader.start, *written]
    sequence: Any = torch.tensor([ids], device=loaded.device)
    processors = rules(settings)
    for start, logits in reader.pieces(ids[:-1], check):
        for place in range(max(start, len(reader.start) - 1 + first), start + len(logits)):
            raw = logits[place - start]
            require_numbers(float(raw.max()))
            scores = processors(sequence[:, : place + 1], raw[None].clone())[0]
            yield torch.softmax(raw, dim=-1), torch.softmax(scores, dim=-1)


def probabilities_of(
    loaded: LoadedModel | LiveModel,
    prompt: Sequence[int],
    written: Sequence[int],
    settings: GenerationSettings,
    first: int = 0,
) -> list[float]:
    """The probability of each written token from `first` on, after the rules. In `untouched`."""
    steps = steps_of(loaded, prompt, written, settings, first=first) if written[first:] else iter(())
    return [float(after[token]) for token, (_, after) in zip(written[first:], steps, strict=True)]


def choices(
    loaded: LoadedModel | LiveModel,
    prompt: Sequence[int],
    written: Sequence[int],
    settings: GenerationSettings,
    check: Callable[[], object] = lambda: None,
    first: int = 0,
) -> Choices:
    """The alternatives at each token of an answer.

    Args:
        loaded: A language model.
        prompt: The ids that it continued.
        written: The answer's ids.
        settings: The rules with which it was written.
        check: Called between portions; may raise to stop.
        first: The first token that is asked about; at least one.
    """
    rows = []
    asked = written[first:]
    with untouched(loaded.model):
        steps = steps_of(loaded, prompt, written, settings, check, first)
        for token, (before, after) in zip(asked, steps, strict=True):
            best = torch.topk(before, min(ALTERNATIVES, len(before))).indices
            rows.append(
                (
                    float(before[token]),
                    float(after[token]),
                    int((before > before[token]).sum()) + 1,
                    _bits(before),
                    _bits(after),
                    best.tolist(),
                    before[best].double().tolist(),
                    after[best].double().tolist(),
                )
            )
    columns: list[Any] = list(zip(*rows, strict=True))
    words = words_of(loaded.tokenizer)
    return Choices(
        model=loaded.name,
        tokens=_frozen(asked, np.int64),
        words=tuple(words(token) for token in asked),
        before=_frozen(columns[0], np.float64),
        after=_frozen(columns[1], np.float64),
        rank=_frozen(columns[2], np.int64),
        entropy_before=_frozen(columns[3], np.float64),
        entropy_after=_frozen(columns[4], np.float64),
        other=_frozen(columns[5], np.int64),
        other_words=tuple(tuple(words(token) for token in row) for row in columns[5]),
        other_before=_frozen(columns[6], np.float64),
        other_after=_frozen(columns[7], np.float64),
        first=first,
    )


def words_of(tokenizer: Any) -> Callable[[int], str]:
    """How a token is shown to a person: its text; a part of a character, or no text at all, as the vocabulary
    names it."""

    def word(token: int) -> str:
        text = str(tokenizer.decode([token], clean_up_tokenization_spaces=False))
        return text if text and "\ufffd" not in text else str(tokenizer.convert_ids_to_tokens(token))

    return word


def _bits(probabilities: torch.Tensor) -> float:
    """Entropy, in bits."""
    return float(torch.special.entr(probabilities.double()).sum()) / float(np.log(2))


def _frozen(values: Any, kind: Any) -> Any:
    array = np.asarray(values, dtype=kind)
    array.flags.writeable = False
    return array
