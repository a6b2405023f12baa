"""What is known of a run before it starts: whether it fits, how long it takes, and what could be changed."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.run.offers import Offer
from workbench.run.problem import Problem


@dataclass(frozen=True, slots=True)
class Preflight:
    """The outcome of one real step on the longest batch and one measurement of held-out rows.

    Attributes:
        device: What computes, in words.
        precision: The number format of the arithmetic.
        parameters: Weights of the model; `trained` of them learn.
        trained: Weights that learn.
        longest: Tokens of the longest row in training.
        memory_peak: Predicted peak in bytes: of the process on the CPU, of the device's memory otherwise.
        memory_total: Bytes that may be used at most.
        disk_needed: Bytes that the run writes and keeps, at its largest.
        disk_free: Bytes that are free where runs are kept.
        total_steps: Optimizer steps of the run.
        step_seconds: Mean seconds of a step.
        training_seconds: Predicted seconds of all steps.
        measuring_seconds: Predicted seconds of all held-out measurements.
        saving_seconds: Predicted seconds of all checkpoints, as far as training waits for them.
        watts: The power that the estimate of energy assumes; 0 where it was not asked for.
        price: The price of a kilowatt-hour, in the person's currency; 0 where it was not asked for.
        accumulation: Into how many parts each batch is split (found by itself where the recipe says 0).
        problem: Why the run does not fit, or None.
        offers: What could be changed, each computed for this run; the first is the best. Of a run that fits: the
            largest batch that would fit, where it is much larger.
        notes: Further remarks in words.
        took: Seconds that the check itself took.
    """

    device: str
    precision: str
    parameters: int
    trained: int
    longest: int
    memory_peak: int
    memory_total: int
    disk_needed: int
    disk_free: int
    total_steps: int
    step_seconds: float
    training_seconds: float
    measuring_seconds: float
    saving_seconds: float
    watts: float = 0.0
    price: float = 0.0
    accumulation: int = 1
    problem: Problem | None = None
    offers: tuple[Offer, ...] = ()
    notes: tuple[str, ...] = ()
    took: float = 0.0

    @property
    def fits(self) -> bool:
        """Whether memory and disk suffice."""
        return self.problem is None

    @property
    def seconds(self) -> float:
        """Predicted seconds of the whole run, from its first step to its last checkpoint."""
        return self.training_seconds + self.measuring_seconds + self.saving_seconds

    @property
    def energy(self) -> float:
        """Predicted energy in kilowatt-hours; 0 where no power was given."""
        return self.watts * self.seconds / 3.6e6

    @property
    def cost(self) -> float:
        """Predicted cost in the person's currency; 0 where no price was given."""
        return self.energy * self.price
