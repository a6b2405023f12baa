"""Several short sequences in one row, none of which sees another: less padding, the same losses."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

#: How far the logits of a packed sequence may be from those of the same sequence alone.
_TOLERANCE = 1e-3


def packs(lengths: NDArray[np.int64], limit: int) -> list[list[int]]:
    """Which sequences share a row: longest first, each into the fullest row that has room.

    Args:
        lengths: Tokens per sequence, none above `limit`; shape (sequences,).
        limit: Tokens per row.

    Returns:
        The sequences of each row, ascending; rows in the order of their first sequence.
    """
    rows: list[list[int]] = []
    room: list[tuple[int, int]] = []  # (tokens left, row), ascending
    for number in np.argsort(-lengths, kind="stable").tolist():
        length = int(lengths[number])
        place = bisect_left(room, (length, -1))
        if place == len(room):
            rows.append([number])
            left, row = limit - length, len(rows) - 1
        else:
            left, row = room.pop(place)
            rows[row].append(number)
            left -= length
        if left > 0:
            insort(room, (left, row))
    return sorted(sorted(row) for row in rows)


def positions(lengths: list[int]) -> NDArray[np.int32]:
    """The place of each token in its own sequence, int32, for sequences one after the other."""
    return np.concatenate([np.arange(length, dtype=np.int32) for length in lengths])


def keeps_apart(model: Any) -> bool:
    """Whether the model computes the same for a sequence in a packed row as for the sequence alone.

    transformers tells packed sequences by positions that begin anew, and makes the mask of it. Not every architecture
    takes part: recurrent ones carry their state over. So it is tried, with two sequences of six tokens.
    """
    device = next(model.parameters()).device
    vocabulary = int(getattr(model.config, "vocab_size", 0) or model.get_input_embeddings().num_embeddings)
    ids = torch.arange(12, device=device).reshape(1, 12) * 7 % vocabulary
    place = torch.arange(6, device=device).repeat(2)[None]
    was = model.training
    model.eval()
    try:
        with torch.no_grad():
            both = model(input_ids=ids, position_ids=place, use_cache=False).logits[:, 6:]
            alone = model(input_ids=ids[:, 6:], use_cache=False).logits
            other = model(input_ids=ids, use_cache=False).logits[:, 6:]
    except (TypeError, ValueError, RuntimeError):
        return False
    finally:
        model.train(was)
    near, far = float((both - alone).abs().max()), float((other - alone).abs().max())
    # Where even a row without a boundary gives the same, the trial has shown nothing.
    return near <= _TOLERANCE * max(1.0, float(alone.abs().max())) and near < far
