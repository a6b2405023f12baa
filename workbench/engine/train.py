"""Training, as one generator that is read from top to bottom: a recipe goes in, events come out.

The generator knows neither a window nor a file of events. Between two steps it calls
`control.between_steps(live)`, where whoever drives it may look at the live model, or let it wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import torch

from workbench.engine import checkpoints
from workbench.engine.allocator import give_back_memory
from workbench.engine.assembly import assemble, no_models
from workbench.engine.batches import Batches, Indexes
from workbench.engine.devices import describe
from workbench.engine.evaluation import measure
from workbench.engine.forecast import Forecast
from workbench.engine.inside.film import Filming
from workbench.engine.keeper import Keeper
from workbench.engine.live import LiveModel
from workbench.engine.loading import head_of
from workbench.engine.peers import cut_off, restore_chance
from workbench.engine.pinned import Answering
from workbench.engine.plan import make_plan
from workbench.engine.progress import Progress
from workbench.engine.saving import Saving
from workbench.engine.stepper import Stepper
from workbench.engine.task import Goods, Measurement, Rows, Split, Task
from workbench.engine.trouble import (
    Restart,
    check_finite,
    offers_for,
    out_of_memory,
    training_problem,
)
from workbench.run.events import Changed, Ended, Evaluated, Event, Notice, Paused, Started, WentOn
from workbench.run.garbage import collect
from workbench.run.offers import Answer, Offer
from workbench.run.orders import ChangeRate, MeasureNow, Order, PinPrompts, SaveNow, StopAfterEpoch
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe


class Control(Protocol):
    """What drives a run from outside."""

    @property
    def stopping(self) -> bool:
        """Whether the run is to end after the present step."""

    @property
    def paused(self) -> bool:
        """Whether the run is to wait after the present step."""

    @property
    def releases(self) -> bool:
        """Whether a GPU's memory is given back while the run waits."""

    def orders(self) -> Sequence[Order]:
        """What was asked for since the last call."""

    def serve(self, live: LiveModel | None) -> None:
        """Answer questions to models, without waiting."""

    def between_steps(self, live: LiveModel) -> None:
        """Called between two steps; may use the live model inside `untouched`, and waits while paused."""

    def hold(self, problem: Problem, offers: Sequence[Offer], live: LiveModel | None) -> Answer:
        """Wait for a decision about a problem; the live model may be looked at meanwhile."""


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
    resolve: Callable[[str], Path] = no_models,
    seconds: float = 0.0,
    stop_at_epoch: bool = False,
) -> Iterator[Event]:
    """Fine-tune the model; yields events and exactly one `Ended`, whatever happens.

    Args:
        recipe: How to train.
        task: What to minimise and to measure.
        rows: What the task read.
        goods: Model, tokenizer and encoded rows; the model is trained in place.
        control: Stops, pauses, orders and probes.
        folder: The run folder for checkpoints and `model/`; None writes nothing (other ranks, tests).
        checkpoint: A whole checkpoint to go on from; `goods.model` already holds its weights, or those of the
            base model where checkpoints hold only what is trained.
        card: The model card for `model/`.
        resolve: Gives the folder of a model by a recipe's name for it.
        seconds: What the whole run is predicted to take; 0 where nobody knows.
        stop_at_epoch: Whether to end with the present epoch, as was asked before a restart.

    Raises:
        CutOffError: When another process of the run is gone; there is no `Ended` then.
        Restart: When the person chose to go on from the newest checkpoint with changed recipe fields; there is
            no `Ended` then.
    """
    loop = _Loop(recipe, task, rows, goods, control, folder, card, resolve, seconds)
    loop.progress.stop_at_epoch = stop_at_epoch
    try:
        try:
            yield from loop.run(checkpoint)
        except _Stopping:
            yield from loop.stop()
    except Restart:
        raise
    except Exception as error:
        yield from loop.in_trouble(error)
    except KeyboardInterrupt:
        yield loop.ended("stopped", None)
    finally:
        loop.close()


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
        resolve: Callable[[str], Path],
        seconds: float,
    ) -> None:
        self.recipe, self.task, self.rows, self.goods = recipe, task, rows, goods
        self.control, self.resolve, self.seconds = control, resolve, seconds
        self.keeper = Keeper(folder, task, goods, card, recipe.training.keep_checkpoints) if folder else None
        self.progress = Progress(recipe, task)
        self.folder = folder

    # ---- the loop

    def run(self, checkpoint: Path | None) -> Iterator[Event]:
        progress = self.progress
        self._prepare(checkpoint)
        yield self._started(checkpoint)
        for label in self._labels():
            yield Notice(text=label)
        for note in (*self.rows.notes, *self.goods.notes):
            if checkpoint is None:
                yield Notice(text=note)
        yield from self._begin_film(resumed=checkpoint is not None)
        if self.plan.evaluates(progress.step) and progress.measured_step < progress.step:
            # Of a new run, the measure of what the model knew before; of a resumed one, what a stop cut off.
            yield from self._evaluate()
        if checkpoint is None:
            yield from self._write_samples("before")
        yield from self._film()
        while not self._is_over():
            epoch, first = self.plan.place(progress.step)
            for indexes in self.batches.epoch(epoch)[first : first + self.plan.total - progress.step]:
                if self._told_to_stop():
                    yield from self.stop()
                    return
                yield from self._step(indexes)
                if self.plan.evaluates(progress.step):
                    yield from self._flush()
                    yield from self._evaluate()
                if self.plan.saves(progress.step):
                    yield from self._flush()
                    yield from self.saving.checkpoint()
                yield from self._film()
                if self._is_over():
                    break
            if progress.stop_at_epoch and not self._is_over() and self.plan.place(progress.step)[1] == 0:
                yield from self.stop()
                return
        yield from self._finish()

    def _is_over(self) -> bool:
        return self.progress.step >= self.plan.total or self.progress.out_of_patience

    def _prepare(self, checkpoint: Path | None) -> None:
        recipe, goods = self.recipe, self.goods
        self.batches = Batches(goods.train.lengths, recipe.training)
        self.plan = make_plan(recipe, goods, self.batches)
        self.forecast = Forecast(self.plan, self.batches, int(goods.validation.lengths.sum()))
        self.assembly = assemble(recipe, self.task, self.rows, goods, self.plan.total)
        self.accelerator, self.device = self.assembly.accelerator, self.assembly.device
        self.saving = Saving(self.keeper, self.assembly, self.progress, self.forecast, self._answer)
        if checkpoint is not None and self.assembly.keeps_base:
            checkpoints.load_trained(checkpoint, self.assembly.bare)
        self.assembly.begin(self.resolve, self.seconds)
        if checkpoint is not None:
            self._resume(checkpoint)
        self.stepper = Stepper(
            self.assembly,
            goods.train,
            parts=recipe.training.accumulation,
            max_grad_norm=recipe.training.max_grad_norm,
        )

    def _resume(self, checkpoint: Path) -> None:
        self.progress.resume(checkpoints.read_position(checkpoint))
        # Last, because it puts the random states back.
        state = checkpoints.restore(checkpoint, self.assembly.optimizer, self.assembly.scaler)
        if self.assembly.shards:
            self.assembly.shards.part_state(self.assembly.optimizer)
        self.assembly.load_method_state(state)
        restore_chance(state, self.accelerator, self.recipe.training.seed + self.progress.step)

    def _step(self, indexes: Indexes) -> Iterator[Event]:
        progress = self.progress
        progress.step += 1
        progress.samples += len(indexes)
        rate, epoch = progress.rate(self.plan.total), self.plan.epochs_done(progress.step)
        began = time.perf_counter()
        self.stepper.take(indexes, rate, progress.step, epoch)
        self.forecast.step(time.perf_counter() - began, self.batches.padded(indexes))
        if self.stepper.due:
            yield from self._flush()
            yield from self._between_steps()

    def _flush(self) -> Iterator[Event]:
        """Report the steps whose losses have not been read yet."""
        events, seconds = self.stepper.report(self.forecast.left(self.progress.step))
        self.progress.seconds += seconds
        for event in events:
            yield event
            check_finite(event, self.assembly.precision)

    def _between_steps(self) -> Iterator[Event]:
        """Serve probes, follow orders, and wait while the run is paused."""
        yield from self.saving.written()
        if not self.control.paused:
            self.control.between_steps(self._live())
            yield from self._follow(self.control.orders())
            return
        yield Paused(step=self.progress.step)
        released = self.control.releases and self.device.type != "cpu"
        if released:
            self._release()
        while self.control.paused and not self.control.stopping:
            self.control.between_steps(self._live())
            if orders := self.control.orders():
                if released:
                    self.assembly.move(self.device)
                yield from self._follow(orders)
                yield from self.saving.written(wait=True)
                if released:
                    self._release()
        if released:
            self.assembly.move(self.device)
        yield WentOn(step=self.progress.step)

    def _follow(self, orders: Sequence[Order]) -> Iterator[Event]:
        for order in orders:
            match order:
                case SaveNow():
                    yield from self.saving.checkpoint(mark=True)
                case MeasureNow():
                    if self.progress.measured_step < self.progress.step:
                        yield from self._evaluate()
                case StopAfterEpoch():
                    self.progress.stop_at_epoch = order.on
                case ChangeRate():
                    self.progress.rate_scale = order.learning_rate / self.recipe.training.learning_rate
                    yield Changed(
                        step=self.progress.step, path="training.learning_rate", value=order.learning_rate
                    )
                    yield from self.saving.checkpoint()  # a crash must not forget what was ordered
                case PinPrompts():
                    if self.answering:
                        yield from self.answering.pin(order.prompts, order.on, self._live())

    # ---- the training film, and answers to pinned prompts

    def _begin_film(self, *, resumed: bool) -> Iterator[Event]:
        self.filming: Filming | None = None
        self.answering: Answering | None = None
        if self.folder:  # of several processes only the one that writes
            film, names = self.recipe.film, self.rows.class_names
            self.filming = Filming(film, self.goods, names, self.plan.total, self.folder)
            sharded = self.assembly.shards is not None
            yield from self.filming.begin(self._live(), resumed=resumed, sharded=sharded)
            self.answering = Answering(self.recipe, self.goods, self.plan.total, self.folder)
            yield from self.answering.begin(self._live(), resumed=resumed, sharded=sharded)

    def _film(self) -> Iterator[Event]:
        """Record a frame of the film, and answers, where they are due."""
        progress, filming, answering = self.progress, self.filming, self.answering
        measured = progress.measured_step == progress.step
        if answering and answering.due(progress.step, progress.seconds, measured=measured):
            yield from self._flush()
            yield from answering.take(
                self._live(),
                self.plan.epochs_done(progress.step),
                progress.seconds,
                measured=measured,
                stopping=lambda: self.control.stopping,
            )
        if filming and filming.due(progress.step, progress.seconds, measured=measured):
            yield from self._flush()
            epoch = self.plan.epochs_done(progress.step)
            yield from filming.take(self._live(), epoch, progress.seconds, measured=measured)

    # ---- measuring and saving

    def _evaluate(self) -> Iterator[Event]:
        if not len(self.goods.validation):
            return
        progress, began = self.progress, time.perf_counter()
        # A measurement by hand must not use up patience.
        planned = self.plan.evaluates(progress.step) and progress.measured_step < progress.step
        with self.assembly.measured_weights():
            measured = self._measure(self.goods.validation)
            best = progress.is_best(measured.metrics)
            if best:
                yield from self.saving.model(measured)
        self.forecast.measured(time.perf_counter() - began)
        yield self._evaluated(measured, best=best)
        if planned and progress.step:
            yield from progress.heard(measured.metrics, self.plan.total)

    def _evaluated(
        self, measured: Measurement, *, best: bool = False, split: str = "validation"
    ) -> Evaluated:
        return Evaluated(
            step=self.progress.step,
            epoch=self.plan.epochs_done(self.progress.step),
            metrics=measured.metrics,
            best=best,
            split=split,
            confusion=measured.confusion,
        )

    def _measure(self, split: Split) -> Measurement:
        return measure(self.assembly, split, batch_size=self.recipe.training.batch_size, check=self._check)

    def _check(self) -> None:
        # Other processes would wait for ever for the one that leaves a measurement.
        if self.control.stopping and self.accelerator.num_processes == 1:
            raise _Stopping

    def _answer(self, problem: Problem, offers: tuple[Offer, ...]) -> Generator[Event, None, Answer]:
        """Wait until the person has decided about a problem."""
        yield Paused(step=self.progress.step, problem=problem, offers=offers)
        answer = self.control.hold(problem, offers, self._live() if self._assembled else None)
        if answer.what != "stop":
            yield WentOn(step=self.progress.step)
        return answer

    def _write_samples(self, when: Literal["before", "after"]) -> Iterator[Event]:
        """Keep what the model writes now. It is nice to have: where memory does not suffice, the run goes on."""
        try:
            self.saving.writing(when, self._samples)
        except Exception as error:
            if not out_of_memory(error) or not self._alone():
                raise
            error.__traceback__ = None  # it holds the tensors that did not fit
            self._free()
            yield Notice(
                text=f"Memory did not suffice to let the model write samples {when} the training. The run goes on.",
                level="warning",
            )

    def _samples(self) -> list[dict[str, str]]:
        return self.task.written_samples(self.goods, lambda: self.control.stopping)

    # ---- endings

    def stop(self) -> Iterator[Event]:
        """Save, and end."""
        yield from self._flush()
        # Also before the first step, so that every stopped run can go on.
        if self.progress.step > self.progress.saved_step:
            yield from self.saving.checkpoint()
        if self.progress.step and self.progress.best_step == 0:  # no measurement has chosen weights yet
            with self.assembly.measured_weights():
                yield from self.saving.model(None)
        yield from self.saving.written(wait=True)
        yield self.ended("stopped", None)

    def _finish(self) -> Iterator[Event]:
        yield from self._flush()
        # Before the chosen weights take the place of the last ones.
        if self.progress.saved_step < self.progress.step:
            yield from self.saving.checkpoint()
        if self.progress.best_step == 0:  # nothing is held out, or no measurement was a number
            with self.assembly.measured_weights():
                yield from self.saving.model(None)
        yield from self.saving.written(wait=True)
        self.saving.take_chosen_weights()
        yield from self._write_samples("after")
        yield from self.saving.written(wait=True)
        if self.goods.test is not None:
            yield self._evaluated(self._measure(self.goods.test), split="test")
        yield self.ended("finished", None)

    def in_trouble(self, error: Exception) -> Iterator[Event]:
        """Ask the person what to do about an error, and end the run or raise `Restart`."""
        cut = cut_off(error)
        if cut is not None:
            raise cut from error
        problem, offers = training_problem(error), offers_for(error, self.recipe, self.progress.peak)
        if not offers or not self._alone():
            yield self.ended("failed", problem)
            return
        error.__traceback__ = None  # it holds the tensors of the step that did not fit
        if self._assembled:
            self.assembly.optimizer.zero_grad(set_to_none=True)
        self._free()
        answer = yield from self._answer(problem, offers)
        if answer.what == "stop":
            yield self.ended("failed", problem)
            return
        raise Restart(answer.changes, stop_at_epoch=self.progress.stop_at_epoch)

    def close(self) -> None:
        """Let the writer finish what it has, and end it; the model is what it was, with its new weights."""
        if self.keeper is not None:
            self.keeper.close()
        if self._assembled:
            self.assembly.levers.remove()
            give_back_memory()

    def ended(self, status: Any, problem: Problem | None) -> Ended:
        progress = self.progress
        return Ended(
            status=status,
            step=progress.step,
            seconds=progress.seconds,
            samples=progress.samples,
            metrics=progress.best_metrics,
            problem=problem,
        )

    # ---- small things

    def _started(self, checkpoint: Path | None) -> Started:
        return Started(
            task=self.task.kind,
            model=self.recipe.model.source,
            device=describe(self.device),
            precision=self.assembly.precision,
            total_steps=self.plan.total,
            steps_per_epoch=self.plan.steps_per_epoch,
            train_rows=len(self.goods.train),
            validation_rows=len(self.goods.validation),
            parameters=self.assembly.parameters[0],
            class_names=self.rows.class_names,
            best_metric=self.progress.metric,
            best_is_highest=self.progress.highest_is_better,
            resumed_from=self.progress.step if checkpoint is not None else 0,
            labels=self._labels(),
        )

    def _labels(self) -> tuple[str, ...]:
        """What cannot be repeated to the bit."""
        found = [method.label() for method in self.assembly.methods]
        if self.device.type != "cpu" and not self.recipe.training.deterministic:
            found.append(
                "A GPU adds numbers in no fixed order: a resumed run is equal to within rounding, not to the bit. "
                "The field Deterministic changes that."
            )
        return tuple(text for text in found if text)

    def _live(self) -> LiveModel:
        return LiveModel(
            self.assembly.bare,
            self.goods.tokenizer,
            head_of(self.assembly.bare, self.rows.class_names),
            self.rows.class_names,
            next(self.assembly.bare.parameters()).device,  # the host, while the GPU's memory is given back
            self.progress.step,
            f"in training, step {self.progress.step}",
        )

    def _release(self) -> None:
        self.assembly.move(torch.device("cpu"))
        self._free()

    def _free(self) -> None:
        collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    @property
    def _assembled(self) -> bool:
        """Whether the parts of a step are together; a run can end before."""
        return hasattr(self, "assembly")

    def _alone(self) -> bool:
        return not self._assembled or bool(self.accelerator.num_processes == 1)

    def _told_to_stop(self) -> bool:
        told = self.control.stopping
        if self._alone():
            return told
        # All processes must leave the loop in the same step, or the rest would wait for ever.
        flag = torch.tensor(float(told), device=self.device)
        return bool(self.accelerator.reduce(flag, reduction="sum").item() > 0)


class _Stopping(Exception):  # noqa: N818 - it is no error
    """The person asked to stop in the middle of a measurement."""
