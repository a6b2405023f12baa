"""Writing many answers at once, each step its most probable token: what measuring a model on held-out rows needs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from workbench.engine.generation import end_tokens, token_stream
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel
from workbench.engine.parts import part_of
from workbench.engine.reader import is_two_sided, room_for, start_token
from workbench.engine.sampling import Chance
from workbench.engine.translation import write_answers
from workbench.run.generation import GenerationSettings
from workbench.run.problem import bad_input

Ids = list[int]


def answer_many(
    loaded: LoadedModel | LiveModel,
    prompts: Sequence[Sequence[int]],
    rooms: Sequence[int],
    *,
    batch_size: int = 16,
    to_the_end: bool = False,
    check: Callable[[], object] = lambda: None,
    done: Callable[[int], object] = lambda count: None,
) -> list[Ids]:
    """The answer to each prompt, without the end token: what `generate` writes at temperature 0, one by one.

    Prompts of like length go together, padded on the left; whoever has ended leaves its batch, so that the others
    need not wait for it.

    Args:
        loaded: A language model.
        prompts: Token ids; of an encoder-decoder, what the encoder reads.
        rooms: The most tokens of each answer.
        batch_size: Prompts that are answered together.
        to_the_end: Whether end tokens are written like others, and end nothing.
        check: Called before each token; may raise to end it.
        done: Told how many answers there are, after each batch.
    """
    answers: list[Ids] = [[] for _ in prompts]
    rooms = [min(room, room_for(loaded, len(ids))) for room, ids in zip(rooms, prompts, strict=True)]
    wanted = [place for place, room in enumerate(rooms) if room > 0 and len(prompts[place])]
    order = sorted(wanted, key=lambda place: -len(prompts[place]))
    ends = frozenset[int]() if to_the_end else end_tokens(loaded)
    together = batch_size if _goes_together(loaded) else 1
    finished = len(prompts) - len(order)
    with untouched(loaded.model):
        for begin in range(0, len(order), together):
            places = order[begin : begin + together]
            own, most = [prompts[place] for place in places], [rooms[place] for place in places]
            for place, found in zip(places, _written(loaded, own, most, ends, check), strict=True):
                answers[place] = found
            finished += len(places)
            done(finished)
    return answers


def _goes_together(loaded: LoadedModel | LiveModel) -> bool:
    """Whether the model can be told where a padded prompt begins: with trained tokens before each text, or without
    positions and a plain cache, it cannot."""
    if is_two_sided(loaded):
        return True
    model: Any = loaded.model
    if part_of(model).get("kind") in ("prompt", "prefix"):
        return False
    known = inspect.signature(getattr(model, "forward", model)).parameters
    if "position_ids" not in known or "attention_mask" not in known:
        return False
    layers = DynamicCache(config=model.config).layers  # none where they are made as they are needed
    return all(isinstance(layer, DynamicLayer) for layer in layers)


def _written(
    loaded: LoadedModel | LiveModel,
    prompts: Sequence[Sequence[int]],
    rooms: Sequence[int],
    ends: frozenset[int],
    check: Callable[[], object],
) -> list[Ids]:
    if is_two_sided(loaded):
        ids, mask = _padded(prompts, loaded)
        ids, mask = _on_the_right(ids, mask)
        begin = start_token(loaded.model)
        written = write_answers(
            loaded.model, ids, mask, begin=begin, ends=sorted(ends), room=max(rooms),
            cancelled=lambda: bool(check()),
        )  # fmt: skip
        return [answer[:room] for answer, room in zip(written, rooms, strict=True)]
    if len(prompts) == 1:
        return [_one(loaded, prompts[0], rooms[0], ends, check)]
    return _together(loaded, prompts, rooms, ends, check)


def _one(
    loaded: LoadedModel | LiveModel,
    prompt: Sequence[int],
    room: int,
    ends: frozenset[int],
    check: Callable[[], object],
) -> Ids:
    written: Ids = []
    settings = GenerationSettings(temperature=0, max_new_tokens=room)
    for token, _ in token_stream(loaded, prompt, (), settings, Chance(0)):
        check()
        if token in ends:
            break
        written.append(token)
        if len(written) == room:
            break
    return written


def _together(
    loaded: LoadedModel | LiveModel,
    prompts: Sequence[Sequence[int]],
    rooms: Sequence[int],
    ends: frozenset[int],
    check: Callable[[], object],
) -> list[Ids]:
    """One token of each prompt a step; prompts of a decoder alone."""
    model: Any = loaded.model
    answers: list[Ids] = [[] for _ in prompts]
    ids, mask = _padded(prompts, loaded)
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    cache: Any = DynamicCache(config=model.config)
    alive = list(range(len(prompts)))
    fresh = ids
    while alive:
        check()
        output = model(
            input_ids=fresh, attention_mask=mask, position_ids=positions, past_key_values=cache,
            use_cache=True, logits_to_keep=1,
        )  # fmt: skip
        logits = output.logits[:, -1, :]
        if not bool(torch.isfinite(logits).any()):
            raise bad_input(
                "The model's answer is not a number.",
                "Its weights were damaged, most often by a training whose loss went to infinity.",
                "Choose an earlier checkpoint of the run, or train with a smaller learning rate.",
            )
        tokens: list[int] = logits.argmax(dim=-1).tolist()
        staying = []
        for line, (place, token) in enumerate(zip(alive, tokens, strict=True)):
            if token in ends:
                continue
            answers[place].append(token)
            if len(answers[place]) < rooms[place]:
                staying.append(line)
        if len(staying) < len(alive):
            if not staying:
                break
            keep = torch.tensor(staying, device=mask.device)
            cache.batch_select_indices(keep)
            mask, positions = mask[keep], positions[keep]
            alive = [alive[line] for line in staying]
        fresh = torch.tensor([[tokens[line]] for line in staying], device=mask.device)
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
        positions = positions[:, -1:] + 1
    return answers


def _padded(prompts: Sequence[Sequence[int]], loaded: LoadedModel | LiveModel) -> tuple[Any, Any]:
    """Prompts as (input_ids, attention_mask), int64 of shape (rows, longest), padded on the left."""
    longest = max(map(len, prompts))
    pad = int(loaded.tokenizer.pad_token_id or 0)
    ids = torch.full((len(prompts), longest), pad, dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(list(prompt), dtype=torch.int64)
        mask[row, longest - len(prompt) :] = 1
    return ids.to(loaded.device), mask.to(loaded.device)


def _on_the_right(ids: Any, mask: Any) -> tuple[Any, Any]:
    """The same with the padding on the right, where encoders expect it."""
    order = torch.argsort(mask, dim=1, descending=True, stable=True)
    return ids.gather(1, order), mask.gather(1, order)
