"""What a recipe may name as its data: one place, several of them one a line, or a pattern such as `reviews-*.csv`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_MARKS = "*?["


def places(source: str) -> list[str]:
    """The places that a source names, in order; the source itself where it names one."""
    return [line.strip() for line in source.split("\n") if line.strip()] or [source.strip()]


def joined(names: Iterable[str | Path]) -> str:
    """Several places as one source."""
    return "\n".join(map(str, names))


def matches(place: Path) -> list[Path]:
    """The files that a pattern means, in the order of their names; none where the place is there, or is no pattern."""
    if not any(mark in place.name for mark in _MARKS) or place.exists():
        return []
    return sorted(place.parent.glob(place.name))


def title_of(source: str) -> str:
    """What a source is called: "reviews.csv", or "a.csv and 2 more"."""
    first, *others = places(source)
    name = Path(first).name or first
    return f"{name} and {len(others)} more" if others else name


def stem_of(source: str) -> str:
    """The same without the ending of the name, as a run is called after its data."""
    first, *others = places(source)
    name = Path(first).stem or first
    return f"{name} and {len(others)} more" if others else name


def same_source(one: str, other: str) -> bool:
    """Whether two sources are the same file, folder, files or shipped set."""
    if one == other:
        return True
    if not one or not other:
        return False
    try:
        here, there = (
            [Path(place).expanduser().resolve() for place in places(source)] for source in (one, other)
        )
    except OSError:
        return False
    return here == there


def whole_source(source: str) -> str:
    """The same source wherever it is read from: places with their whole paths, a shipped set's name as it is."""
    if not is_place(source):
        return source
    return joined(Path(place).expanduser().resolve() for place in places(source))


def is_place(source: str) -> bool:
    """Whether a source is written as a file, a folder, or several, rather than as the name of a shipped data set."""
    return bool(Path(source).suffix) or any(mark in source for mark in ("/", "\\", "\n", *_MARKS))
