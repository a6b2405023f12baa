"""Measuring a model without some of its heads, always on the same held-out rows."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.attention import readable_tokens
from workbench.engine.batches import sorted_batches
from workbench.engine.inside.head_gates import Place, gated, gates_without
from workbench.engine.inside.scores import KNOWN, Scores, interval, value_of
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel
from workbench.engine.prediction import predict
from workbench.engine.task import Batch, Rows, Split, Task
from workbench.run.inside.ablation import Head, Measured, Mode

#: Tokens in one forward pass, padding included. A language model gives a row of logits for each: 200 kB apiece.
BUDGET = {"causal-lm": 1024}
MOST_TOKENS = 4096
#: Next tokens that are shown of a language model.
NEXT = 5
Check = Callable[[], object]


def _nothing() -> None:
    return None


@dataclass(slots=True)
class HeldOut:
    """Held-out rows ready to be measured again and again, and what the whole model makes of them.

    Attributes:
        task: What is measured.
        metric: The task's best metric, or its loss where that one is not worked out of single rows.
        class_names: The classes, for metrics that count them.
        batches: (row numbers, batch on the model's device) pairs; rows of like length stand together.
        terms: Terms of the loss per row, int64 (rows,).
        base: The scores with all heads.
        means: Per place the mean of what its projection reads over all held-out tokens, float32 (heads × size,).
        seconds: What one measurement of all rows takes.
        known: What was measured already.
    """

    task: Task
    metric: str
    class_names: tuple[str, ...]
    batches: list[tuple[NDArray[np.int64], Batch]]
    terms: NDArray[np.int64]
    base: Scores
    means: list[torch.Tensor]
    seconds: float
    known: dict[tuple[frozenset[Head], Mode], Measured] = field(default_factory=dict)

    @property
    def lower_is_better(self) -> bool:
        """Whether a smaller value of the metric is a better one."""
        return self.metric in self.task.lower_is_better


def choose_rows(split: Split, most: int, seed: int = 0) -> Split:
    """At most this many rows of a split, drawn without repetition by the seed, in their old order."""
    if len(split) <= most:
        return split
    chosen = np.sort(np.random.default_rng(seed).permutation(len(split))[:most])
    return split.take(chosen.tolist())


def hold_out(
    loaded: LoadedModel | LiveModel,
    places: Sequence[Place],
    task: Task,
    rows: Rows,
    split: Split,
    check: Check = _nothing,
) -> HeldOut:
    """Lay out the rows and measure the whole model on them.

    Args:
        loaded: The model.
        places: Where its heads are.
        task: The task that it learned.
        rows: What the task read.
        split: The rows to measure.
        check: Called before each batch; may raise to end the work.
    """
    longest = max(1, int(np.median(split.lengths)))
    batches = []
    pad = int(loaded.tokenizer.pad_token_id or 0)
    tokens = BUDGET.get(loaded.head, MOST_TOKENS)
    for indexes in sorted_batches(split.lengths, max(1, min(64, tokens // longest))):
        batch = task.collate(split, indexes, pad)
        batches.append((indexes, {name: tensor.to(loaded.device) for name, tensor in batch.items()}))
    # Like lengths stand together, but short and long take turns: whoever sees only a part sees all lengths.
    batches = [batches[i] for i in np.random.default_rng(0).permutation(len(batches))]
    terms = np.array([task.terms(split, np.array([i])) for i in range(len(split))], dtype=np.int64)
    base = Scores.empty(len(split), terms)
    began = time.perf_counter()
    with untouched(loaded.model), _summed(places) as sums:
        for indexes, batch in batches:
            check()
            sums.mask = batch["attention_mask"]
            base.take(score_batch(task, loaded.model, batch, terms[indexes]), indexes)
    seconds = time.perf_counter() - began
    means = [total / sums.count for total in sums.totals]
    metric = task.best_metric if task.best_metric in KNOWN else "loss"
    return HeldOut(task, metric, rows.class_names, batches, terms, base, [m.float() for m in means], seconds)


def score_batch(task: Task, model: torch.nn.Module, batch: Batch, terms: NDArray[np.int64]) -> Scores:
    """The rows of one batch: summed loss, hits, and the class where a row has one.

    Args:
        task: The task.
        model: The model, in eval mode.
        batch: A batch on the model's device.
        terms: Terms of the loss per row of the batch.
    """
    logits, targets = task.logits(task.outputs(model, batch), batch), task.targets(batch)
    losses = term_losses(logits, targets).double().cpu().numpy()
    # Of numbers nothing is right or wrong.
    predicted = logits.argmax(-1).cpu().numpy()
    true = np.full(len(predicted), -1) if targets.is_floating_point() else targets.cpu().numpy()
    owner = np.repeat(np.arange(len(terms)), terms)  # terms stand row by row
    loss, hits = np.zeros(len(terms)), np.zeros(len(terms))
    np.add.at(loss, owner, losses)
    np.add.at(hits, owner, predicted == true)
    if len(owner) != len(terms):
        predicted = true = np.zeros(len(terms), dtype=np.int64)
    return Scores(loss, hits, predicted, true, terms)


def term_losses(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The loss of each term, shape (terms,): the cross-entropy, or of numbers the squared distance."""
    if targets.is_floating_point():
        return (logits[:, 0] - targets).square()
    return torch.nn.functional.cross_entropy(logits, targets, reduction="none")


class _Sums:
    def __init__(self, places: Sequence[Place]) -> None:
        self.mask = torch.ones(())
        self.totals: list[torch.Tensor] = [torch.zeros(()) for _ in places]
        self.counts = [0] * len(places)

    @property
    def count(self) -> int:
        return max(1, *self.counts)

    def add(self, number: int, joined: torch.Tensor) -> None:
        flat = joined.detach().double().flatten(0, -2)
        mask = self.mask.flatten()
        if len(mask) == len(flat):  # padding is no token
            flat = flat[mask.bool()]
        self.totals[number] = self.totals[number].to(flat.device) + flat.sum(0)
        self.counts[number] += len(flat)


@contextlib.contextmanager
def _summed(places: Sequence[Place]) -> Iterator[_Sums]:
    """While this is entered, what each projection reads is summed over the tokens of the mask."""
    sums = _Sums(places)

    def watch(number: int) -> Any:
        return lambda module, arguments: sums.add(number, arguments[0])

    hooks = [place.module.register_forward_pre_hook(watch(i)) for i, place in enumerate(places)]
    try:
        yield sums
    finally:
        for hook in hooks:
            hook.remove()


@contextlib.contextmanager
def without(
    held: HeldOut | None, places: Sequence[Place], heads: Sequence[Head], mode: Mode = "zero"
) -> Iterator[None]:
    """While this is entered, the model computes without these heads.

    Args:
        held: The rows whose means stand in; needed for "mean" only.
        places: Where the model's heads are.
        heads: What is taken away.
        mode: What stands in their place.
    """
    fill = held.means if mode == "mean" and held is not None else None
    with gated(places, gates_without(places, heads), fill):
        yield


def scores_without(
    loaded: LoadedModel | LiveModel,
    places: Sequence[Place],
    held: HeldOut,
    heads: Sequence[Head],
    mode: Mode = "zero",
    check: Check = _nothing,
) -> Scores:
    """The scores of all held-out rows without these heads."""
    found = Scores.empty(len(held.terms), held.terms)
    with untouched(loaded.model), without(held, places, heads, mode):
        for indexes, batch in held.batches:
            check()
            found.take(score_batch(held.task, loaded.model, batch, held.terms[indexes]), indexes)
    return found


def measure_without(
    loaded: LoadedModel | LiveModel,
    places: Sequence[Place],
    held: HeldOut,
    heads: Sequence[Head],
    mode: Mode = "zero",
    check: Check = _nothing,
) -> Measured:
    """The held-out metric without these heads against the whole model; what is known is not measured again."""
    key = (frozenset(heads), mode)
    if key not in held.known:
        after = scores_without(loaded, places, held, heads, mode, check) if heads else held.base
        held.known[key] = compare(held, after)
    return held.known[key]


def compare(held: HeldOut, after: Scores) -> Measured:
    """Other scores of the same rows against those of the whole model."""
    low, high = interval(held.metric, held.base, after, len(held.class_names))
    classes = len(held.class_names)
    return Measured(
        held.metric,
        value_of(held.metric, held.base, classes),
        value_of(held.metric, after, classes),
        low,
        high,
        len(held.terms),
        held.lower_is_better,
        value_of("loss", held.base, classes),
        value_of("loss", after, classes),
    )


def predicted(loaded: LoadedModel | LiveModel, text: str) -> tuple[tuple[str, float], ...]:
    """What the model makes of a sentence: its classes, or the likeliest next tokens, with probabilities."""
    if loaded.head == "classifier":
        return predict(loaded, [text])[0].classes
    if loaded.head != "causal-lm":
        return ()
    ids = loaded.tokenizer(text, return_tensors="pt", truncation=True, max_length=512)["input_ids"]
    with untouched(loaded.model):
        logits = loaded.model(input_ids=ids.to(loaded.device), use_cache=False).logits[0, -1].float()
    chances, tokens = torch.softmax(logits, dim=-1).topk(min(NEXT, len(logits)))
    return tuple(zip(readable_tokens(loaded.tokenizer, tokens.tolist()), chances.tolist(), strict=True))
