"""What a model says of each of many texts: logits, class probabilities and sentence vectors, in one pass."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.batches import sorted_batches
from workbench.engine.encoding import token_ids
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.engine.task import padded
from workbench.run.problem import bad_input

#: Longer texts are cut, whatever a tokenizer says that it can hold.
LONGEST = 8192
BATCH_SIZE = 64


@dataclass(frozen=True, slots=True, eq=False)
class RowOutputs:
    """What was read of each text, in the texts' order.

    Attributes:
        logits: float32, shape (rows, outputs); None for a model without a head for whole texts.
        vectors: float32, shape (rows, width); None where they were not wanted.
    """

    logits: NDArray[np.float32] | None
    vectors: NDArray[np.float32] | None


def class_probabilities(
    loaded: LoadedModel | LiveModel,
    texts: Sequence[str],
    *,
    check: Callable[[], object] = lambda: None,
    say: Callable[[int, int], object] = lambda done, of: None,
    batch_size: int = BATCH_SIZE,
    vectors: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
    """The probability of every class for each text, and the texts' sentence vectors where they are wanted.

    Args:
        loaded: A classifier.
        texts: The texts; an empty one is as good as any other.
        check: Called before each batch; may raise to end the work.
        say: Told after each batch how many texts are done, of how many.
        batch_size: Texts per forward pass; texts of similar length stand together.
        vectors: Whether sentence vectors are wanted.

    Returns:
        float64, shape (texts, classes), in the order of the model's classes; and `RowOutputs.vectors`.

    Raises:
        WorkbenchError: When the model is no classifier.
    """
    require_classifier(loaded)
    found = row_outputs(loaded, texts, check=check, say=say, batch_size=batch_size, vectors=vectors)
    assert found.logits is not None
    logits = found.logits.astype(np.float64)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return odds / odds.sum(axis=1, keepdims=True), found.vectors


def require_classifier(loaded: LoadedModel | LiveModel) -> None:
    """Refuse a model that does not put texts into classes.

    Raises:
        WorkbenchError: When it does not.
    """
    if loaded.head != "classifier":
        raise bad_input(
            f"{loaded.name} is not a classifier.",
            "It has no head that puts texts into classes.",
            "Choose a run of the task text classification.",
        )


def row_outputs(
    loaded: LoadedModel | LiveModel,
    texts: Sequence[str],
    *,
    check: Callable[[], object] = lambda: None,
    say: Callable[[int, int], object] = lambda done, of: None,
    batch_size: int = BATCH_SIZE,
    vectors: bool = False,
) -> RowOutputs:
    """One pass over all texts, batches of similar length; arguments as in `class_probabilities`.

    A sentence vector is the mean of the last layer's vectors over the text's tokens, padding left out (Reimers and
    Gurevych 2019).
    """
    pad = int(loaded.tokenizer.pad_token_id or 0)
    ids = _encoded(loaded, texts, pad)
    lengths = np.array([len(row) for row in ids], dtype=np.int64)
    width = max(1, len(loaded.class_names))
    whole = loaded.class_names and loaded.head != "tagger"
    logits = np.zeros((len(ids), width), dtype=np.float32) if whole else None
    pooled: NDArray[np.float32] | None = None
    done = 0
    for rows in sorted_batches(lengths, batch_size):
        check()
        batch, mask = padded([ids[i] for i in rows], pad)
        batch, mask = batch.to(loaded.device), mask.to(loaded.device)
        # Each batch by itself: a question to the model in training may rest between two of them.
        with untouched(loaded.model), _last_layer(loaded.model, vectors) as last:
            output = loaded.model(input_ids=batch, attention_mask=mask)
        if logits is not None:
            logits[rows] = output.logits.float().cpu().numpy()
        if vectors:
            means = _means(last[0], mask)
            if pooled is None:
                pooled = np.zeros((len(ids), means.shape[1]), dtype=np.float32)
            pooled[rows] = means
        done += len(rows)
        say(done, len(ids))
    if vectors and pooled is None:
        pooled = np.zeros((0, 0), dtype=np.float32)
    return RowOutputs(logits, pooled)


def _encoded(loaded: LoadedModel | LiveModel, texts: Sequence[str], pad: int) -> list[NDArray[np.int32]]:
    tokenizer = loaded.tokenizer
    limit = fitting_length(min(int(tokenizer.model_max_length), LONGEST), loaded.model)
    ids = token_ids(tokenizer, texts, truncation=True, max_length=limit)
    return [row if len(row) else np.array([pad], dtype=np.int32) for row in ids]


@contextlib.contextmanager
def _last_layer(model: Any, wanted: bool) -> Iterator[list[torch.Tensor]]:
    """While this is entered, what the model without its head returns is put into the list; costs no memory for the
    layers before, as asking the model for all hidden states would."""
    caught: list[torch.Tensor] = []
    bare = model.get_base_model() if hasattr(model, "get_base_model") else model  # what peft wraps

    def catch(module: Any, given: Any, output: Any) -> None:
        states = getattr(output, "last_hidden_state", None)
        caught[:] = [output[0] if states is None else states]

    handle = bare.base_model.register_forward_hook(catch) if wanted else None
    try:
        yield caught
    finally:
        if handle is not None:
            handle.remove()


def _means(states: torch.Tensor, mask: torch.Tensor) -> NDArray[np.float32]:
    """The mean over the tokens that are there; virtual tokens, which stand before the text, are left out."""
    weights = mask.unsqueeze(-1).to(torch.float32)
    states = states[:, -mask.shape[1] :].float()
    means = (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
    found: NDArray[np.float32] = means.cpu().numpy()
    return found
