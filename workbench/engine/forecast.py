"""How long the rest of a run will take, from what its steps, measurements and checkpoints took so far."""

from __future__ import annotations

from workbench.engine.batches import Batches
from workbench.engine.plan import Plan

#: Steps that warm caches up and say little about the rest.
COLD = 2
#: A forward pass costs about a third of a training step.
FORWARD = 1 / 3


class Forecast:
    """Seconds that are left. A step's time is taken to grow with its tokens, padding included."""

    def __init__(self, plan: Plan, batches: Batches, held_out_tokens: int) -> None:
        self._plan, self._batches = plan, batches
        self._held_out_tokens = held_out_tokens
        self._steps = 0
        self._seconds = self._tokens = 0.0
        self._measured: list[float] = []
        self._saved: list[float] = []
        self._epoch_tokens: dict[int, list[int]] = {}

    def step(self, seconds: float, tokens: int) -> None:
        """A step took this long for this many tokens, padding included."""
        self._steps += 1
        if self._steps == COLD + 1:
            self._seconds = self._tokens = 0.0
        self._seconds += seconds
        self._tokens += tokens

    def measured(self, seconds: float) -> None:
        """A measurement of the held-out rows took this long."""
        self._measured.append(seconds)

    def saved(self, seconds: float) -> None:
        """Training waited this long for a checkpoint."""
        self._saved.append(seconds)

    def left(self, step: int) -> float:
        """Seconds from the end of this step to the end of the run."""
        if not self._tokens:
            return 0.0
        pace = self._seconds / self._tokens
        one = _mean(self._measured, pace * FORWARD * self._held_out_tokens)
        return (
            pace * self._tokens_left(step)
            + self._plan.measurements_after(step) * one
            + self._plan.checkpoints_after(step) * _mean(self._saved, 0.0)
        )

    def _tokens_left(self, step: int) -> float:
        """Padded tokens of the steps to come; further epochs are taken to be like the present one."""
        epoch, within = self._plan.place(step)
        present = self._sums(epoch)
        first = self._plan.epoch_ends[epoch - 1] if epoch else 0
        here = min(self._plan.total - first, len(present) - 1)
        rest = present[here] - present[within]
        beyond = max(0, self._plan.total - first - here)
        return rest + beyond * present[-1] / max(1, len(present) - 1)

    def _sums(self, epoch: int) -> list[int]:
        """Sums of padded tokens before each batch of an epoch, and after the last."""
        if epoch not in self._epoch_tokens:
            sums = [0]
            for indexes in self._batches.epoch(epoch):
                sums.append(sums[-1] + self._batches.padded(indexes))
            self._epoch_tokens = {epoch: sums}
        return self._epoch_tokens[epoch]


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
