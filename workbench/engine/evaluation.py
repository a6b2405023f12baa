"""Measuring held-out rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object

from workbench.engine.batches import sorted_batches
from workbench.engine.devices import Precision, autocast
from workbench.engine.live import untouched
from workbench.engine.task import Measurement, Rows, Split, Task


def measure(
    task: Task,
    model: torch.nn.Module,
    split: Split,
    rows: Rows,
    accelerator: Accelerator,
    precision: Precision,
    *,
    batch_size: int,
    pad: int,
    check: Callable[[], object] = lambda: None,
) -> Measurement:
    """Every row of a split once, in eval mode; the processes share the batches and all get the result.

    Args:
        task: Scores batches and makes metrics of the scores.
        model: The bare model; its mode and all random states are put back afterwards.
        split: The rows.
        rows: What the task read.
        accelerator: Knows the device and the other processes.
        precision: The number format of the forward pass.
        batch_size: Rows per batch.
        pad: The id of the padding token.
        check: Called before each batch; may raise to end the measurement.
    """
    world, index = accelerator.num_processes, accelerator.process_index
    parts: list[Any] = []
    with untouched(model):
        for indexes in sorted_batches(split.lengths, batch_size)[index::world]:
            check()
            batch = task.collate(split, indexes, pad)
            batch = {name: tensor.to(accelerator.device) for name, tensor in batch.items()}
            with autocast(accelerator.device, precision):
                parts.append(task.score(model, batch, indexes))
    if world > 1:
        parts = gather_object(parts)
    return task.summarise(parts, split, rows)
