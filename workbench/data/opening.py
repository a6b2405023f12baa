"""How a recipe says that its files are to be opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.data.format import Opening
from workbench.run.recipe import DataSection


def opening_of(
    data: DataSection,
    field: str = "data.train",
    *,
    cache: Path | None = None,
    check: Callable[[], object] = lambda: None,
    progress: Callable[[float], object] = lambda _: None,
) -> Opening:
    """The opening of one of a recipe's files; `field` is the recipe field that names it."""
    return Opening(
        header=data.header,
        encoding=data.encoding,
        delimiter=_spelled(data.delimiter),
        records=data.records,
        lines=data.lines,
        field=field,
        cache=cache,
        check=check,
        progress=progress,
    )


def _spelled(delimiter: str) -> str:
    """A delimiter that cannot well be typed may be written as a word."""
    return {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";"}.get(
        delimiter.lower(), delimiter
    )
