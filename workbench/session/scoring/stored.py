"""Evaluations that were made before: kept in the run's folder, so that a second look costs nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.row_scores import RowScores
from workbench.run.sources import matches, places
from workbench.run.target_rows import TargetRows

Kept = TypeVar("Kept", RowScores, TargetRows)

#: The folder in that of the run, and for models that are no run in the home's cache.
FOLDER = "evaluations"
#: Kept for one model that is no run, beyond which the oldest go.
MOST_KEPT = 40


class Shelf:
    """Where one evaluation is kept: what was asked names it, and how the data files stood when it was made.

    Args:
        home: The home.
        run: The run that the model is of; None for any other model.
        weights: The folder of the model's weights.
        asked: What was asked of it, as plain values.
        files: The data files that the rows come from.
    """

    def __init__(
        self, home: Home, run: RunFolder | None, weights: Path, asked: dict[str, Any], files: list[Path]
    ) -> None:
        self.folder = (run.path if run is not None else home.cache) / FOLDER
        inside = run is not None and weights.is_relative_to(run.path)
        name = str(weights.relative_to(run.path)) if run is not None and inside else str(weights)
        self._asked = _short([name.replace("\\", "/"), _states(_weight_files(weights)), asked])
        self._states = _states(files)
        self._file = self.folder / f"{self._asked}-{_short(self._states)}.npz"

    def find(self, vectors: bool) -> RowScores | None:
        """What is kept of a classifier; None where there is nothing, it is damaged, or it lacks the vectors that are
        wanted.

        Where data files are gone the newest evaluation of the same question answers, for it cannot be made again.
        """
        found = self._read(RowScores.load)
        return None if found is None or (vectors and found.vectors is None) else found

    def find_targets(self) -> TargetRows | None:
        """What is kept of a model with labels, numbers or marks, without its scores; None as in `find`."""
        return self._read(TargetRows.load)

    def _read(self, load: Callable[[Path], Kept]) -> Kept | None:
        file = self._file
        if not file.is_file() and any(state[1] < 0 for state in self._states):
            file = max(self._kin(), key=lambda kept: kept.stat().st_mtime, default=file)
        try:
            return load(file) if file.is_file() else None
        except WorkbenchError:
            return None

    def keep(self, scores: RowScores | TargetRows) -> None:
        """Put an evaluation here, in the place of what was asked before the data changed. Nothing is kept where nothing
        can be written, such as in a run that was sent read-only."""
        try:
            scores.save(self._file)
            kept = sorted(self.folder.glob("*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
            for file in {*self._kin(), *kept[MOST_KEPT:]} - {self._file}:
                file.unlink(missing_ok=True)
        except (OSError, WorkbenchError):
            return

    def _kin(self) -> Iterator[Path]:
        return self.folder.glob(f"{self._asked}-*.npz")


def _weight_files(folder: Path) -> list[Path]:
    return [
        file
        for file in sorted(folder.iterdir())
        if file.suffix in (".safetensors", ".json") and file.is_file()
    ]


def data_files(path: Path) -> list[Path]:
    """The files behind a resolved data source: itself, those of a folder, or those of a pattern."""
    found: list[Path] = []
    for place in map(Path, places(str(path))):
        if place.is_dir():
            found += sorted(file for file in place.rglob("*") if file.is_file())[:1000]
        else:
            found += matches(place) or [place]
    return found


def _states(files: list[Path]) -> list[tuple[str, int, int]]:
    """Name, size and time of each file; a size of -1 is a file that is gone."""
    found = []
    for file in files:
        try:
            state = file.stat()
            found.append((file.name, state.st_size, state.st_mtime_ns))
        except OSError:
            found.append((file.name, -1, 0))
    return found


def _short(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
