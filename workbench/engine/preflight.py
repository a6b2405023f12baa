"""Whether a run fits and how long it will take, from a few real steps with a learning rate of 0.

With a rate of 0 no optimizer changes a weight, so the steps are real in memory and time and leave the initial
weights as they are. A batch that would not fit is never tried: its memory is extrapolated from smaller ones.
"""

from __future__ import annotations

import dataclasses
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from workbench.engine.allocator import give_back_memory, heap_in_use
from workbench.engine.assembly import Assembly, assemble, no_models
from workbench.engine.batches import Batches, Indexes
from workbench.engine.devices import describe, usable_memory
from workbench.engine.fitting import gigabytes, memory_offers, optimizer_bytes, too_large
from workbench.engine.plan import make_plan
from workbench.engine.task import Goods, Rows, Split, Task
from workbench.engine.trial import Check, Memory, Trial
from workbench.run.garbage import collect
from workbench.run.offers import Offer
from workbench.run.preflight import Preflight
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe

#: The share of the usable memory that a run may plan with.
HEADROOM = 0.95
#: oneDNN keeps the 1 024 kernels used last; the forward and backward pass of a transformer take 17 for each shape.
SHAPES_KEPT = 60
#: Steps that an epoch keeps when a larger batch is offered.
FEWEST_STEPS = 20


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
    parts = settings.accumulation or memory.parts_that_fit(len(longest), limit - copy) or 1
    predicted = memory.of(math.ceil(len(longest) / parts)) + copy
    found = dataclasses.replace(
        _outline(assembly, where),
        longest=int(goods.train.lengths[longest].max()),
        memory_peak=int(predicted),
        disk_needed=_disk_needed(recipe, assembly, state),
        total_steps=plan.total,
        watts=watts,
        price=price,
        accumulation=parts,
    )
    if predicted <= limit:
        found = _timed(found, trial, longest, goods, recipe, parts)
        kept, compiling = _kernels(trial, longest, goods.train) if assembly.device.type == "cpu" else (0, 0.0)
        found = dataclasses.replace(
            found,
            memory_peak=found.memory_peak + copy + kept,
            training_seconds=found.training_seconds + compiling,
            saving_seconds=_copying_seconds(assembly, copy) * plan.checkpoints_after(0),
            offers=_larger_batches(memory, recipe, len(goods.train), limit - copy - kept),
        )
    if max(predicted, found.memory_peak) > limit:
        found = dataclasses.replace(
            found,
            problem=too_large(max(predicted, found.memory_peak), limit),
            offers=memory_offers(trial, memory, longest, goods.train, recipe, limit - copy),
        )
    if found.fits and found.disk_needed > found.disk_free:
        found = dataclasses.replace(found, problem=_disk_problem(found), offers=_disk_offers(recipe))
    del trial, assembly
    collect()
    give_back_memory()
    return dataclasses.replace(found, took=time.perf_counter() - began)


def _outline(assembly: Assembly, where: Path) -> Preflight:
    """What is known before anything was measured."""
    return Preflight(
        device=describe(assembly.device),
        precision=assembly.precision,
        parameters=assembly.parameters[0],
        trained=assembly.parameters[1],
        longest=0,
        memory_peak=0,
        memory_total=int(usable_memory(assembly.device)),
        disk_needed=0,
        disk_free=shutil.disk_usage(where).free,
        total_steps=0,
        step_seconds=0.0,
        training_seconds=0.0,
        measuring_seconds=0.0,
        saving_seconds=0.0,
    )


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
        memory_peak=peak,
        step_seconds=one_epoch / len(epoch),
        training_seconds=one_epoch / len(epoch) * plan.total,
        measuring_seconds=measuring * (plan.measurements_after(0) + 1),
    )


def _larger_batches(memory: Memory, recipe: Recipe, rows: int, limit: float) -> tuple[Offer, ...]:
    """The largest batch that fits, where that is much larger than the recipe's and leaves enough steps."""
    most = memory.rows_that_fit(rows // FEWEST_STEPS, limit)
    if most < 2 * recipe.training.batch_size or recipe.training.accumulation > 1:
        return ()
    cost = "The largest that fits. Fewer, larger steps usually want a larger learning rate."
    return (Offer(f"Batches of {most} rows", cost, (("training.batch_size", most),)),)


def _kernels(trial: Trial, longest: Indexes, split: Split) -> tuple[int, float]:
    """Bytes that oneDNN will keep beside the tensors, and seconds: it compiles kernels for each new shape of batch."""
    batches = trial.batches
    epoch = sorted(batches.epoch(0), key=batches.padded)
    shapes = len({(len(rows), batches.padded(rows)) for rows in epoch})
    new = epoch[len(epoch) // 3]
    if batches.padded(new) == batches.padded(longest):
        return 0, 0.0
    before = heap_in_use()
    cold, _ = trial.step(new, split)
    kept = max(0, heap_in_use() - before)
    warm, _ = trial.step(new, split)
    return kept * min(shapes, SHAPES_KEPT), max(0.0, cold - warm) * min(shapes, trial.plan.total)


def _state_bytes(assembly: Assembly) -> int:
    """Bytes of a checkpoint: weights and the optimizer's state."""
    trained = assembly.keeps_base
    weights = sum(p.nbytes for p in assembly.bare.parameters() if p.requires_grad or not trained)
    return weights + optimizer_bytes(assembly)


def _copying_seconds(assembly: Assembly, state: int) -> float:
    """Seconds that training waits for a checkpoint: while its tensors are copied; they are written beside it."""
    began = time.perf_counter()
    copied = sum(p.detach().clone().nbytes for p in assembly.bare.parameters())
    return (time.perf_counter() - began) * state / max(1, copied)


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
