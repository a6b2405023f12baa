"""Where the files lie that are shipped with the program: data sets, icons, pictures."""

from __future__ import annotations

from pathlib import Path


def resources_folder() -> Path:
    """The folder `resources` of this clone; it may be missing where the code was copied alone."""
    return Path(__file__).resolve().parents[2] / "resources"
