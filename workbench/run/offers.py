"""What a person can choose when a run does not fit or has got into trouble: one click each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Recipe fields that may change while a run goes on, because neither the order of rows nor the weights' shape
#: depends on them.
CHANGEABLE = (
    "training.learning_rate",
    "training.accumulation",
    "training.gradient_checkpointing",
    "training.max_grad_norm",
    "training.precision",
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One way out, in plain words.

    Attributes:
        title: What it does, as on a button ("Split each batch in 4").
        help: What it costs and gains, in one sentence.
        changes: The recipe fields to change, as (path, value); none means: just try again.
    """

    title: str
    help: str = ""
    changes: tuple[tuple[str, float | str | bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person decided about a problem: try again (with changes), or end the run."""

    what: Literal["retry", "stop"]
    changes: tuple[tuple[str, float | str | bool], ...] = ()


STOP = Answer("stop")
RETRY = Answer("retry")
