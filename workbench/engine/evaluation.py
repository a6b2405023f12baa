"""Measuring held-out rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accelerate.utils import gather_object

from workbench.engine.assembly import Assembly
from workbench.engine.batches import sorted_batches
from workbench.engine.devices import autocast
from workbench.engine.live import untouched
from workbench.engine.task import Measurement, Split


def measure(
    assembly: Assembly,
    split: Split,
    *,
    batch_size: int,
    check: Callable[[], object] = lambda: None,
) -> Measurement:
    """Every row of a split once, in eval mode; the processes share the batches and all get the result.

    Args:
        assembly: The model as it is now; its mode and all random states are put back afterwards.
        split: The rows.
        batch_size: Rows per batch.
        check: Called before each batch; may raise to end the measurement.
    """
    accelerator, task = assembly.accelerator, assembly.task
    world, index = accelerator.num_processes, accelerator.process_index
    parts: list[Any] = []
    with untouched(assembly.bare):
        batches = sorted_batches(split.lengths, batch_size)
        own = batches[index::world]
        # A sharded model is put together by all processes at once: who has fewer batches takes one for show.
        missing = -(-len(batches) // world) - len(own) if assembly.shards else 0
        for number, indexes in enumerate([*own, *batches[:1] * missing]):
            check()
            batch = task.collate(split, indexes, assembly.pad)
            batch = {name: tensor.to(assembly.device) for name, tensor in batch.items()}
            with autocast(assembly.device, assembly.precision):
                scored = task.score(assembly.bare, assembly.prepared(batch), indexes)
            if number < len(own):
                parts.append(scored)
    if world > 1:
        parts = gather_object(parts)
    return task.summarise(parts, split, assembly.rows)
