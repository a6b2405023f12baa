"""The events of a run: frozen values that tell, in order, everything that happened."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from workbench.run.offers import Offer
from workbench.run.problem import Problem

Status = Literal["finished", "stopped", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have: a monotonic index within the run and the time in seconds since 1970 (UTC)."""

    kind: ClassVar[str] = ""
    index: int = -1
    time: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """The run begins, or goes on after `resumed_from` steps."""

    kind: ClassVar[str] = "started"
    task: str
    model: str
    device: str
    precision: str
    total_steps: int
    steps_per_epoch: int
    train_rows: int
    validation_rows: int
    parameters: int
    class_names: tuple[str, ...] = ()
    best_metric: str = ""
    best_is_highest: bool = True
    resumed_from: int = 0
    labels: tuple[str, ...] = ()
    """What cannot be repeated to the bit in this run, and why, in words; usually nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Event):
    """One optimizer step: the mean loss of its batch and what the optimizer used.

    `learning_rate` is the one the optimizer used in this step; `gradient_norm` is before clipping;
    `memory` is the process's resident memory, or the device's allocated memory, in bytes; `seconds_left` is the
    engine's estimate for the rest of the run, measuring and saving included (0 while unknown).
    """

    kind: ClassVar[str] = "step"
    step: int
    epoch: float
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens_per_second: float
    samples_per_second: float
    memory: int
    seconds_left: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated(Event):
    """A measurement of the held-out rows; `metrics` holds `loss` and the task's metrics by name."""

    kind: ClassVar[str] = "evaluated"
    step: int
    epoch: float
    metrics: dict[str, float]
    best: bool = False
    split: str = "validation"
    confusion: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSaved(Event):
    """A complete checkpoint is on the disk; `path` is relative to the run folder, `mark` says that a person
    asked for it, so that it is never pruned."""

    kind: ClassVar[str] = "checkpoint"
    step: int
    path: str
    mark: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """Something worth saying in plain words."""

    kind: ClassVar[str] = "notice"
    text: str
    level: Literal["info", "warning"] = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Event):
    """A recipe field got another value while the run was in work; the steps after `step` use it."""

    kind: ClassVar[str] = "changed"
    step: int
    path: str
    value: float | str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(Event):
    """The run waits: because a person asked (`problem` is None), or for an answer to a problem."""

    kind: ClassVar[str] = "paused"
    step: int
    problem: Problem | None = None
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WentOn(Event):
    """The wait is over."""

    kind: ClassVar[str] = "went-on"
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Event):
    """The last event of a run; `seconds` is training only, without loading and evaluating."""

    kind: ClassVar[str] = "ended"
    status: Status
    step: int = 0
    seconds: float = 0.0
    samples: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    problem: Problem | None = None


_KINDS: dict[str, type[Event]] = {
    cls.kind: cls
    for cls in (Started, Step, Evaluated, CheckpointSaved, Notice, Changed, Paused, WentOn, Ended)
}
_ODD = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def _plain(value: Any) -> Any:
    """JSON has no NaN; it is written as a word, so that the journal stays valid for every reader."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def event_to_plain(event: Event) -> dict[str, Any]:
    """The event as values that JSON can hold."""
    plain: dict[str, Any] = _plain(dataclasses.asdict(event))
    return {"kind": event.kind, **plain}


def event_from_plain(data: dict[str, Any]) -> Event | None:
    """The event of a journal line, or None for one that this version does not understand."""
    cls = _KINDS.get(str(data.get("kind")))
    try:
        return _event(cls, data) if cls else None
    except (TypeError, ValueError, AttributeError):
        return None  # a line of another version, or damaged: the rest of the journal still counts


def _event(cls: type[Event], data: dict[str, Any]) -> Event:
    names = {item.name for item in dataclasses.fields(cls)}
    values = {key: _odd(value) for key, value in data.items() if key in names}
    if values.get("problem"):
        known = {item.name for item in dataclasses.fields(Problem)}
        values["problem"] = Problem(**{k: v for k, v in values["problem"].items() if k in known})
    for name in ("class_names", "labels"):
        if name in values:
            values[name] = tuple(values[name])
    if "offers" in values:
        values["offers"] = tuple(
            Offer(o["title"], o["help"], tuple((path, value) for path, value in o["changes"]))
            for o in values["offers"]
        )
    if "confusion" in values:
        values["confusion"] = tuple(tuple(row) for row in values["confusion"])
    return cls(**values)


def _odd(value: Any) -> Any:
    if isinstance(value, str):
        return _ODD.get(value, value)
    if isinstance(value, dict):
        return {key: _odd(item) for key, item in value.items()}
    return value
