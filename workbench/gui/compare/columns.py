"""The columns of the Compare page: what each is called, what it says of a run, and where that lies on an axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from workbench.gui.runs_list import is_share, metric_text, metric_title, status_words
from workbench.run.comparison import ComparedRun, RunTable
from workbench.run.scores import Number

#: The columns that a person writes in.
TAGS, NOTE, STAR, RUN = "tags", "note", "star", "run"
#: A range with such a factor between its ends is drawn by factors.
_WIDE = 30.0
#: So few values, so far apart as shares of an axis, are its marks.
_FEW, _APART = 5, 0.08


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        key: How it is told apart.
        title: What it is called.
        help: What it means.
        value: A run's value: a number, a word, or None where there is none.
        text: The value as it is read.
        number: Whether its values are numbers.
    """

    key: str
    title: str
    help: str
    value: Callable[[ComparedRun], Any]
    text: Callable[[ComparedRun], str]
    number: bool = True


def columns_of(table: RunTable) -> tuple[Column, ...]:
    """The columns for these runs: scores, the recipe's fields that differ, and what the runs cost."""
    scores = [_score(name) for name in table.metrics]
    fields = [
        _field(one.path, one.title, [value for value in one.values if value is not None])
        # What was set matters more than what was learned from.
        for one in sorted(table.differences, key=lambda one: one.path.startswith("data."))
    ]
    return (
        Column(RUN, "Run", "What the run is called.", lambda r: r.title, lambda r: r.title, False),
        Column(STAR, "★", "A run to keep (S).", lambda r: r.notes.star, lambda r: "★" if r.notes.star else "☆", False),
        *scores[:1],
        *fields,
        *scores[1:],
        Column("seconds", "Time", "Training time.", lambda r: r.seconds or None, lambda r: duration(r.seconds)),
        Column("energy", "Energy", "Where it was measured.", lambda r: r.energy, lambda r: energy(r.energy)),
        Column("size", "Size", "On the disk.", lambda r: r.size, lambda r: size(r.size)),
        Column("parameters", "Weights", "Of the model.", lambda r: r.parameters or None, lambda r: short(r.parameters)),
        Column("steps", "Steps", "That learning took.", lambda r: r.steps, lambda r: f"{r.steps:,}".replace(",", " ")),
        Column("status", "Status", "How it stands.", lambda r: r.status, lambda r: status_words(r.status)[0], False),
        Column(TAGS, "Tags", "Your own words to find it by.", _tags, _tags, False),
        Column(NOTE, "Note", "What you want to remember.", lambda r: r.notes.note, lambda r: r.notes.note, False),
    )  # fmt: skip


def _tags(run: ComparedRun) -> str:
    return ", ".join(run.notes.tags)


def axes_of(columns: Sequence[Column], runs: Sequence[ComparedRun]) -> tuple[Column, ...]:
    """The columns that tell these runs apart on an axis: at least two runs have a value, and not the same one."""
    return tuple(
        one
        for one in columns
        if one.key not in (RUN, STAR, TAGS, NOTE, "status")
        and len({one.value(run) for run in runs if one.value(run) is not None}) > 1
    )


def _score(name: str) -> Column:
    def value(run: ComparedRun) -> float | None:
        return run.scores[name].value if name in run.scores else None

    def text(run: ComparedRun) -> str:
        return with_interval(run.scores[name]) if name in run.scores else "–"

    help = f"{metric_title(name)} of the held-out rows, with the 95 % interval where one is known."
    return Column(f"score/{name}", metric_title(name), help, value, text)


def _field(path: str, title: str, values: Sequence[Any]) -> Column:
    number = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)

    def value(run: ComparedRun) -> Any:
        found = run.recipe.value(path)
        return found if number or found is None else plain(found)

    return Column(
        path, title, f"{path}: it differs.", value, lambda run: plain(run.recipe.value(path)), number
    )


