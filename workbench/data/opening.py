"""How a recipe says that its files are to be opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.data.format import Opening
from workbench.data.limits import SAFE, Limits
from workbench.run.recipe import DataSection


def opening_of(
    data: DataSection,
    field: str = "data.train",
    *,
    cache: Path | None = None,
    limits: Limits = SAFE,
    check: Callable[[], object] = lambda: None,
    progress: Callable[[float], object] = lambda _: None,
) -> Opening:
    """The opening of one of a recipe's files; `field` is the recipe field that names it, `limits` how far
    archives may unpack on this machine."""
    return Opening(
        header=data.header,
        encoding=data.encoding,
        delimiter=_spelled(data.delimiter),
        records=data.records,
        lines=data.lines,
        field=field,
        cache=cache,
        most_times=limits.times,
        most_bytes=limits.most_bytes,
        check=check,
        progress=progress,
    )


def _spelled(delimiter: str) -> str:
    """A delimiter that cannot well be typed may be written as a word."""
    return {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";"}.get(
        delimiter.lower(), delimiter
    )
