"""What could be changed so that a run fits into memory: each offer computed from trials on this machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import torch

from workbench.engine.assembly import Assembly
from workbench.engine.batches import Indexes
from workbench.engine.methods.checkpointing import GradientCheckpointing
from workbench.engine.optimizers import optimizer_problems
from workbench.engine.task import Split
from workbench.engine.trial import Memory, Trial
from workbench.run.offers import Offer
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed

#: Bytes of a weight's gradient, which a frozen weight does not need.
GRADIENT = 4
#: The share of weights that LoRA leaves frozen, about.
FROZEN_BY_LORA = 0.95
#: Bytes for each weight: the averages (two, and lion's one) in 8 bits instead of 32.
SAVED_BY_8_BIT = {"adamw": 6, "lion": 3}


def too_large(needed: float, limit: float) -> Problem:
    """Why a run does not fit."""
    return Problem(
        "This run does not fit into memory.",
        f"Its longest batch needs about {gigabytes(needed)}; {gigabytes(limit)} can be used.",
        "Take one of the offers, or change the recipe.",
        field="training.batch_size",
    )


def memory_offers(
    trial: Trial, memory: Memory, longest: Indexes, split: Split, recipe: Recipe, limit: float
) -> tuple[Offer, ...]:
    """The changes with which the run fits below the limit, the one that costs least first."""
    rows, parts = len(longest), max(1, recipe.training.accumulation)
    plans: list[tuple[Offer, float]] = [
        *_split(memory, rows, limit),
        *_shorter(trial, longest, split, recipe, parts),
        *_lora(trial, memory, rows, recipe, limit),
        *_eight_bit(trial, memory.of(rows, parts), recipe),
        *_recomputing(trial, longest, split, recipe, limit),  # last, because it stays switched on
    ]
    offers = [
        dataclasses.replace(offer, help=f"{offer.help} Needs about {gigabytes(needed)}.")
        for offer, needed in plans
        if needed <= limit
    ]
    order = ("training.accumulation", "training.gradient_checkpointing", "training.optimizer", "weights.kind")
    return tuple(
        sorted(offers, key=lambda o: order.index(o.changes[0][0]) if o.changes[0][0] in order else 9)
    )


def _split(memory: Memory, rows: int, limit: float) -> Iterator[tuple[Offer, float]]:
    parts = memory.parts_that_fit(rows, limit)
    if parts:
        yield (
            Offer(
                f"Split each batch in {parts}",
                "The same result from smaller parts, a little slower.",
                (("training.accumulation", parts),),
            ),
            memory.of(rows, parts),
        )


def _recomputing(
    trial: Trial, longest: Indexes, split: Split, recipe: Recipe, limit: float
) -> Iterator[tuple[Offer, float]]:
    model = trial.assembly.bare
    if recipe.training.gradient_checkpointing or not getattr(model, "supports_gradient_checkpointing", False):
        return
    GradientCheckpointing().reshape(model, recipe)
    memory = trial.memory(longest, split)
    parts = memory.parts_that_fit(len(longest), limit)
    if parts:
        changes = (("training.gradient_checkpointing", True), ("training.accumulation", parts))
        offer = Offer(
            "Recompute activations" + _and_split(parts), "The same result, about a third slower.", changes
        )
        yield offer, memory.of(len(longest), parts)


def _shorter(
    trial: Trial, longest: Indexes, split: Split, recipe: Recipe, parts: int
) -> Iterator[tuple[Offer, float]]:
    length = min(recipe.training.max_length, int(split.lengths[longest].max())) // 2
    if length >= 8:
        memory = trial.memory(longest, split.shortened(length))
        changes = (("training.max_length", length),)
        offer = Offer(f"Cut texts at {length} tokens", "What stands later in a text is not seen.", changes)
        yield offer, memory.of(len(longest), parts)


def _lora(
    trial: Trial, memory: Memory, rows: int, recipe: Recipe, limit: float
) -> Iterator[tuple[Offer, float]]:
    if recipe.weights.kind != "all":
        return
    trained = sum(p.numel() for p in trial.assembly.bare.parameters() if p.requires_grad)
    saved = FROZEN_BY_LORA * (GRADIENT * trained + optimizer_bytes(trial.assembly))
    smaller = Memory(max(0.0, memory.base - saved), memory.per_row)
    parts = smaller.parts_that_fit(rows, limit)
    if parts:
        changes = (("weights.kind", "lora"), ("training.accumulation", parts))
        cost = "Small additions learn and the weights stay; usually almost as good."
        yield Offer("Train with LoRA" + _and_split(parts), cost, changes), smaller.of(rows, parts)


def _eight_bit(trial: Trial, needed: float, recipe: Recipe) -> Iterator[tuple[Offer, float]]:
    kind = recipe.training.optimizer
    if kind not in SAVED_BY_8_BIT:
        return
    smaller = changed(recipe, "training.optimizer", f"{kind}-8bit")
    if not optimizer_problems(smaller, trial.assembly.device):
        trained = sum(p.numel() for p in trial.assembly.bare.parameters() if p.requires_grad)
        cost = "The optimizer's numbers take a quarter of the memory."
        offer = Offer("8-bit optimizer", cost, (("training.optimizer", f"{kind}-8bit"),))
        yield offer, needed - SAVED_BY_8_BIT[kind] * trained


def _and_split(parts: int) -> str:
    return f" and split in {parts}" if parts > 1 else ""


def gigabytes(size: float) -> str:
    """Bytes as a person reads them."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"


def optimizer_bytes(assembly: Assembly) -> int:
    """Bytes that the optimizer keeps beside the weights, after its first step."""
    values = (v for state in assembly.optimizer.state.values() for v in state.values())
    return sum(v.nbytes for v in values if isinstance(v, torch.Tensor))
