"""When a training film gets its frames: close together at first, and never for more than the budget."""

from __future__ import annotations

#: How much of the budget frames between measurements may take; the rest is left for those at measurements.
BETWEEN = 0.8
#: The share of the whole run's budget that may be spent ahead of time, for the dense frames of the beginning.
AHEAD = 0.1
#: The share of the frames that the budget pays for that are spread evenly; the others are those of the beginning.
MOSTLY = 0.75
#: Steps that warm caches up and say little about the rest.
COLD = 2


class Pace:
    """Steps 0, 1, 2, 4, 8 and so on, until the distance is that of evenly spread frames; besides, each measurement.
    What frames cost is measured, and they come more seldom where it is too much. The first and the last step
    always have one.

    Attributes:
        spent: Seconds that filming took so far.
    """

    def __init__(self, total: int, frames: int, budget: float) -> None:
        """
        Args:
            total: The run's steps.
            frames: About how many frames there may be.
            budget: The largest share of the training time that they may take.
        """
        self._total, self._frames, self._budget = total, frames, budget
        self._last = -1
        self._cost = self.spent = 0.0
        self._cold: tuple[int, float] | None = None  # (step, seconds) after the steps that warm up

    def due(self, step: int, trained: float, *, measured: bool) -> bool:
        """Whether there is to be a frame after this step; asked after each.

        Args:
            step: The steps done.
            trained: Seconds of training so far.
            measured: Whether the held-out rows were measured after this step.
        """
        if self._cold is None and step >= COLD:
            self._cold = step, trained
        if step <= self._last:
            return False
        if step in (0, self._total):
            return True
        whole = trained + self._rate(step, trained) * (self._total - step)
        if not measured and step - self._last < max(1.0, min(self._last, self._distance(whole))):
            return False
        share = self._budget * (1.0 if measured else BETWEEN)
        # Twice: something is left for the last frame.
        return self.spent + 2 * self._cost <= share * (trained + AHEAD * (whole - trained))

    def took(self, step: int, seconds: float) -> None:
        """There is a frame of this step, and it took so long."""
        self.spent += seconds
        self._cost = seconds
        self._last = step

    def go_on(self, step: int, spent: float, frames: int) -> None:
        """A film of so many frames, the last one of this step, goes on."""
        self.took(step, spent / frames)
        self.spent = spent

    def _rate(self, step: int, trained: float) -> float:
        """Seconds of training a step; 0 while nobody knows."""
        first, seconds = self._cold or (step, trained)
        return (trained - seconds) / (step - first) if step > first else 0.0

    def _distance(self, whole: float) -> float:
        """Steps between evenly spread frames of a run of so many seconds: as many frames as it can pay for."""
        paid = MOSTLY * self._budget * whole / self._cost if self._cost else self._frames
        return self._total / max(1.0, min(self._frames, paid))
