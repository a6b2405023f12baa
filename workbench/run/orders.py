"""What a person can ask of a run in work; the engine takes orders between two steps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SaveNow:
    """Write a checkpoint that is kept until the person deletes it."""


@dataclass(frozen=True, slots=True)
class MeasureNow:
    """Measure the held-out rows."""


@dataclass(frozen=True, slots=True)
class StopAfterEpoch:
    """End when the present epoch is over; `on` False takes the order back."""

    on: bool = True


@dataclass(frozen=True, slots=True)
class ChangeRate:
    """Use another peak learning rate from the next step on; the schedule keeps its shape."""

    learning_rate: float


@dataclass(frozen=True, slots=True)
class PinPrompts:
    """Answer these prompts from the next step on; none leaves those that are pinned. `on` False: answer no more."""

    prompts: tuple[str, ...] = ()
    on: bool = True


Order = SaveNow | MeasureNow | StopAfterEpoch | ChangeRate | PinPrompts
