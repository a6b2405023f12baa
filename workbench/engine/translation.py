"""Writing the answers of encoder-decoder models, several rows at once, each step its likeliest token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch


@torch.no_grad()
def write_answers(
    model: Any,
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor,
    *,
    begin: int,
    ends: Sequence[int],
    room: int,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[list[int]]:
    """The tokens that a model writes for each row, without the end token.

    The encoder reads once, and the decoder keeps its keys and values; the answers are those of transformers'
    `generate` without sampling, beams or any other rule.

    Args:
        model: An encoder-decoder model in eval mode.
        input_ids: int64, shape (rows, tokens).
        attention_mask: int64, of the same shape.
        begin: The token that the decoder begins with.
        ends: Tokens after which an answer is over.
        room: The most tokens of an answer.
        cancelled: Asked before each token; True ends the answers with what there is.
    """
    encoded = model.get_encoder()(input_ids=input_ids, attention_mask=attention_mask)
    fresh: Any = torch.full_like(input_ids[:, :1], begin)
    over = torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)
    enders = torch.tensor(list(ends), dtype=input_ids.dtype, device=input_ids.device)
    answers: list[list[int]] = [[] for _ in range(len(input_ids))]
    cache = None
    for _ in range(room):
        if cancelled():
            break
        output = model(
            encoder_outputs=encoded,
            attention_mask=attention_mask,
            decoder_input_ids=fresh,
            past_key_values=cache,
            use_cache=True,
        )
        cache = output.past_key_values
        fresh = output.logits[:, -1].argmax(dim=-1, keepdim=True)
        over |= torch.isin(fresh[:, 0], enders)
        for answer, token, ended in zip(answers, fresh[:, 0].tolist(), over.tolist(), strict=True):
            if not ended:
                answer.append(token)
        if bool(over.all()):
            break
    return answers
