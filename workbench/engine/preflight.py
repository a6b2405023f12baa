"""Whether a run fits and how long it will take, from a few real steps with a learning rate of 0.

With a rate of 0 no optimizer changes a weight, so the steps are real in memory and time and leave the initial
weights as they are. A batch that would not fit is never tried: its memory is extrapolated from smaller ones.
"""

from __future__ import annotations

import dataclasses
import gc
import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from workbench.engine.assembly import Assembly, assemble, no_models
from workbench.engine.batches import Batches, Indexes, sorted_batches
from workbench.engine.devices import autocast, describe, usable_memory
from workbench.engine.live import untouched
from workbench.engine.peak import peak_memory
from workbench.engine.plan import Plan, make_plan
from workbench.engine.stepper import Stepper
from workbench.engine.task import Goods, Rows, Split, Task
from workbench.run.offers import Offer
from workbench.run.preflight import Preflight
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe

#: The share of the usable memory that a run may plan with.
HEADROOM = 0.95
#: Rows of the two small trials from which the memory of larger batches is extrapolated.
SMALL = (2, 6)
#: A trial this short is done a second time, when caches are warm, and the second time counts.
AGAIN_SECONDS = 1.5
Check = Callable[[], object]


@dataclass(slots=True)
class _Memory:
    """Bytes: `base` with weights and optimizer state, and what each row of the longest batch adds."""

    base: float
    per_row: float

    def of(self, rows: int) -> float:
        return self.base + self.per_row * rows