def with_interval(number: Number) -> str:
    """A score as it is read: "91.3 % (88.0 to 94.1)"."""
    said = metric_text(number.name, number.value)
    if number.low is None or number.high is None:
        return said
    if is_share(number.name):
        return f"{said} ({100 * number.low:.1f} to {100 * number.high:.1f})"
    return f"{said} ({number.low:.3g} to {number.high:.3g})"


def plain(value: Any) -> str:
    """A recipe value as it is read."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "–"
    return str(value) if value not in ("", None) else "–"


def duration(seconds: float) -> str:
    """A time as it is read; a dash for none."""
    if seconds <= 0:
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def energy(hours: float | None) -> str:
    """Watt-hours as they are read; where they were not measured, that is said."""
    if hours is None:
        return "not measured"
    return f"{hours:.2g} Wh" if hours < 1000 else f"{hours / 1000:.2g} kWh"


def size(count: int) -> str:
    """Bytes as they are read."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def short(count: int) -> str:
    """A large count as it is read."""
    for limit, word in ((1e9, " B"), (1e6, " M"), (1e3, " k")):
        if count >= limit:
            return f"{count / limit:.3g}{word}"
    return str(count) if count else "–"


@dataclass(frozen=True, slots=True)
class Axis:
    """Where the values of a column lie between 0 and 1.

    Attributes:
        column: The column.
        low: The value at 0.
        high: The value at 1.
        log: Whether it goes by factors.
        words: The values in their order, where they are no numbers.
        few: The values, where they are so few that each can be read.
    """

    column: Column
    low: float
    high: float
    log: bool = False
    words: tuple[str, ...] = ()
    few: tuple[float, ...] = ()

    def place(self, run: ComparedRun) -> float | None:
        """Where a run lies; None where it has no value."""
        value = self.column.value(run)
        if value is None:
            return None
        if not self.column.number:
            return (self.words.index(str(value)) + 0.5) / len(self.words)
        return self.place_of(float(value))

    def place_of(self, value: float) -> float:
        """Where a number lies."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / ((self.high - self.low) or 1.0)

    def marks(self) -> list[tuple[float, str]]:
        """Where round values stand, with their texts."""
        if self.words:
            return [((place + 0.5) / len(self.words), word) for place, word in enumerate(self.words)]
        if self.few:
            return [(self.place_of(value), _mark(value)) for value in self.few]
        if not self.log:
            from workbench.gui.small_plot import ticks

            return [(self.place_of(value), _mark(value)) for value in ticks(self.low, self.high, 4)]
        powers = range(math.floor(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
        values = [10.0**power for power in powers if self.low <= 10.0**power <= self.high]
        if len(values) < 3:
            sizes = [size * 10.0**power for power in powers for size in (1, 2, 5)]
            values = [size for size in sizes if self.low <= size <= self.high]
        return [(self.place_of(value), _mark(value)) for value in values]


def axis_of(column: Column, runs: Sequence[ComparedRun]) -> Axis:
    """The axis that holds all runs, with a little room at its ends."""
    values = [value for value in map(column.value, runs) if value is not None]
    if not column.number:
        return Axis(column, 0.0, 1.0, words=tuple(sorted({str(value) for value in values})) or ("–",))
    if not values:
        return Axis(column, 0.0, 1.0)
    low, high = float(min(values)), float(max(values))
    if low > 0 and high / low >= _WIDE:
        room = (high / low) ** 0.05
        axis = Axis(column, low / room, high * room, log=True)
    else:
        room = 0.05 * (high - low) or 0.05 * abs(low) or 1.0
        axis = Axis(column, low - room, high + room)
    few = tuple(sorted({float(value) for value in values}))
    if len(few) > _FEW or any(axis.place_of(b) - axis.place_of(a) < _APART for a, b in pairwise(few)):
        return axis
    # Values with many digits are no marks: round ones read better.
    return replace(axis, few=few) if all(f"{value:.3g}" == f"{value:g}" for value in few) else axis


def _mark(value: float) -> str:
    if value >= 1e5:
        return short(round(value)).replace(" ", "")
    return f"{value:.3g}".replace("e-0", "e-")
