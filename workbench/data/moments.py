"""Reads a column of dates, times or numbers as moments that can be put in order."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

import numpy as np
import numpy.typing as npt

Moments = npt.NDArray[np.float64]
Reader = Callable[[str], float | None]

_DIGITS = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]m)?)?", re.IGNORECASE
)


def moments(values: Sequence[str | None]) -> tuple[Moments, tuple[int, ...], bool]:
    """When each value is.

    All values are read in one way: as numbers, as ISO 8601, with the day, month or year first, or with the month
    in English words. A time without a zone is taken as UTC.

    Returns:
        Seconds, or the numbers themselves, float64; the places of values that cannot be read (those are NaN),
        ascending; and whether the days and months can be told apart only by a guess, so that the order is not known.
    """
    distinct = list(dict.fromkeys(value.strip() for value in values if value and value.strip()))
    read: dict[str, dict[str, float | None]] = {}
    for name, reader in _READERS.items():
        read[name] = {value: reader(value) for value in distinct}
        if None not in read[name].values():
            break
    best = min(read, key=lambda name: sum(found is None for found in read[name].values()))
    found = read[best]
    seconds = np.array([_or_nan(found.get((value or "").strip())) for value in values], dtype=np.float64)
    unread = tuple(int(place) for place in np.flatnonzero(np.isnan(seconds)))
    return seconds, unread, best == "day first" and _ambiguous(found)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _ambiguous(found: dict[str, float | None]) -> bool:
    """Whether the month may as well come first, and the order would then be another one."""
    other = {value: _READERS["month first"](value) for value in found}
    if None in other.values() or None in found.values():
        return False
    return sorted(found, key=lambda v: found[v] or 0.0) != sorted(found, key=lambda v: other[v] or 0.0)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _iso(value: str) -> float | None:
    try:
        return _seconds(
            datetime.fromisoformat(f"{value}-01" if re.fullmatch(r"\d{4}-\d\d", value) else value)
        )
    except ValueError:
        return None


def _digits(order: str) -> Reader:
    """Reads digits apart by dots, slashes or hyphens; `order` is where year, month and day stand: "dmy"."""

    def read(value: str) -> float | None:
        match = _DIGITS.fullmatch(value)
        if match is None:
            return None
        first, _, second, third, hour, minute, second_of, half = match.groups()
        parts = dict(zip(order, (first, second, third), strict=True))
        year = int(parts["y"]) if len(parts["y"]) == 4 else 2000 + int(parts["y"])
        hours = int(hour or 0) % 12 + 12 * (half.lower() == "pm") if half else int(hour or 0)
        try:
            return _seconds(
                datetime(
                    year,
                    int(parts["m"]),
                    int(parts["d"]),
                    hours,
                    int(minute or 0),
                    int(second_of or 0),
                    tzinfo=UTC,
                )
            )
        except ValueError:
            return None

    return read


def _words(value: str) -> float | None:
    parts = parsedate_tz(value) or parsedate_tz(f"{value} 00:00")
    if parts is None:
        return None
    try:
        return _seconds(datetime(*parts[:6], tzinfo=UTC) - timedelta(seconds=parts[9] or 0))
    except (ValueError, OverflowError):
        return None


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_READERS: dict[str, Reader] = {
    "numbers": _number,
    "ISO 8601": _iso,
    "year first": _digits("ymd"),
    "day first": _digits("dmy"),
    "month first": _digits("mdy"),
    "words": _words,
}
