"""One optimizer step after the other, without waiting for the device: losses are read when they are reported."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from workbench.engine.allocator import Thrift
from workbench.engine.assembly import Assembly
from workbench.engine.batches import Indexes
from workbench.engine.devices import autocast, memory_in_use
from workbench.engine.sharing import whole
from workbench.engine.task import Batch, Split
from workbench.run.events import Step

#: Seconds between two reports on devices where reading a loss makes the host wait.
REPORT_SECONDS = 0.1


class _Waiting(NamedTuple):
    """A step whose loss and gradient norm are still on the device."""

    event: Step
    loss: torch.Tensor
    norm: torch.Tensor
    tokens: int
    samples: int


class Stepper:
    """Takes steps on one assembled model, and tells afterwards what they were like."""

    def __init__(self, assembly: Assembly, split: Split, *, parts: int, max_grad_norm: float) -> None:
        """
        Args:
            assembly: Model, optimizer and methods; its `begin` was called.
            split: The training rows.
            parts: Into how many parts each batch is split; gradients are summed over them.
            max_grad_norm: Longer gradients are shortened to this; 0 means never.
        """
        self._assembly, self._split = assembly, split
        self._parts, self._max_norm = max(1, parts), max_grad_norm or math.inf
        self._trained = [p for p in assembly.bare.parameters() if p.requires_grad]
        self._waiting: list[_Waiting] = []
        self._began: float | None = None  # when the first of the waiting steps began
        self._throughput = Throughput()
        self._thrift = Thrift()

    @property
    def due(self) -> bool:
        """Whether it is time to report: on the CPU, where reading costs nothing, after each step."""
        if self._began is None:
            return False
        return self._assembly.device.type == "cpu" or time.perf_counter() - self._began > REPORT_SECONDS

    def take(self, indexes: Indexes, rate: float, step: int, epoch: float) -> None:
        """One optimizer step on these rows, at this learning rate."""
        assembly = self._assembly
        if self._began is None:
            self._began = time.perf_counter()
        for group in assembly.optimizer.param_groups:
            group["lr"] = rate * group.get("rate_scale", 1.0)
        loss, tokens = self._gradients(indexes, step)
        assembly.scaler.unscale_(assembly.optimizer)
        for method in assembly.methods:
            method.before_step(step)
        norm = self._clip()
        assembly.scaler.step(assembly.optimizer)
        assembly.scaler.update()
        assembly.optimizer.zero_grad(set_to_none=True)
        for method in assembly.methods:
            method.after_step(step)
        event = Step(
            step=step,
            epoch=epoch,
            loss=math.nan,
            learning_rate=rate,
            gradient_norm=math.nan,
            tokens_per_second=0.0,
            samples_per_second=0.0,
            memory=memory_in_use(assembly.device),
        )
        self._waiting.append(_Waiting(event, loss, norm, tokens, len(indexes)))
        if assembly.device.type == "cpu":
            self._thrift.after_step(event.memory)

    def _clip(self) -> torch.Tensor:
        """Shorten long gradients; returns the norm of before."""
        gradients = [p.grad for p in self._trained if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        # Short gradients would be multiplied by 1. Only on the CPU, in one process, is it free to look.
        alone = self._assembly.device.type == "cpu" and self._assembly.accelerator.num_processes == 1
        if not alone or not norm <= self._max_norm:
            torch.nn.utils.clip_grads_with_norm_(self._trained, self._max_norm, norm)
        return whole(norm)

    def report(self, seconds_left: float = 0.0) -> tuple[list[Step], float]:
        """The steps since the last report, and the seconds they took; `seconds_left` is passed on.

        All losses are read in one synchronisation. Only then is the device known to have finished the steps, so
        only then is their time known.
        """
        if self._began is None:
            return [], 0.0
        waiting, self._waiting = self._waiting, []
        values = torch.stack([torch.stack([w.loss.float(), w.norm.float()]) for w in waiting]).tolist()
        seconds, self._began = time.perf_counter() - self._began, None
        tokens, samples = self._throughput.add(
            seconds, sum(w.tokens for w in waiting), sum(w.samples for w in waiting)
        )
        events = [
            dataclasses.replace(
                w.event,
                loss=loss,
                gradient_norm=norm,
                tokens_per_second=tokens,
                samples_per_second=samples,
                seconds_left=seconds_left,
            )
            for w, (loss, norm) in zip(waiting, values, strict=True)
        ]
        return events, seconds

    def _gradients(self, indexes: Indexes, step: int) -> tuple[torch.Tensor, int]:
        """Gradients of the batch's mean loss, summed over its parts; returns that loss and the tokens seen.

        Each process takes every n-th row of each part. The weight of a part's summed loss is one over the terms
        of the whole batch, so that neither the parts nor the processes change the mean.
        """
        accelerator, task = self._assembly.accelerator, self._assembly.task
        world, tokens, losses = accelerator.num_processes, 0, []
        weight = world / task.terms(self._split, indexes)
        for rows in np.array_split(indexes, min(self._parts, len(indexes))):
            mine = rows[accelerator.process_index :: world]
            # A process without a row still takes part in the exchange of gradients, with a loss of weight 0.
            chosen = mine if len(mine) else rows[:1]
            batch = task.training_batch(self._split, chosen, self._assembly.pad, step)
            tokens += int(batch["attention_mask"].sum()) * world
            losses.append(self._backward(self._on_device(batch), weight if len(mine) else 0.0))
        return accelerator.reduce(torch.stack(losses).sum(), reduction="mean"), tokens

    def _on_device(self, batch: Batch) -> Batch:
        device = self._assembly.device
        if device.type == "cuda":  # only pinned memory is copied without the host waiting
            batch = {name: tensor.pin_memory() for name, tensor in batch.items()}
        return {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}

    def _backward(self, batch: Batch, weight: float) -> torch.Tensor:
        """Back-propagate the loss of a part and the further losses of methods; returns the first one."""
        assembly = self._assembly
        with autocast(assembly.device, assembly.precision):
            batch = assembly.prepared(batch)
            loss = assembly.forward(batch).loss * weight
        assembly.scaler.scale(loss).backward()
        for method in assembly.methods:
            for further in self._further(method.more_losses(assembly.forward, batch)):
                assembly.scaler.scale(further * weight).backward()
        return loss.detach()

    def _further(self, losses: Iterator[torch.Tensor]) -> Iterator[torch.Tensor]:
        """The losses, each computed in the run's precision when it is asked for."""
        while True:
            with autocast(self._assembly.device, self._assembly.precision):
                loss = next(losses, None)
            if loss is None:
                return
            yield loss


class Throughput:
    """Tokens and samples per second over about the last two seconds of training."""

    def __init__(self) -> None:
        self._recent: list[tuple[float, int, int]] = []

    def add(self, seconds: float, tokens: int, samples: int) -> tuple[float, float]:
        """Take in a stretch of training; returns (tokens, samples) per second."""
        self._recent.append((seconds, tokens, samples))
        while len(self._recent) > 1 and sum(s for s, _, _ in self._recent[1:]) > 2.0:
            self._recent.pop(0)
        total = max(sum(s for s, _, _ in self._recent), 1e-9)
        return sum(t for _, t, _ in self._recent) / total, sum(n for _, _, n in self._recent) / total
