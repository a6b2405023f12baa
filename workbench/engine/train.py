"""Training, as one generator that is read from top to bottom: a recipe goes in, events come out.

The generator knows neither a window nor a file of events. Between two steps it calls
`control.between_steps(live)`, where whoever drives it may look at the live model, or let it wait.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import broadcast

from workbench.engine import checkpoints
from workbench.engine.batches import Indexes, epoch_batches
from workbench.engine.devices import (
    Precision,
    choose_device,
    choose_precision,
    describe,
)
from workbench.engine.evaluation import measure
from workbench.engine.keeper import Keeper
from workbench.engine.live import LiveModel
from workbench.engine.optimizers import build_optimizer
from workbench.engine.plan import make_plan
from workbench.engine.schedules import learning_rate
from workbench.engine.stepper import Stepper
from workbench.engine.task import Goods, Measurement, Rows, Split, Task
from workbench.run.events import CheckpointSaved, Ended, Evaluated, Event, Notice, Started
from workbench.run.problem import Problem, WorkbenchError, explain
from workbench.run.recipe import Recipe


class Control(Protocol):
    """What drives a run from outside."""

    @property
    def stopping(self) -> bool:
        """Whether the run is to end after the present step."""

    def between_steps(self, live: LiveModel) -> None:
        """Called between two steps; may use the live model inside `untouched`, and may wait."""


def train(
    recipe: Recipe,
    task: Task,
    rows: Rows,
    goods: Goods,
    control: Control,
    *,
    folder: Path | None = None,
    checkpoint: Path | None = None,
    card: str = "",
) -> Iterator[Event]:
    """Fine-tune the model; yields events and exactly one `Ended`, whatever happens.

    Args:
        recipe: How to train.
        task: What to minimise and to measure.
        rows: What the task read.
        goods: Model, tokenizer and encoded rows; the model is trained in place.
        control: Stops, pauses and probes.
        folder: The run folder for checkpoints and `model/`; None writes nothing (other ranks, tests).
        checkpoint: A whole checkpoint to go on from; `goods.model` already holds its weights.
        card: The model card for `model/`.
    """
    loop = _Loop(recipe, task, rows, goods, control, folder, card)
    try:
        try:
            yield from loop.run(checkpoint)
        except _Stopping:
            yield from loop.stop()
    except Exception as error:
        yield loop.ended("failed", _training_problem(error))
    except KeyboardInterrupt:
        yield loop.ended("stopped", None)


def _training_problem(error: Exception) -> Problem:
    problem = explain(error)
    if "allocate memory" in str(error):  # the CPU's allocator raises a plain RuntimeError
        problem = explain(MemoryError(str(error)))
    return problem


def seed_chance(seed: int) -> None:
    """Set torch's global generators, from which new weights and dropout masks come."""
    torch.manual_seed(seed)


