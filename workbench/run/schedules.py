"""Learning-rate schedules: the rate of a step is a pure function of the step's number.

Write T for the steps of the run, W for those of the warm-up, f for the final rate's share, and p for the progress
after the warm-up, p(s) = (s − W) / (T − W + 1). p stays below 1, so that the last step still learns.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from workbench.run.problem import Problem, WorkbenchError
from workbench.run.training_fields import TrainingSection


def warmup_steps(training: TrainingSection, total: int) -> int:
    """W: the steps in which the rate rises; given as a number, or else as a share of the run."""
    return (
        min(training.warmup_steps, total) if training.warmup_steps else round(training.warmup_ratio * total)
    )


def schedule_problems(training: TrainingSection) -> list[Problem]:
    """What stands against the schedule; nothing when it can be followed."""
    if training.schedule == "exponential" and training.final_rate == 0:
        return [
            Problem(
                "training.final_rate (Final rate): the schedule exponential needs more than 0.",
                "A rate that is multiplied by the same factor in each step never arrives at 0.",
                "Choose a final rate such as 0.01, or another schedule.",
                field="training.final_rate",
            )
        ]
    return []


def learning_rate(training: TrainingSection, step: int, total: int) -> float:
    """The learning rate of a step, before the factor of `Plateau`.

    It rises linearly from 0, peak · s / W, until s = W, and then falls from peak to f · peak:

    - constant and plateau: peak.
    - linear, cosine, polynomial: peak · (f + (1 − f) · h(p)), with h = 1 − p, ½(1 + cos πp) and (1 − p)^power.
    - cosine-restarts: as cosine, with the fractional part of p · restarts for p (Loshchilov and Hutter 2017).
    - exponential: peak · f^p.
    - inverse-sqrt: peak · √(W / s) with W at least 1, but not below f · peak (Raffel et al. 2020).
    - warmup-stable-decay: peak, but over the last D = round(decay_ratio · T) steps linear from peak to f · peak
      (Hu et al. 2024).

    Args:
        training: The recipe's section; its `learning_rate` is the peak.
        step: s, counted from 1.
        total: T.

    Raises:
        WorkbenchError: When the section's schedule cannot be followed, see `schedule_problems`.
    """
    problems = schedule_problems(training)
    if problems:
        raise WorkbenchError(*problems)
    warmup = warmup_steps(training, total)
    if step <= warmup:
        return training.learning_rate * step / warmup
    return training.learning_rate * _share(training, step, warmup, total)


def _share(training: TrainingSection, step: int, warmup: int, total: int) -> float:
    """The share of the peak at a step after the warm-up."""
    progress = (step - warmup) / (total - warmup + 1)
    final = training.final_rate
    match training.schedule:
        case "constant" | "plateau":
            return 1.0
        case "linear":
            height = 1 - progress
        case "cosine":
            height = 0.5 * (1 + math.cos(math.pi * progress))
        case "cosine-restarts":
            height = 0.5 * (1 + math.cos(math.pi * (progress * training.restarts % 1)))
        case "polynomial":
            height = math.pow(1 - progress, training.power)
        case "exponential":
            return math.pow(final, progress)
        case "inverse-sqrt":
            return max(final, math.sqrt(max(warmup, 1) / step))
        case "warmup-stable-decay":
            decay = min(round(training.decay_ratio * total), total - warmup)
            height = 1 - max(step - (total - decay), 0) / (decay + 1)
    return final + (1 - final) * height


def schedule_curve(
    training: TrainingSection, total: int, points: int = 400
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The schedule for drawing: steps and their rates, both of shape (n,) with n at most about `points`.

    The first and the last step and the end of the warm-up are always among them.
    """
    even = np.linspace(1, total, min(points, total)).round().astype(np.int64)
    corner = min(max(warmup_steps(training, total), 1), total)
    steps = np.union1d(even, [corner])
    return steps, np.array([learning_rate(training, int(step), total) for step in steps])


class Patience:
    """Counts measurements without gain: the logic of early stopping.

    Attributes:
        best: The last value that was a gain; None before the first.
        waited: Measurements since then.
    """

    def __init__(self, patience: int, minimum_gain: float = 0.0) -> None:
        """`patience` 0 waits for ever; a gain is an improvement of `best` by at least `minimum_gain`."""
        self._patience, self._minimum = patience, minimum_gain
        self.best: float | None = None
        self.waited = 0

    def heard(self, value: float, highest_is_better: bool) -> bool:
        """Take in a measurement; returns whether the patience is at an end (and stays so until a gain)."""
        if self._is_gain(value, highest_is_better):
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        return 0 < self._patience <= self.waited

    def _is_gain(self, value: float, highest_is_better: bool) -> bool:
        if math.isnan(value):
            return False
        if self.best is None:
            return True
        gain = value - self.best if highest_is_better else self.best - value
        return gain > 0 and gain >= self._minimum

    def state(self) -> dict[str, float | None]:
        """Everything that a resumed run needs, as plain numbers."""
        return {"best": self.best, "waited": self.waited}

    def load_state(self, state: dict[str, float | None]) -> None:
        """Put back what `state` returned."""
        self.best, self.waited = state["best"], int(state["waited"] or 0)


class Plateau:
    """Lowers the learning rate when the held-out score stands still.

    After `plateau_patience` measurements in a row without a gain of at least `minimum_gain`, `factor` is
    multiplied by `plateau_factor`, and the counting begins again. For every other schedule `factor` stays 1.

    Attributes:
        factor: What the loop multiplies the schedule's rate by.
    """

    def __init__(self, training: TrainingSection) -> None:
        self._patience = Patience(training.plateau_patience, training.minimum_gain)
        self._step_down = training.plateau_factor
        self._used = training.schedule == "plateau"
        self.factor = 1.0

    def heard(self, value: float, highest_is_better: bool) -> bool:
        """Take in a measurement; returns whether the rate has just been lowered."""
        if not self._used or not self._patience.heard(value, highest_is_better):
            return False
        self.factor *= self._step_down
        self._patience.waited = 0
        return True

    def state(self) -> dict[str, float | None]:
        """Everything that a resumed run needs, as plain numbers."""
        return {**self._patience.state(), "factor": self.factor}

    @classmethod
    def from_state(cls, training: TrainingSection, state: dict[str, float | None]) -> Plateau:
        """The plateau as it was when `state` was taken."""
        plateau = cls(training)
        plateau._patience.load_state(state)
        plateau.factor = float(state["factor"] or 1.0)
        return plateau
