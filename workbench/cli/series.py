"""Follows a series of runs on the terminal: one line that moves, and one that stays for each run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from workbench.cli.console import Console
from workbench.run.evaluation import Progress
from workbench.run.events import Evaluated, Notice, Paused, Step
from workbench.run.scores import Number
from workbench.run.series import SeriesEvent

T = TypeVar("T")


class SeriesView(Generic[T]):
    """Hears what a series reports.

    Args:
        console: Where to show it.
        noun: What a run of the series is called, such as "trial".
        kind: The series as it stands.
        told: Hears those.
    """

    def __init__(self, console: Console, noun: str, kind: type[T], told: Callable[[T], object]) -> None:
        self._console, self._noun, self._kind, self._told = console, noun, kind, told
        self._total = 0
        self._score = ""

    def hear(self, value: object) -> None:
        """Take what was reported."""
        if isinstance(value, str):
            self._console.hear(value)
        elif isinstance(value, SeriesEvent):
            self._event(value)
        elif isinstance(value, Progress):
            self._console.progress.show(value.words, value.done / value.of if value.of else None)
        elif isinstance(value, self._kind):
            self._told(value)

    def _event(self, heard: SeriesEvent) -> None:
        event = heard.event
        of = f" of {heard.of}" if heard.of else ""
        place = f"{self._noun} {heard.number}{of}"
        if event.kind == "started":
            self._total, self._score = getattr(event, "total_steps", 0), ""
        elif isinstance(event, Step):
            share = event.step / self._total if self._total else None
            self._console.progress.show(
                f"{place}: step {event.step} of {self._total}, loss {event.loss:.3f}{self._score}", share
            )
        elif isinstance(event, Evaluated) and event.split == "validation":
            name = next((name for name in event.metrics if name != "loss"), "loss")
            self._score = f", held-out {name.replace('_', ' ')} {event.metrics[name]:.4g}"
        elif isinstance(event, Notice) and event.level == "warning":
            self._console.say(f"{place}: {event.text}")
        elif isinstance(event, Paused) and event.problem:
            self._console.say(f"{place}: {event.problem.title} {event.problem.cause}")


def number_as_plain(number: Number) -> dict[str, float | None]:
    """A metric with its interval as JSON has it."""
    return {"value": number.value, "low": number.low, "high": number.high}


def in_words(number: Number) -> str:
    """A metric with its interval as a table has it: "0.9120 (0.89 to 0.93)"."""
    if number.low is None or number.high is None:
        return f"{number.value:.4g}"
    return f"{number.value:.4g} ({number.low:.3g} to {number.high:.3g})"
