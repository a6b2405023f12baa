"""History: the events of a run folded into curves, notices and a present state, ready to be drawn."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from workbench.run.events import (
    Changed,
    CheckpointSaved,
    Ended,
    Evaluated,
    Event,
    Notice,
    Paused,
    Started,
    Step,
    WentOn,
)

Floats = NDArray[np.float64]

#: The curves that every step adds a point to, by the name of the event's field.
STEP_CURVES = ("loss", "learning_rate", "gradient_norm", "tokens_per_second", "samples_per_second", "memory")


class Curve:
    """Points (x, y) that grow at the end; `x` and `y` are read-only float64 views of shape (points,)."""

    def __init__(self) -> None:
        self._data = np.empty((2, 256))
        self._size = 0
        #: How often points were dropped: whoever has worked something out of the curve begins anew then.
        self.cuts = 0

    def __len__(self) -> int:
        return self._size

    def add(self, x: float, y: float) -> None:
        """Append a point; amortised constant time."""
        if self._size == self._data.shape[1]:
            self._data = np.concatenate([self._data, np.empty_like(self._data)], axis=1)
        self._data[:, self._size] = x, y
        self._size += 1

    def cut_after(self, x: float) -> None:
        """Drop the points beyond x: what a resumed run does again."""
        self.cuts += 1
        self._size = int(np.searchsorted(self.x, x, side="right"))

    @property
    def x(self) -> Floats:
        """The x values, in steps."""
        return self._view(0)

    @property
    def y(self) -> Floats:
        """The y values."""
        return self._view(1)

    def _view(self, row: int) -> Floats:
        view = self._data[row, : self._size]
        view.flags.writeable = False
        return view


class History:
    """What is known of a run so far. Curves of steps have the event field's name; held-out metrics are
    `validation/<metric>` (and `test/<metric>` after the run); `epoch` maps steps to epochs."""

    def __init__(self) -> None:
        self.curves: dict[str, Curve] = {}
        self.notices: list[Notice] = []
        self.checkpoints: list[CheckpointSaved] = []
        self.started: Started | None = None
        self.first_time: float | None = None
        self.started_time: float | None = None  # of the newest beginning: a resumed run has several
        self.last_time: float | None = None
        self.last_step: Step | None = None
        self.last_evaluation: Evaluated | None = None
        self.best_evaluation: Evaluated | None = None
        self.ended: Ended | None = None
        self.paused: Paused | None = None  # while the run waits
        self.changes: list[Changed] = []

    def fold(self, events: Iterable[Event]) -> None:
        """Take in events in their order."""
        for event in events:
            self.first_time = event.time if self.first_time is None else self.first_time
            self.last_time = event.time
            match event:
                case Step():
                    self._step(event)
                case Evaluated():
                    self._evaluated(event)
                case Started():
                    self._started(event)
                case Notice():
                    self.notices.append(event)
                case CheckpointSaved():
                    self.checkpoints.append(event)
                case Changed():
                    self.changes.append(event)
                case Paused():
                    self.paused = event
                case WentOn():
                    self.paused = None
                case Ended():
                    self.ended, self.paused = event, None
                case _:
                    pass

    def curve(self, name: str) -> Curve:
        """The curve of that name; an empty one when nothing was recorded."""
        return self.curves.get(name) or self.curves.setdefault(name, Curve())

    @property
    def step(self) -> int:
        """The last step known."""
        return self.last_step.step if self.last_step else 0

    @property
    def score(self) -> tuple[str, float] | None:
        """The best held-out score so far, as (metric, value)."""
        name = self.started.best_metric if self.started else ""
        if self.best_evaluation is None or name not in self.best_evaluation.metrics:
            return None
        return name, self.best_evaluation.metrics[name]

    def _started(self, event: Started) -> None:
        self.started, self.started_time = event, event.time
        self.ended = self.paused = None
        if event.resumed_from or self.step:
            self.changes = [change for change in self.changes if change.step <= event.resumed_from]
            for curve in self.curves.values():
                curve.cut_after(event.resumed_from)

    def _step(self, event: Step) -> None:
        self.last_step = event
        for name in STEP_CURVES:
            self.curve(name).add(event.step, getattr(event, name))
        self.curve("epoch").add(event.step, event.epoch)

    def _evaluated(self, event: Evaluated) -> None:
        for name, value in event.metrics.items():
            self.curve(f"{event.split}/{name}").add(event.step, value)
        if event.split == "validation":
            self.last_evaluation = event
            if event.best:
                self.best_evaluation = event
