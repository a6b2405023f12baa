"""One optimizer step after the other, without waiting for the device: losses are read when they are reported."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator

from workbench.engine.batches import Indexes
from workbench.engine.devices import Precision, autocast, memory_in_use
from workbench.engine.task import Split, Task
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
    """Takes steps on one model, and tells afterwards what they were like."""

    def __init__(
        self,
        task: Task,
        split: Split,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        scaler: Any,
        accelerator: Accelerator,
        precision: Precision,
        *,
        pad: int,
        max_grad_norm: float,
    ) -> None:
        self._task, self._split, self._model, self._optimizer = task, split, model, optimizer
        self._scaler, self._accelerator, self._precision = scaler, accelerator, precision
        self._pad, self._max_norm = pad, max_grad_norm or math.inf
        self._waiting: list[_Waiting] = []
        self._began: float | None = None  # when the first of the waiting steps began
        self._throughput = Throughput()

    @property
    def due(self) -> bool:
        """Whether it is time to report: on the CPU, where reading costs nothing, after each step."""
        if self._began is None:
            return False
        return self._accelerator.device.type == "cpu" or time.perf_counter() - self._began > REPORT_SECONDS

    def take(self, indexes: Indexes, rate: float, step: int, epoch: float) -> None:
        """One optimizer step on these rows, at this learning rate."""
        if self._began is None:
            self._began = time.perf_counter()
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        loss, tokens = self._forward_backward(indexes)
        self._scaler.unscale_(self._optimizer)
        norm = torch.nn.utils.clip_grad_norm_(self._model.parameters(), self._max_norm)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad(set_to_none=True)
        event = Step(
            step=step,
            epoch=epoch,
            loss=math.nan,
            learning_rate=rate,
            gradient_norm=math.nan,
            tokens_per_second=0.0,
            samples_per_second=0.0,
            memory=memory_in_use(self._accelerator.device),
        )
        self._waiting.append(_Waiting(event, loss, norm, tokens, len(indexes)))

    def report(self) -> tuple[list[Step], float]:
        """The steps since the last report, and the seconds they took.

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
                w.event, loss=loss, gradient_norm=norm, tokens_per_second=tokens, samples_per_second=samples
            )
            for w, (loss, norm) in zip(waiting, values, strict=True)
        ]
        return events, seconds

    def _forward_backward(self, indexes: Indexes) -> tuple[torch.Tensor, int]:
        """Gradients of the batch's mean loss; each process takes every n-th row of the batch."""
        accelerator, task, split = self._accelerator, self._task, self._split
        mine = indexes[accelerator.process_index :: accelerator.num_processes]
        # A process without a row still takes part in the exchange of gradients, with a loss of weight 0.
        weight = accelerator.num_processes / task.terms(split, indexes) if len(mine) else 0.0
        batch = task.collate(split, mine if len(mine) else indexes[:1], self._pad)
        tokens = int(batch["attention_mask"].sum()) * accelerator.num_processes
        batch = {name: tensor.to(accelerator.device, non_blocking=True) for name, tensor in batch.items()}
        with autocast(accelerator.device, self._precision):
            loss = task.loss_sum(self._model, batch) * weight
        self._scaler.scale(loss).backward()
        return accelerator.reduce(loss.detach(), reduction="mean"), tokens


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