class Trial:
    """A model put together for trying out; its weights stay, but its optimizer is used up."""

    def __init__(self, assembly: Assembly, batches: Batches, plan: Plan, check: Check) -> None:
        self.assembly, self.batches, self.plan, self.check = assembly, batches, plan, check

    def step(self, indexes: Indexes, split: Split, parts: int = 1) -> tuple[float, int]:
        """One real step without learning; returns its seconds and its peak of memory in bytes."""
        self.check()
        stepper = Stepper(self.assembly, split, parts=parts, max_grad_norm=1.0)
        with peak_memory(self.assembly.device) as peak:
            began = time.perf_counter()
            stepper.take(indexes, 0.0, 0, 0.0)
            stepper.report()
            seconds = time.perf_counter() - began
        return seconds, peak.bytes

    def warm_step(self, indexes: Indexes, split: Split, parts: int) -> tuple[float, int]:
        """The same when caches are warm, if it is short."""
        seconds, peak = self.step(indexes, split, parts)
        if seconds < AGAIN_SECONDS:
            again, more = self.step(indexes, split, parts)
            return min(seconds, again), max(peak, more)
        return seconds, peak

    def measuring_seconds(self, split: Split, batch_size: int) -> float:
        """Seconds that measuring a split takes, from its middle batch."""
        if not len(split):
            return 0.0
        batches = sorted_batches(split.lengths, batch_size)
        middle = batches[len(batches) // 2]
        assembly = self.assembly
        seconds = math.inf
        with untouched(assembly.bare):
            for _ in range(2):
                self.check()
                began = time.perf_counter()
                batch = assembly.task.collate(split, middle, assembly.pad)
                batch = {name: tensor.to(assembly.device) for name, tensor in batch.items()}
                with autocast(assembly.device, assembly.precision):
                    assembly.task.score(assembly.bare, batch, middle)
                seconds = min(seconds, time.perf_counter() - began)
        tokens = sum(int(split.lengths[rows].max()) * len(rows) for rows in batches)
        return seconds * tokens / max(1, int(split.lengths[middle].max()) * len(middle))

    def memory(self, longest: Indexes, split: Split) -> _Memory:
        """The memory model, from two small trials after one that makes the optimizer's state."""
        few, more = (longest[-min(rows, len(longest)) :] for rows in SMALL)
        self.step(few, split)
        peaks = [self.step(rows, split)[1] for rows in (few, more)]
        per_row = max(0.0, (peaks[1] - peaks[0]) / max(1, len(more) - len(few)))
        return _Memory(peaks[0] - per_row * len(few), per_row)


def preflight(
    recipe: Recipe,
    task: Task,
    rows: Rows,
    goods: Goods,
    where: Path,
    *,
    resolve: Callable[[str], Path] = no_models,
    check: Check = lambda: None,
    watts: float = 0.0,
    price: float = 0.0,
) -> Preflight:
    """Try the longest and a middling batch, and measure one batch of held-out rows.

    The model keeps its weights, but methods of the recipe may have reshaped it: load a fresh one for the run.

    Args:
        recipe: The run's recipe.
        task: Its task.
        rows: What the task read.
        goods: Model, tokenizer and encoded rows.
        where: A folder on the disk that the run will write to.
        resolve: Gives the folder of a model by a recipe's name for it.
        check: Called between trials; may raise to end the check.
        watts: The power to estimate energy with; 0 leaves it out.
        price: The price of a kilowatt-hour.
    """
    began = time.perf_counter()
    settings = recipe.training
    batches = Batches(goods.train.lengths, settings)
    plan = make_plan(recipe, goods, batches)
    assembly = assemble(recipe, task, rows, goods, plan.total)
    assembly.begin(resolve)
    trial = Trial(assembly, batches, plan, check)
    longest = longest_batch(goods.train.lengths, batches, recipe)
    limit = HEADROOM * usable_memory(assembly.device)
    memory = trial.memory(longest, goods.train)
    state = _state_bytes(assembly)
    # A checkpoint is written from a copy, beside which training goes on.
    copy = state if assembly.device.type == "cpu" else 0
    parts = settings.accumulation or _parts_that_fit(memory, len(longest), limit - copy) or 1
    predicted = memory.of(math.ceil(len(longest) / parts)) + copy
    found = Preflight(
        device=describe(assembly.device),
        precision=assembly.precision,
        parameters=sum(p.numel() for p in assembly.bare.parameters()),
        trained=sum(p.numel() for p in assembly.bare.parameters() if p.requires_grad),
        longest=int(goods.train.lengths[longest].max()),
        memory_peak=int(predicted),
        memory_total=int(usable_memory(assembly.device)),
        disk_needed=_disk_needed(recipe, assembly, state),
        disk_free=shutil.disk_usage(where).free,
        total_steps=plan.total,
        step_seconds=0.0,
        training_seconds=0.0,
        measuring_seconds=0.0,
        saving_seconds=0.0,
        watts=watts,
        price=price,
        accumulation=parts,
    )
    if predicted <= limit:
        found = _timed(found, trial, longest, goods, recipe, parts, copy)
    else:
        problem, offers = _too_large(trial, memory, longest, goods, recipe, limit, copy)
        found = dataclasses.replace(found, problem=problem, offers=offers)
    if found.fits and found.disk_needed > found.disk_free:
        found = dataclasses.replace(found, problem=_disk_problem(found), offers=_disk_offers(recipe))
    del trial, assembly
    gc.collect()
    return dataclasses.replace(found, took=time.perf_counter() - began)


def longest_batch(lengths: Indexes, batches: Batches, recipe: Recipe) -> Indexes:
    """The batch that needs the most memory in any epoch: the longest rows that may stand together."""
    if recipe.training.batching == "token-budget":
        return max(batches.epoch(0), key=batches.padded)
    return np.argsort(lengths, kind="stable")[-recipe.training.batch_size :].astype(np.int64)


def _timed(
    found: Preflight,
    trial: Trial,
    longest: Indexes,
    goods: Goods,
    recipe: Recipe,
    parts: int,
    copy: int,
) -> Preflight:
    """With the times of the whole run, and the peak of the real longest step."""
    batches, plan = trial.batches, trial.plan
    epoch = sorted(batches.epoch(0), key=batches.padded)
    middle = epoch[len(epoch) // 2]
    long_seconds, peak = trial.warm_step(longest, goods.train, parts)
    middle_seconds, _ = trial.warm_step(middle, goods.train, parts)
    # Seconds are taken to be a + b · tokens, through the two batches.
    span = batches.padded(longest) - batches.padded(middle)
    slope = max(0.0, (long_seconds - middle_seconds) / span) if span > 0 else 0.0
    start = max(0.0, middle_seconds - slope * batches.padded(middle))
    one_epoch = sum(start + slope * batches.padded(rows) for rows in epoch)
    measuring = trial.measuring_seconds(goods.validation, recipe.training.batch_size)
    return dataclasses.replace(
        found,
        memory_peak=peak + copy,
        step_seconds=one_epoch / len(epoch),
        training_seconds=one_epoch / len(epoch) * plan.total,
        measuring_seconds=measuring * (plan.measurements_after(0) + 1),
    )


def _parts_that_fit(memory: _Memory, rows: int, limit: float) -> int | None:
    """The fewest parts, as a power of two, in which a batch fits; None when not even single rows do."""
    parts = 1
    while parts < 2 * rows:
        if memory.of(math.ceil(rows / min(parts, rows))) <= limit:
            return min(parts, rows)
        parts *= 2
    return None


# ---- what could be changed


def _too_large(
    trial: Trial,
    memory: _Memory,
    longest: Indexes,
    goods: Goods,
    recipe: Recipe,
    limit: float,
    copy: int,
) -> tuple[Problem, tuple[Offer, ...]]:
    rows = len(longest)
    needed = memory.of(math.ceil(rows / max(1, recipe.training.accumulation))) + copy
    problem = Problem(
        "This run does not fit into memory.",
        f"Its longest batch needs about {gigabytes(needed)}; {gigabytes(limit)} can be used.",
        "Take one of the offers, or change the recipe.",
        field="training.batch_size",
    )
    offers: list[Offer] = []

    def offer(title: str, cost: str, bytes: float, *changes: tuple[str, float | str | bool]) -> None:
        if bytes + copy <= limit:
            offers.append(Offer(title, f"{cost} Needs about {gigabytes(bytes + copy)}.", changes))

    parts = _parts_that_fit(memory, rows, limit - copy)
    if parts:
        offer(
            f"Split each batch in {parts}",
            "The same result from smaller parts, a little slower.",
            memory.of(math.ceil(rows / parts)),
            ("training.accumulation", parts),
        )
    recomputing = _recomputing(trial, longest, goods.train)
    if recomputing is not None and not recipe.training.gradient_checkpointing:
        fit = _parts_that_fit(recomputing, rows, limit - copy)
        if fit:
            more = f" and split in {fit}" if fit > 1 else ""
            offer(
                f"Recompute activations{more}",
                "The same result, about a third slower.",
                recomputing.of(math.ceil(rows / fit)),
                ("training.gradient_checkpointing", True),
                ("training.accumulation", fit),
            )
    shorter = recipe.training.max_length // 2
    if shorter >= 8:
        small = trial.memory(longest, shortened(goods.train, shorter))
        offer(
            f"Cut texts at {shorter} tokens",
            "What stands later in a text is not seen.",
            small.of(math.ceil(rows / max(1, recipe.training.accumulation))),
            ("training.max_length", shorter),
        )
    if recipe.weights.kind == "all":
        # Frozen weights need neither a gradient nor the optimizer's two averages.
        saved = 12 * 0.95 * sum(p.numel() for p in trial.assembly.bare.parameters())
        lora = _Memory(max(0.0, memory.base - saved), memory.per_row)
        fit = _parts_that_fit(lora, rows, limit)
        if fit:
            more = f" and split in {fit}" if fit > 1 else ""
            offer(
                f"Train with LoRA{more}",
                "Small additions learn and the weights stay; usually almost as good.",
                lora.of(math.ceil(rows / fit)),
                ("weights.kind", "lora"),
                ("training.accumulation", fit),
            )
    if trial.assembly.device.type == "cuda" and recipe.training.optimizer in ("adamw", "lion"):
        trained = sum(p.numel() for p in trial.assembly.bare.parameters() if p.requires_grad)
        offer(
            "8-bit optimizer",
            "The optimizer's numbers take a quarter of the memory. Needs bitsandbytes.",
            memory.of(math.ceil(rows / max(1, recipe.training.accumulation))) - 6 * trained,
            ("training.optimizer", f"{recipe.training.optimizer}-8bit"),
        )
    return problem, tuple(offers)


def _recomputing(trial: Trial, longest: Indexes, split: Split) -> _Memory | None:
    """The memory model with recomputed activations; None for a model that cannot."""
    model: Any = trial.assembly.bare
    if not getattr(model, "supports_gradient_checkpointing", False):
        return None
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    try:
        return trial.memory(longest, split)
    finally:
        model.gradient_checkpointing_disable()


def shortened(split: Split, length: int) -> Split:
    """The rows, each cut after `length` tokens."""
    return dataclasses.replace(split, input_ids=[ids[:length] for ids in split.input_ids])


# ---- the disk


def _state_bytes(assembly: Assembly) -> int:
    """Bytes of a checkpoint: weights and the optimizer's state."""
    trained = assembly.keeps_base
    weights = sum(p.nbytes for p in assembly.bare.parameters() if p.requires_grad or not trained)
    values = (v for state in assembly.optimizer.state.values() for v in state.values())
    return weights + sum(v.nbytes for v in values if isinstance(v, torch.Tensor))


def _disk_needed(recipe: Recipe, assembly: Assembly, checkpoint: int) -> int:
    """Bytes at the largest: the checkpoints that stay, the best one and one being written, and `model/` twice
    while it is replaced."""
    model = sum(p.nbytes for p in assembly.bare.parameters())
    return (recipe.training.keep_checkpoints + 2) * checkpoint + 2 * model


def _disk_problem(found: Preflight) -> Problem:
    return Problem(
        "There is not enough room on the disk for this run.",
        f"It writes up to {gigabytes(found.disk_needed)}; {gigabytes(found.disk_free)} are free.",
        "Free some space, keep fewer checkpoints, or choose another place for runs.",
        field="training.keep_checkpoints",
    )


def _disk_offers(recipe: Recipe) -> tuple[Offer, ...]:
    if recipe.training.keep_checkpoints == 1:
        return ()
    return (Offer("Keep one checkpoint", "Only the newest one stays.", (("training.keep_checkpoints", 1),)),)


def gigabytes(size: float) -> str:
    """Bytes as a person reads them."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"
