"""How much each head matters: each taken away in turn, or estimated from gradients."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.inside.ablation import Check, HeldOut, score_batch, term_losses, without
from workbench.engine.inside.head_gates import Place, gated
from workbench.engine.inside.scores import Scores, interval, resampled, value_of
from workbench.engine.layers import layers_of
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel
from workbench.engine.task import Batch
from workbench.run.inside.ablation import Head, Importance, Kind, Mode

#: A head taken away costs this share of a whole pass on average, since the layers below are not computed again.
_SHARE = 0.65


@dataclass(slots=True)
class Sweep:
    """Each head taken away in turn: work that can be put down after any head and gone on with.

    Batches are the outer loop. What the layers below a head computed is recorded once per batch and given again for
    every head above them, which halves the work; and after the first batch there is a map of all heads.

    Attributes:
        mode: What stands in a head's place.
        heads: All heads, layer by layer.
        scores: What each head's absence gives; NaN for rows that are still to come.
        step: How many (batch, head) pairs are done.
        spent: Seconds so far.
        outputs: What each block gave for the present batch; empty when nothing is recorded.
        replays: Whether recorded outputs may stand in for blocks; a model where they may not computes all again.
    """

    mode: Mode
    heads: list[Head]
    scores: dict[Head, Scores]
    step: int = 0
    spent: float = 0.0
    outputs: list[Any] = field(default_factory=list)
    replays: bool = True

    @classmethod
    def begin(cls, places: Sequence[Place], held: HeldOut, mode: Mode) -> Sweep:
        """Nothing is known yet."""
        heads = [(layer, head) for layer, place in enumerate(places) for head in range(place.heads)]
        return cls(mode, heads, {head: Scores.empty(len(held.terms), held.terms) for head in heads})

    def steps(self, held: HeldOut) -> int:
        """All (batch, head) pairs."""
        return len(self.heads) * len(held.batches)


def go_on(
    loaded: LoadedModel | LiveModel,
    places: Sequence[Place],
    held: HeldOut,
    sweep: Sweep,
    check: Check,
    seconds: float = float("inf"),
) -> None:
    """Work on a sweep until it is done, or about so many seconds are over."""
    model = loaded.model
    blocks = layers_of(model)
    owners = [_owner(blocks, place.module) for place in places]
    began = now = time.perf_counter()
    with untouched(model):
        while sweep.step < sweep.steps(held) and now - began < seconds:
            check()
            number, which = divmod(sweep.step, len(sweep.heads))
            indexes, batch = held.batches[number]
            if sweep.replays and (which == 0 or not sweep.outputs):
                sweep.outputs = _recorded(held, model, blocks, batch, indexes)
                sweep.replays = bool(sweep.outputs)
            head = sweep.heads[which]
            with (
                _replayed(blocks[: owners[head[0]]], sweep.outputs),
                without(held, places, [head], sweep.mode),
            ):
                part = score_batch(held.task, model, batch, held.terms[indexes])
            sweep.scores[head].take(part, indexes)
            sweep.step += 1
            now = time.perf_counter()
    sweep.spent += now - began
    if sweep.step == sweep.steps(held):
        sweep.outputs = []


def _owner(blocks: Sequence[torch.nn.Module], module: torch.nn.Module) -> int:
    """The number of the block that a module belongs to; 0, before which nothing can be left out, for none."""
    return next((i for i, block in enumerate(blocks) if any(m is module for m in block.modules())), 0)


def _recorded(
    held: HeldOut,
    model: torch.nn.Module,
    blocks: Sequence[torch.nn.Module],
    batch: Batch,
    indexes: NDArray[np.int64],
) -> list[Any]:
    """What each block gives for a batch; nothing where giving it again does not lead to the same losses."""
    if any("forward" in vars(block) for block in blocks):  # somebody else stands in for them already
        return []
    outputs: list[Any] = []
    hooks = [block.register_forward_hook(lambda _, __, output: outputs.append(output)) for block in blocks]
    try:
        whole = score_batch(held.task, model, batch, held.terms[indexes])
    finally:
        for hook in hooks:
            hook.remove()
    if len(outputs) != len(blocks):
        return []
    with _replayed(blocks[:-1], outputs):
        again = score_batch(held.task, model, batch, held.terms[indexes])
    return outputs if np.allclose(whole.loss, again.loss, rtol=1e-6, atol=1e-7) else []


@contextlib.contextmanager
def _replayed(blocks: Sequence[torch.nn.Module], outputs: Sequence[Any]) -> Iterator[None]:
    """While this is entered, these blocks give recorded outputs instead of computing; none where none are recorded."""
    chosen = list(blocks) if outputs else []
    try:
        for block, output in zip(chosen, outputs, strict=False):
            block.forward = lambda *_, given=output, **__: given
        yield
    finally:
        for block in chosen:
            vars(block).pop("forward", None)  # the class's own is in sight again


def sweep_importance(places: Sequence[Place], held: HeldOut, sweep: Sweep) -> Importance:
    """What a sweep knows so far, each head on the rows that were read without it; intervals once it is done."""
    classes = len(held.class_names)
    sign = 1 if held.lower_is_better else -1
    complete = sweep.step == sweep.steps(held)
    values, losses, low, high, loss_low, loss_high = (_empty_map(places) for _ in range(6))
    weights = resampled(len(held.terms)) if complete else None
    for head, scores in sweep.scores.items():
        known = np.isfinite(scores.loss)
        if not known.any():
            continue
        before, after = held.base.only(known), scores.only(known)
        change = value_of(held.metric, after, classes) - value_of(held.metric, before, classes)
        values[head] = sign * change
        losses[head] = value_of("loss", after) - value_of("loss", before)
        if complete:
            ends = interval(held.metric, before, after, classes, weights)
            low[head], high[head] = sorted(sign * end for end in ends)
            loss_low[head], loss_high[head] = interval("loss", before, after, weights=weights)
    left = sweep.steps(held) - sweep.step
    each = sweep.spent / sweep.step if sweep.step else _SHARE * held.seconds / len(held.batches)
    read = int(sum(len(indexes) for indexes, _ in held.batches[: sweep.step // len(sweep.heads)]))
    maps = (values, losses, low, high, loss_low, loss_high)
    return _importance(sweep.mode, maps, held.metric, held, rows_read=read, seconds=left * each)


def gradient_importance(
    loaded: LoadedModel | LiveModel,
    places: Sequence[Place],
    held: HeldOut,
    check: Check,
    report: Callable[[Importance], object] = lambda _: None,
) -> Importance:
    """The quick estimate: I_h = E_x |∂L/∂ξ_h| with a gate ξ_h = 1 on each head (Michel et al. 2019).

    L is the mean loss of a row. One forward and one backward pass over all rows; each row has gates of its own, so
    that one backward pass gives the gradient of every row.
    """
    totals = _empty_map(places)
    read, nothing = 0, _empty_map(places)
    ends = (nothing, nothing, nothing, nothing)
    found = _importance("gradient", (totals, totals, *ends), "gradient", held, rows_read=0)
    with untouched(loaded.model), torch.enable_grad():
        for indexes, batch in held.batches:
            check()
            for layer, gradient in enumerate(gate_gradients(loaded.model, places, held, batch, indexes)):
                row = totals[layer, : places[layer].heads]
                row[:] = np.nan_to_num(row) + gradient.abs().sum(0).double().cpu().numpy()
            read += len(indexes)
            mean = totals / read
            found = _importance("gradient", (mean, mean, *ends), "gradient", held, rows_read=read)
            report(found)
    return found


def gate_gradients(
    model: torch.nn.Module,
    places: Sequence[Place],
    held: HeldOut,
    batch: Batch,
    indexes: NDArray[np.int64],
) -> tuple[torch.Tensor, ...]:
    """∂L/∂ξ of every row: per place a tensor of shape (rows, heads). Leaves no `.grad` behind."""
    device = batch["input_ids"].device
    gates = [torch.ones(len(indexes), place.heads, device=device, requires_grad=True) for place in places]
    with gated(places, gates):
        logits = held.task.logits(held.task.outputs(model, batch), batch)
    losses = term_losses(logits, held.task.targets(batch))
    terms = torch.from_numpy(held.terms[indexes]).to(device)
    return torch.autograd.grad((losses / terms.repeat_interleave(terms)).sum(), gates)


def _empty_map(places: Sequence[Place]) -> NDArray[np.float64]:
    return np.full((len(places), max(place.heads for place in places)), np.nan)


def _importance(
    kind: Kind,
    maps: tuple[NDArray[np.float64], ...],
    metric: str,
    held: HeldOut,
    *,
    rows_read: int,
    seconds: float = 0.0,
) -> Importance:
    values, losses, low, high, loss_low, loss_high = (array.copy() for array in maps)
    for array in (values, losses, low, high, loss_low, loss_high):
        array.flags.writeable = False
    before = value_of(held.metric, held.base, len(held.class_names))
    return Importance(
        kind,
        values,
        losses,
        low,
        high,
        loss_low,
        loss_high,
        metric,
        before,
        len(held.terms),
        rows_read,
        seconds,
    )
