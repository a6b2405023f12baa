"""Trying out real steps that learn nothing, and the memory that larger ones would need."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from workbench.engine.allocator import give_back_memory
from workbench.engine.assembly import Assembly
from workbench.engine.batches import Batches, Indexes, sorted_batches
from workbench.engine.devices import autocast
from workbench.engine.live import untouched
from workbench.engine.peak import peak_memory
from workbench.engine.plan import Plan
from workbench.engine.stepper import Stepper
from workbench.engine.task import Split

#: Tokens of the two small trials from which the memory of larger batches is extrapolated: enough to stand out.
SMALL = (256, 1024)
#: A trial this short is done a second time, when caches are warm, and the second time counts.
AGAIN_SECONDS = 1.5
Check = Callable[[], object]


@dataclass(slots=True)
class Memory:
    """Bytes: `base` with weights and optimizer state, and what each row of the longest batch adds."""

    base: float
    per_row: float

    def of(self, rows: int, parts: int = 1) -> float:
        """What a batch needs that is worked through in so many parts."""
        return self.base + self.per_row * math.ceil(rows / max(1, parts))

    def parts_that_fit(self, rows: int, limit: float) -> int | None:
        """The fewest parts, a power of two, in which a batch fits; None when not even single rows do."""
        parts = 1
        while parts < 2 * rows:
            if self.of(rows, min(parts, rows)) <= limit:
                return min(parts, rows)
            parts *= 2
        return None

    def rows_that_fit(self, most: int, limit: float) -> int:
        """The largest batch, a power of two, that fits in one part; 0 when not even a single row does."""
        rows = 1
        while 2 * rows <= most and self.of(2 * rows) <= limit:
            rows *= 2
        return rows if self.of(rows) <= limit else 0


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
                    assembly.task.score(assembly.bare, assembly.prepared(batch), middle)
                seconds = min(seconds, time.perf_counter() - began)
        tokens = sum(int(split.lengths[rows].max()) * len(rows) for rows in batches)
        return seconds * tokens / max(1, int(split.lengths[middle].max()) * len(middle))

    def memory(self, longest: Indexes, split: Split) -> Memory:
        """The memory model, from two small trials after one that makes the optimizer's state."""
        width = max(1, int(split.lengths[longest].max()))
        counts = [min(len(longest), max(1 + i, tokens // width)) for i, tokens in enumerate(SMALL)]
        few, more = (longest[-count:] for count in counts)
        self.step(longest[-1:], split)
        peaks = []
        for rows in (few, more):
            give_back_memory()  # what an earlier trial freed must not hide what this one needs
            peaks.append(self.step(rows, split)[1])
        per_row = max(0.0, (peaks[1] - peaks[0]) / max(1, len(more) - len(few)))
        return Memory(peaks[0] - per_row * len(few), per_row)