class _Loop:
    """The state of one run; `run` is the loop."""

    def __init__(
        self,
        recipe: Recipe,
        task: Task,
        rows: Rows,
        goods: Goods,
        control: Control,
        folder: Path | None,
        card: str,
    ) -> None:
        self.recipe, self.task, self.rows, self.goods = recipe, task, rows, goods
        self.control = control
        self.keeper = Keeper(folder, task, goods, card, recipe.training.keep_checkpoints) if folder else None
        self.step = 0
        self.seconds = 0.0
        self.samples = 0
        self.best_value: float | None = None
        self.best_step = 0
        self.metric = recipe.training.best_metric or task.best_metric
        self.best_metrics: dict[str, float] = {}
        self._measured_step = -1

    # ---- the loop

    def run(self, checkpoint: Path | None) -> Iterator[Event]:
        settings = self.recipe.training
        self._prepare(checkpoint)
        yield self._started(checkpoint)
        for note in (*self.rows.notes, *self.goods.notes):
            if checkpoint is None:
                yield Notice(text=note)
        if self.plan.evaluates(self.step) and self._measured_step < self.step:
            # Of a new run, the measure of what the model knew before; of a resumed one, what a stop cut off.
            yield from self._evaluate()
        if checkpoint is None and self.keeper is not None:
            self.keeper.keep_writing("before", self.task.written_samples(self.goods))
        lengths = self.goods.train.lengths
        while self.step < self.plan.total:
            epoch, first = divmod(self.step, self.plan.steps_per_epoch)
            batches = epoch_batches(lengths, settings.batch_size, settings.seed, epoch, settings.batching)
            for indexes in batches[first : first + self.plan.total - self.step]:
                if self._told_to_stop():
                    yield from self.stop()
                    return
                yield from self._step(indexes)
                if self.plan.evaluates(self.step):
                    yield from self._flush()
                    yield from self._evaluate()
                if self.plan.saves(self.step):
                    yield from self._flush()
                    yield from self._save_checkpoint()
        yield from self._finish()

    def _prepare(self, checkpoint: Path | None) -> None:
        settings = self.recipe.training
        # Accelerate keeps one state per process; a second run in the window may want another device.
        if not torch.distributed.is_initialized():
            AcceleratorState._reset_state(reset_partial_state=True)
        wanted = choose_device(settings.device)
        # Precision is our own autocast: Accelerate would silently keep the first run's for the whole process.
        self.accelerator = Accelerator(cpu=wanted.type == "cpu", mixed_precision="no")
        self.device = self.accelerator.device
        self.precision: Precision = choose_precision(settings.precision, self.device)
        self.plan = make_plan(self.recipe, self.goods)
        seed_chance(settings.seed + self.accelerator.process_index)
        self.goods.model.train()
        model = self.goods.model.to(self.device)
        optimizer = build_optimizer(model, settings.optimizer, settings.learning_rate, settings.weight_decay)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")
        if checkpoint is not None:
            position = checkpoints.read_position(checkpoint)
            self.step, self.seconds, self.samples = position.step, position.seconds, position.samples
            self.best_value, self.best_step = position.best_value, position.best_step
            self.best_metrics = position.best_metrics
            self._measured_step = position.measured_step
            checkpoints.restore(checkpoint, optimizer, self.scaler)
        self.model: Any = self.accelerator.prepare_model(model)
        self.optimizer = optimizer
        self._pad = int(self.goods.tokenizer.pad_token_id or 0)
        self._saved_step = self.step if checkpoint is not None else -1
        self.stepper = Stepper(
            self.task,
            self.goods.train,
            self.model,
            optimizer,
            self.scaler,
            self.accelerator,
            self.precision,
            pad=self._pad,
            max_grad_norm=settings.max_grad_norm,
        )

    def _step(self, indexes: Indexes) -> Iterator[Event]:
        settings = self.recipe.training
        self.step += 1
        self.samples += len(indexes)
        rate = learning_rate(
            self.step, self.plan.total, settings.learning_rate, settings.warmup_ratio, settings.schedule
        )
        self.stepper.take(indexes, rate, self.step, self.step / self.plan.steps_per_epoch)
        if self.stepper.due:
            yield from self._flush()
            self.control.between_steps(self._live())

    def _flush(self) -> Iterator[Event]:
        """Report the steps whose losses have not been read yet."""
        events, seconds = self.stepper.report()
        self.seconds += seconds
        for event in events:
            yield event
            # fp16 skips steps with an infinite gradient by design.
            bad_norm = not math.isfinite(event.gradient_norm) and self.precision != "fp16"
            if not math.isfinite(event.loss) or bad_norm:
                raise WorkbenchError(_not_finite(event.step, event.loss, event.gradient_norm), usage=False)

    # ---- measuring and saving

    def _evaluate(self) -> Iterator[Event]:
        if not len(self.goods.validation):
            return
        measured = self._measure(self.goods.validation)
        self._measured_step = self.step
        value = measured.metrics.get(self.metric, math.nan)
        best = self.step > 0 and self.task.is_better(self.metric, value, self.best_value)
        if best:
            self.best_value, self.best_step, self.best_metrics = value, self.step, measured.metrics
            self._save_model(measured)
        yield Evaluated(
            step=self.step,
            epoch=self.step / self.plan.steps_per_epoch,
            metrics=measured.metrics,
            best=best,
            confusion=measured.confusion,
        )

    def _measure(self, split: Split) -> Measurement:
        return measure(
            self.task,
            self._bare_model(),
            split,
            self.rows,
            self.accelerator,
            self.precision,
            batch_size=self.recipe.training.batch_size,
            pad=self._pad,
            check=self._check,
        )

    def _check(self) -> None:
        # Other processes would wait for ever for the one that leaves a measurement.
        if self.control.stopping and self.accelerator.num_processes == 1:
            raise _Stopping

    def _save_model(self, measured: Measurement | None) -> None:
        self.accelerator.wait_for_everyone()
        if self.keeper is not None:
            self.keeper.keep_model(self._bare_model(), measured, self.step)

    def _save_checkpoint(self) -> Iterator[Event]:
        self.accelerator.wait_for_everyone()
        if self.keeper is None:
            return
        position = checkpoints.Position(
            self.step,
            self.seconds,
            self.samples,
            self.best_value,
            self.best_step,
            self.best_metrics,
            self._measured_step,
        )
        path = self.keeper.keep_checkpoint(self._bare_model(), self.optimizer, self.scaler, position)
        self._saved_step = self.step
        yield CheckpointSaved(step=self.step, path=f"checkpoints/{path.name}")

    def _take_chosen_weights(self) -> None:
        """Put the best weights back, so that what is measured and shown in the end is what was saved."""
        if self.best_step in (0, self.step):
            return
        model = self._bare_model()
        if self.keeper is not None:
            self.keeper.load_model_into(model)
        if self.accelerator.num_processes > 1:
            for tensor in model.state_dict().values():
                broadcast(tensor)

    # ---- endings

    def stop(self) -> Iterator[Event]:
        """Save, and end."""
        yield from self._flush()
        if self.step > self._saved_step:  # also before the first step, so that every stopped run can go on
            yield from self._save_checkpoint()
        if self.step and self.best_step == 0:  # no measurement has chosen weights yet
            self._save_model(None)
        yield self.ended("stopped", None)

    def _finish(self) -> Iterator[Event]:
        yield from self._flush()
        if self.best_step == 0:  # nothing is held out, or no measurement was a number
            self._save_model(None)
        self._take_chosen_weights()
        if self.keeper is not None:
            self.keeper.keep_writing("after", self.task.written_samples(self.goods))
        if self.goods.test is not None:
            measured = self._measure(self.goods.test)
            yield Evaluated(
                step=self.step,
                epoch=self.step / self.plan.steps_per_epoch,
                metrics=measured.metrics,
                split="test",
                confusion=measured.confusion,
            )
        yield self.ended("finished", None)

    def ended(self, status: Any, problem: Problem | None) -> Ended:
        return Ended(
            status=status,
            step=self.step,
            seconds=self.seconds,
            samples=self.samples,
            metrics=self.best_metrics,
            problem=problem,
        )

    # ---- small things

    def _started(self, checkpoint: Path | None) -> Started:
        return Started(
            task=self.task.kind,
            model=self.recipe.model.source,
            device=describe(self.device),
            precision=self.precision,
            total_steps=self.plan.total,
            steps_per_epoch=self.plan.steps_per_epoch,
            train_rows=len(self.goods.train),
            validation_rows=len(self.goods.validation),
            parameters=sum(p.numel() for p in self._bare_model().parameters()),
            class_names=self.rows.class_names,
            best_metric=self.metric,
            best_is_highest=self.metric not in self.task.lower_is_better,
            resumed_from=self.step if checkpoint is not None else 0,
        )

    def _bare_model(self) -> Any:
        return self.accelerator.unwrap_model(self.model)

    def _live(self) -> LiveModel:
        head = "classifier" if self.rows.class_names else "causal-lm"
        name = f"in training, step {self.step}"
        return LiveModel(
            self._bare_model(),
            self.goods.tokenizer,
            head,
            self.rows.class_names,
            self.device,
            self.step,
            name,
        )

    def _told_to_stop(self) -> bool:
        told = self.control.stopping
        if self.accelerator.num_processes == 1:
            return told
        # All processes must leave the loop in the same step, or the rest would wait for ever.
        flag = torch.tensor(float(told), device=self.device)
        return bool(self.accelerator.reduce(flag, reduction="sum").item() > 0)


class _Stopping(Exception):  # noqa: N818 - it is no error
    """The person asked to stop in the middle of a measurement."""


def _not_finite(step: int, loss: float, norm: float) -> Problem:
    what = "loss" if not math.isfinite(loss) else "gradient"
    return Problem(
        f"The {what} is no longer a number (step {step}).",
        "The usual cause is a learning rate that is too high; broken weights or float16 arithmetic can do it too.",
        "The run was stopped; its last good checkpoint is kept. Start again with a learning rate ten times smaller.",
        f"step {step}: loss {loss}, gradient norm {norm}",
        field="training.learning_rate",
    )
