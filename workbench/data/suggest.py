"""The nearest name to one that was mistyped, and short lists of names, as parts of a sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


def did_you_mean(name: str, options: Iterable[str]) -> str:
    """ "Did you mean “label”?", or an empty string when nothing is near."""
    by_folded = {option.casefold(): option for option in options}
    near = difflib.get_close_matches(name.strip().casefold(), by_folded, n=1, cutoff=0.6)
    return f"Did you mean “{by_folded[near[0]]}”?" if near else ""


def listed(items: Sequence[object], most: int = 8) -> str:
    """The first items separated by commas, and how many more there are."""
    shown = ", ".join(str(item) for item in items[:most])
    more = len(items) - most
    return f"{shown} and {more} more" if more > 0 else shown


def counted(number: int, one: str, many: str = "") -> str:
    """The number with its noun: "1 row", "2 000 rows"."""
    noun = one if number == 1 else many or f"{one}s"
    return f"{number:,}".replace(",", " ") + f" {noun}"
