"""The probability that a language model gives to each token of a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from workbench.engine.choices import words_of
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.engine.reader import Reader
from workbench.engine.sampling import require_numbers
from workbench.run.inside.perplexity import TokenScores
from workbench.run.problem import bad_input


def score_text(
    loaded: LoadedModel | LiveModel, text: str, check: Callable[[], object] = lambda: None
) -> TokenScores:
    """Each token's probability given all before it.

    Args:
        loaded: A language model.
        text: At least two tokens; what is longer than the model reads is left out, and the note says so.
        check: Called between portions; may raise to stop.

    Raises:
        WorkbenchError: When the model is no language model, or the text is too short.
    """
    if loaded.head != "causal-lm":
        raise bad_input(
            f"{loaded.name} gives texts no probability.",
            "It is not a language model that writes from left to right.",
            "Choose smollm2, or a run of the task language model.",
        )
    ids, spans = _read(loaded.tokenizer, text)
    if len(ids) < 2:
        raise bad_input(
            "The text is too short.",
            "The first token has nothing before it from which it could be foreseen.",
            "Give at least two words.",
        )
    limit = fitting_length(10**9, loaded.model)
    note = ""
    if len(ids) > limit:
        note = f"Only the first {limit} of {len(ids)} tokens were read: the model has no more places."
        ids, spans = ids[:limit], spans[:limit]
        text = text[: spans[-1][1]] if spans else loaded.tokenizer.decode(ids)
    found, ranks, entropies = [float("nan")], [0], [float("nan")]
    following = torch.tensor(ids[1:], device=loaded.device)
    with untouched(loaded.model):
        for start, logits in Reader(loaded, ids[:-1]).pieces(ids[:-1], check):
            require_numbers(float(logits.max()))
            row = torch.log_softmax(logits, dim=-1)
            own = row.gather(1, following[start : start + len(row), None])
            found += own[:, 0].double().tolist()
            ranks += ((row > own).sum(dim=1) + 1).tolist()
            entropies += (torch.special.entr(row.exp()).sum(dim=1).double() / np.log(2)).tolist()
    words = words_of(loaded.tokenizer)
    return TokenScores(
        model=loaded.name,
        text=text,
        tokens=_frozen(ids, np.int64),
        words=tuple(words(token) for token in ids),
        spans=_frozen(np.asarray(spans).reshape(-1, 2), np.int64),
        log_probability=_frozen(found, np.float64),
        rank=_frozen(ranks, np.int64),
        entropy=_frozen(entropies, np.float64),
        note=note,
    )


def _read(tokenizer: Any, text: str) -> tuple[list[int], list[tuple[int, int]]]:
    """The ids, and the characters that each stands for where the tokenizer tells."""
    if not tokenizer.is_fast:
        return list(tokenizer(text)["input_ids"]), []
    encoded = tokenizer(text, return_offsets_mapping=True)
    return list(encoded["input_ids"]), [(int(a), int(b)) for a, b in encoded["offset_mapping"]]


def _frozen(values: Any, kind: Any) -> Any:
    array = np.array(values, dtype=kind)
    array.flags.writeable = False
    return array
