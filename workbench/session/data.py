"""A look at a data set before training: first rows, guessed columns, classes and lengths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.run.home import Home
from workbench.run.problem import Problem
from workbench.session.lanes import Desk
from workbench.session.requests import DataRequest
from workbench.shelf.profile import Profile
from workbench.shelf.tables import Table


@dataclass(frozen=True, slots=True)
class DataPreview:
    """What the Data page shows. `table` is None for a plain-text file, whose beginning is `excerpt`."""

    source: str
    path: Path
    task: str
    table: Table | None
    text: str
    label: str
    reasons: tuple[str, ...]
    profile: Profile | None
    excerpt: str = ""
    notes: tuple[str, ...] = ()
    problem: Problem | None = None


def look(home: Home, request: DataRequest, desk: Desk) -> DataPreview:
    """Read the file and describe it; raises a `WorkbenchError` when it cannot be read at all."""
    raise AssertionError("filled in when the shelf is there")
