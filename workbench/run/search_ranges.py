"""The ranges of a search: which values a recipe field may take, read from a file or the command line."""

from __future__ import annotations

import difflib
import itertools
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import FieldRow, recipe_fields

#: Why a search leaves some fields alone.
_DIVIDING = "The trials would be measured on different rows, and their scores could not be compared."
_NAMES = ("name", "version")
#: From this factor between its ends on, a range is searched by factors where nobody says otherwise.
_WIDE = 10.0
#: Whole numbers of a wider range are not counted.
_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Range:
    """The values that one recipe field may take: from `low` to `high`, or one of `choices`.

    Attributes:
        path: The field.
        low: The smallest value; None where there are choices.
        high: The largest.
        log: Whether it is searched by factors rather than by differences.
        choices: The values to choose from, in their order.
    """

    path: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return not self.choices and _row(self.path).annotation is int

    @property
    def finite(self) -> tuple[Any, ...]:
        """All its values, where they can be counted; else none."""
        if self.choices:
            return self.choices
        if self.whole and self.low is not None and self.high is not None and self.high - self.low < _COUNTED:
            return tuple(range(int(self.low), int(self.high) + 1))
        return ()

    def holds(self, value: Any) -> bool:
        """Whether a value lies in it."""
        if self.choices:
            return any(value == one and type(value) is type(one) for one in self.choices)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low is not None and self.high is not None and self.low <= value <= self.high

    def __str__(self) -> str:
        if self.choices:
            return f"{self.path} = {', '.join(map(str, self.choices))}"
        return f"{self.path} = {self.low:g} … {self.high:g}{' by factors' if self.log else ''}"


def parse_range(path: str, given: Any) -> Range:
    """A range from plain values: `{low, high, log}`, or a list of choices.

    Raises:
        WorkbenchError: When there is no such field or the values do not make a range.
    """
    row = _row(path)
    if path in _NAMES or path.startswith("data.") or path == "training.seed":
        why = "It only names the run." if path in _NAMES else _DIVIDING
        raise bad_input(f"{path} ({row.title}) cannot be searched.", why, "Leave it out.", field=path)
    if isinstance(given, list | tuple):
        return _choices(row, given)
    if isinstance(given, Mapping) and {"low", "high"} <= set(given) <= {"low", "high", "log"}:
        return _between(row, given["low"], given["high"], given.get("log"))
    raise bad_input(
        f"{path} ({row.title}): {given!r} is no range.",
        "A range has two ends, or is a list of choices.",
        "Write { low = 1e-5, high = 1e-3 }, or [8, 16, 32].",
        field=path,
    )


def written_range(text: str) -> Range:
    """A range as it is written on the command line: `field=1e-5..1e-3`, `field=1..8:linear` or `field=8,16,32`.

    Raises:
        WorkbenchError: When it cannot be understood.
    """
    path, sign, rest = text.partition("=")
    path, rest = path.strip(), rest.strip()
    if not sign or not rest:
        raise bad_input(
            f"--range {text}: it is not clear what is meant.",
            "A field and its values are needed.",
            "Write --range training.learning_rate=1e-5..1e-3 or --range training.batch_size=8,16,32.",
        )
    ends, _, how = rest.partition(":")
    if ".." in ends and how in ("", "log", "linear"):
        low, _, high = ends.partition("..")
        log = {} if not how else {"log": how == "log"}
        return parse_range(path, {"low": _plain(low), "high": _plain(high), **log})
    if rest.startswith("["):
        return parse_range(path, _plain(rest))
    return parse_range(path, [_plain(part) for part in rest.split(",")])


def range_as_plain(one: Range) -> dict[str, Any] | list[Any]:
    """The range as values that TOML and JSON can hold; `parse_range` reads them."""
    if one.choices:
        return list(one.choices)
    return {"low": one.low, "high": one.high, "log": one.log}


def usual_ranges(recipe: Recipe) -> tuple[Range, ...]:
    """What is usually worth searching from a recipe on: the learning rate, the batch size, and a few more."""
    rate, batch = recipe.training.learning_rate, recipe.training.batch_size
    given: dict[str, Any] = {
        "training.learning_rate": {
            "low": float(f"{rate / 10:.3g}"),
            "high": min(1.0, float(f"{rate * 10:.3g}")),
        },
        "training.batch_size": sorted({max(1, batch // 2), batch, batch * 2}),
        "training.weight_decay": {"low": 0.0, "high": 0.1, "log": False},
        "training.warmup_ratio": {"low": 0.0, "high": 0.2, "log": False},
    }
    return tuple(parse_range(path, values) for path, values in given.items())


def combinations(ranges: Sequence[Range]) -> Iterable[dict[str, Any]]:
    """Every combination of ranges that can be counted; the last field varies fastest."""
    for values in itertools.product(*(one.finite for one in ranges)):
        yield {one.path: value for one, value in zip(ranges, values, strict=True)}


def _choices(row: FieldRow, given: Sequence[Any]) -> Range:
    if row.annotation is float:
        given = [float(one) if isinstance(one, int) and not isinstance(one, bool) else one for one in given]
    kept = tuple(dict.fromkeys(given)) if all(_is_plain(one) for one in given) else ()
    if not kept:
        raise bad_input(
            f"{row.path} ({row.title}): these are no choices.",
            "Choices are texts, numbers, true or false, and there is at least one.",
            "Write them as in [8, 16, 32].",
            field=row.path,
        )
    return Range(row.path, choices=kept)


def _between(row: FieldRow, low: Any, high: Any, log: Any) -> Range:
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) and math.isfinite(end)
                  for end in (low, high))  # fmt: skip
    if not numbers or row.annotation not in (int, float):
        raise bad_input(
            f"{row.path} ({row.title}) has no range from {low!r} to {high!r}.",
            "Only a field that is a number has one, and its ends are numbers.",
            "Give choices instead, such as [true, false].",
            field=row.path,
        )
    if row.annotation is int and (int(low) != low or int(high) != high):
        raise bad_input(
            f"{row.path} ({row.title}) takes whole numbers.",
            f"{low:g} to {high:g} were given.",
            field=row.path,
        )
    wanted = low > 0 and high / low >= _WIDE if log is None else bool(log)
    if low >= high or (wanted and low <= 0):
        raise bad_input(
            f"{row.path} ({row.title}): nothing lies between {low:g} and {high:g}"
            f"{' by factors' if wanted and low <= 0 else ''}.",
            "By factors, the lower end has to be more than 0." if wanted and low <= 0 else "",
            "Put the smaller number first.",
            field=row.path,
        )
    return Range(row.path, float(low), float(high), wanted)


def _row(path: str) -> FieldRow:
    row = recipe_fields().get(path)
    if row is None:
        close = difflib.get_close_matches(path, list(recipe_fields()), n=1)
        raise bad_input(
            f"{path}: there is no such field.", "", f"Did you mean {close[0]}?" if close else
            "See them all with: workbench recipe", field=path,
        )  # fmt: skip
    return row


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | bool | int | float)


def _plain(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()
