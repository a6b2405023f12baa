"""Where a person's runs, models and settings live: the platform's data folder, or where they say."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from workbench.run.problem import bad_input


@dataclass(frozen=True, slots=True)
class Home:
    """The folder that holds everything of one person; nothing in it is made before it is needed."""

    root: Path

    @property
    def runs(self) -> Path:
        """The folder of run folders."""
        return self.root / "runs"

    @property
    def models(self) -> Path:
        """The model shelf: converted and imported models."""
        return self.root / "models"

    @property
    def cache(self) -> Path:
        """What can be made again: large data files as Arrow."""
        return self.root / "cache"

    @property
    def settings(self) -> Path:
        """The window's settings file."""
        return self.root / "settings.ini"

    def make(self, folder: Path) -> Path:
        """Make a folder of this home.

        Raises:
            WorkbenchError: When the folder cannot be made, naming it.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise bad_input(
                f"The folder {folder} cannot be made.",
                f"The system says: {error.strerror}.",
                "Choose another place with --home DIR or the variable WORKBENCH_HOME.",
            ) from error
        return folder


def find_home(given: str | Path | None = None) -> Home:
    """The home to use: the given folder, else `WORKBENCH_HOME`, else the platform's data folder."""
    chosen = given or os.environ.get("WORKBENCH_HOME")
    if chosen:
        return Home(Path(chosen).expanduser().resolve())
    return Home(Path(platformdirs.user_data_dir("model-workbench", appauthor=False)))
