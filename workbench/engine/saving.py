"""What a run keeps while it trains, from the loop's side: snapshots taken in time, and a wait while a disk is full."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Literal

import torch
from accelerate.utils import broadcast

from workbench.engine import checkpoints
from workbench.engine.assembly import Assembly
from workbench.engine.forecast import Forecast
from workbench.engine.keeper import Keeper
from workbench.engine.peers import gathered_chance
from workbench.engine.progress import Progress
from workbench.engine.task import Measurement
from workbench.engine.trouble import TRY_AGAIN, GivenUpError, not_finite, writing_problem
from workbench.run.events import Event
from workbench.run.offers import Answer, Offer
from workbench.run.problem import Problem

#: Tells a problem with its offers, and waits until the person has decided.
Ask = Callable[[Problem, tuple[Offer, ...]], Generator[Event, None, Answer]]


class Saving:
    """Keeps checkpoints and the chosen weights of one assembled run. A process without a keeper writes nothing, but
    takes part in what all processes do together."""

    def __init__(
        self, keeper: Keeper | None, assembly: Assembly, progress: Progress, forecast: Forecast, ask: Ask
    ) -> None:
        self._keeper, self._assembly, self._ask = keeper, assembly, ask
        self._progress, self._forecast = progress, forecast

    def checkpoint(self, *, mark: bool = False) -> Iterator[Event]:
        """Keep the state of the run; `mark` says that a person asked for it."""
        assembly, progress = self._assembly, self._progress
        chance, model, optimizer = gathered_chance(assembly.accelerator), assembly.bare, assembly.optimizer
        if assembly.shards:
            model, optimizer = assembly.shards.whole(optimizer)
        for method in assembly.methods:
            method.gather(assembly.accelerator)
        if self._keeper is None:
            progress.saved_step = progress.step
            return
        self._check_weights(model)
        began = time.perf_counter()
        taken = checkpoints.snapshot(
            model,
            optimizer,
            assembly.scaler,
            progress.position(assembly.precision),
            assembly.method_state() | chance,
            only_trained=assembly.keeps_base,
        )
        self._keeper.keep_checkpoint(taken, mark=mark)
        for method in assembly.methods:
            self._keeper.keep_files(method.files())
        yield from self.written()
        progress.saved_step = progress.step
        self._forecast.saved(time.perf_counter() - began)

    def _check_weights(self, model: torch.nn.Module) -> None:
        """A checkpoint of broken weights would push out a good one."""
        trained = [p for p in model.parameters() if p.requires_grad]
        sums = torch.stack([p.detach().float().sum() for p in trained])
        if not bool(torch.isfinite(sums).all()):
            raise not_finite("weights", self._progress.step)

    def model(self, measured: Measurement | None) -> Iterator[Event]:
        """Keep the present weights as the chosen ones; called within `measured_weights`."""
        assembly = self._assembly
        assembly.accelerator.wait_for_everyone()
        whole = assembly.shards.whole_model() if assembly.shards else None
        if self._keeper is not None:
            trained = assembly.bare if assembly.keeps_base else None
            model = whole or assembly.portable()
            self._keeper.keep_model(model, measured, self._progress.step, trained=trained)
            yield from self.written()

    def writing(self, when: Literal["before", "after"], samples: Callable[[], list[dict[str, str]]]) -> None:
        """Keep what the model writes now; a part of a model cannot write."""
        if self._keeper is not None and self._assembly.shards is None:
            self._keeper.keep_writing(when, samples())

    def written(self, *, wait: bool = False) -> Iterator[Event]:
        """Tell what has become durable. While something cannot be written the run waits."""
        keeper = self._keeper
        if keeper is None:
            return
        if wait:
            keeper.wait()
        while (failed := keeper.trouble()) is not None:
            problem = writing_problem(failed, keeper.folder)
            if (yield from self._ask(problem, (TRY_AGAIN,))).what == "stop":
                raise GivenUpError(problem, usage=False)
            keeper.retry()
            keeper.wait()
        yield from keeper.finished()

    def take_chosen_weights(self) -> None:
        """Put the best weights back, so that what is measured and shown in the end is what was saved."""
        assembly, progress = self._assembly, self._progress
        as_trained = all(method.only_watches for method in assembly.methods)
        if progress.best_step in (0, progress.step) and as_trained:
            return
        shards = assembly.shards
        if self._keeper is not None:
            self._keeper.load_model_into(shards.twin if shards else assembly.bare)
        if shards:
            shards.take()
        elif assembly.accelerator.num_processes > 1:
            for tensor in assembly.bare.state_dict().values():
                broadcast(tensor)
