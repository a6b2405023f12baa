"""Which checkpoints of a run are whole, which one to go on from, and which ones stay."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

from workbench.engine.position import STATE, Position, read_position
from workbench.engine.writer import mend
from workbench.run.problem import WorkbenchError, bad_input

MANIFEST = "manifest.json"
#: A file of this name says that a person asked for the checkpoint; it is never pruned.
MARK = "mark"
TRAINED = "trained.safetensors"
#: Every checkpoint has these, and `model/` or `trained.safetensors`.
_ALWAYS = ("optimizer.safetensors", "methods.safetensors", "random.safetensors", STATE)
#: What file managers leave behind; it is no part of a checkpoint.
_LITTER = {"desktop.ini", "Thumbs.db"}


def damage(folder: Path) -> str:
    """What is wrong with a checkpoint, in words; empty when it is whole.

    Every byte is read and compared with the manifest before anything is loaded. What this cannot see is a file
    that was changed together with its sum in the manifest: that takes intent.
    """
    manifest = _manifest(folder)
    if manifest is None:
        return "its manifest is missing or unreadable"
    try:
        for name, wanted in manifest.items():
            if not (folder / name).is_file():
                return f"{name} is missing"
            if _sha256(folder / name) != wanted:
                return f"{name} is not what was written"
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            litter = path.name in _LITTER or path.name.startswith(".")
            if not path.is_dir() and not litter and name not in {*manifest, MANIFEST, MARK}:
                return f"{name} does not belong to it"
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    return _wrong_state(folder, set(manifest))


def _manifest(folder: Path) -> dict[str, str] | None:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or STATE not in found:
        return None
    return found if all(isinstance(item, str) for item in found.values()) else None


def _wrong_state(folder: Path, names: set[str]) -> str:
    try:
        position = read_position(folder)
    except WorkbenchError as error:
        return error.problem.cause.rstrip(".")
    if re.fullmatch(r"step-\d+", folder.name) and int(folder.name[5:]) != position.step:
        return f"it holds step {position.step}"
    weights = TRAINED if TRAINED in names else "model/config.json"
    missing = [name for name in (*_ALWAYS, weights) if name not in names]
    return f"{missing[0]} is missing" if missing else ""


def newest_good(checkpoints: list[Path]) -> tuple[Path, list[str]]:
    """The newest whole checkpoint, and a sentence for each newer one that was passed over.

    Raises:
        WorkbenchError: When none is whole.
    """
    passed_over: list[str] = []
    for folder in sorted(checkpoints, key=step_of, reverse=True):
        wrong = damage(folder)
        if not wrong:
            return folder, passed_over
        passed_over.append(f"The checkpoint {folder.name} is damaged ({wrong}) and was passed over.")
    raise bad_input(
        "This run cannot be resumed.",
        " ".join(passed_over) or "It has no checkpoint.",
        "Start it again from its recipe.",
    )


def prune(folder: Path, keep: int, now: Position) -> None:
    """Delete the checkpoints that are neither among the newest, nor the best, nor marked.

    The best is the one at the best step, or else the first after it. Newer ones than `now` were passed over
    as damaged when the run was resumed, and must not push out good ones. Also deletes what crashes left.
    """
    mend_checkpoints(folder)
    for rest in (*folder.glob(".step-*.partial"), *folder.glob(".step-*.old")):
        shutil.rmtree(rest, ignore_errors=True)
    every = sorted((p for p in folder.iterdir() if re.fullmatch(r"step-\d+", p.name)), key=step_of)
    reached = [p for p in every if step_of(p) <= now.step]
    best = [p for p in reached if step_of(p) >= now.best_step][:1] if now.best_step else []
    stay = {*reached[-keep:], *best}
    for path in every:
        if path not in stay and not (path / MARK).is_file():
            shutil.rmtree(path, ignore_errors=True)


def mend_checkpoints(folder: Path) -> None:
    """Give checkpoints their names back that a crash caught while they were being replaced."""
    for old in folder.glob(".step-*.old"):
        mend(folder / old.name.removeprefix(".").removesuffix(".old"))


def step_of(folder: Path) -> int:
    """The step that a checkpoint's folder is named after."""
    return int(folder.name.rpartition("-")[2])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
