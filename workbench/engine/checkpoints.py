"""Checkpoints: complete or absent. Everything needed to go on to the very bit, in safetensors and JSON.

A `Snapshot` is copied off the live model between two steps; from then on it is bytes, and is written beside the
training. A checkpoint is staged in a folder of another name, every file is fsynced, a manifest of SHA-256 sums
comes last, and the folder is renamed. What is half-written is never seen; what is damaged is refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from workbench.engine.frozen import Content, freeze, model_files, tokenizer_files
from workbench.engine.writer import mend, publish, write_file, write_folder
from workbench.run.problem import WorkbenchError, bad_input

MANIFEST = "manifest.json"
#: A file of this name says that a person asked for the checkpoint; it is never pruned.
MARK = "mark"
TRAINED = "trained.safetensors"
STATE = "state.json"
#: Rises whenever a checkpoint of before could not be read as it was meant.
FORMAT = 2
#: Every checkpoint has these, and `model/` or `trained.safetensors`.
_ALWAYS = ("optimizer.safetensors", "methods.safetensors", "random.safetensors", STATE)
#: What file managers leave behind; it is no part of a checkpoint.
_LITTER = {"desktop.ini", "Thumbs.db"}


@dataclass(frozen=True, slots=True)
class Position:
    """Where the run stands.

    Attributes:
        step: The last step done.
        seconds: Of training only.
        samples: Seen in training.
        best_value: The best held-out value, None before the first.
        best_step: The step that had it.
        best_metrics: All that was measured there.
        measured_step: The last step whose held-out measurement is complete.
        rate_scale: By how much the learning rate was changed by hand.
        plateau: The state of the schedule that waits for plateaus.
        patience: The state of early stopping.
        batching: What decides the order of rows, as it was resolved.
        precision: The number format of the arithmetic, as it was resolved.
    """

    step: int
    seconds: float
    samples: int
    best_value: float | None
    best_step: int
    best_metrics: dict[str, float]
    measured_step: int
    rate_scale: float = 1.0
    plateau: dict[str, Any] = field(default_factory=dict)
    patience: dict[str, Any] = field(default_factory=dict)
    batching: dict[str, Any] = field(default_factory=dict)
    precision: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A checkpoint in memory, sharing nothing with the live model: its files by their names, without torch."""

    position: Position
    files: dict[str, Content]

    @property
    def bytes(self) -> int:
        """What it takes in memory, and about what it will take on the disk."""
        return sum(
            len(content) if isinstance(content, bytes) else sum(len(body) for body in content.bodies)
            for content in self.files.values()
        )


def snapshot(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    scaler: Any,
    position: Position,
    extra: Mapping[str, torch.Tensor],
    only_trained: bool,
) -> Snapshot:
    """Copy everything of a checkpoint off the live model. Runs torch: for the thread that trains.

    Args:
        model: The bare model.
        optimizer: Its optimizer.
        scaler: The gradient scaler.
        position: Where the run stands.
        extra: What the training methods need to go on.
        only_trained: Keep the weights that are trained, by name, instead of a whole model.
    """
    files: dict[str, Content] = {}
    if only_trained:
        files[TRAINED] = freeze_trained(model)
    else:
        files |= {f"model/{name}": content for name, content in model_files(model).items()}
    tensors: dict[str, torch.Tensor] = {}
    state = {
        "format": FORMAT,
        "position": asdict(position),
        "optimizer": _plain(optimizer.state_dict(), "", tensors),
        "scaler": scaler.state_dict(),
        "python_random": random.getstate(),
    }
    files["optimizer.safetensors"] = freeze(tensors)
    files["methods.safetensors"] = freeze(extra)
    files["random.safetensors"] = freeze(random_state())
    files[STATE] = json.dumps(state).encode()
    return Snapshot(position, files)


def write_checkpoint(folder: Path, taken: Snapshot, beside: Mapping[str, Content], *, mark: bool) -> Path:
    """Write checkpoint `step-NNNNNN` into the folder of checkpoints and return its path. Runs no torch.

    Args:
        folder: The folder of checkpoints.
        taken: What to write.
        beside: Further files (the tokenizer's), by their names in the checkpoint.
        mark: Whether a person asked for it. One that has its name already hands its mark on.

    Raises:
        OSError: When something cannot be written; what was there before is intact.
    """
    target = folder / f"step-{taken.position.step:06d}"
    staged = folder / f".{target.name}.partial"
    folder.mkdir(parents=True, exist_ok=True)
    sums = write_folder(staged, {**taken.files, **beside})
    try:
        if mark or (target / MARK).is_file():
            write_file(staged / MARK, b"A person asked for this checkpoint: it is kept.\n")
        write_file(staged / MANIFEST, json.dumps(dict(sorted(sums.items())), indent=1).encode())
        publish(staged, target)
    except OSError:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    return target


def save_model(model: Any, tokenizer: Any, folder: Path, card: str = "") -> None:
    """Write a model so that `from_pretrained` loads it, replacing what was there whole."""
    write_model(folder, {**model_files(model), **tokenizer_files(tokenizer)}, card)


def write_model(folder: Path, files: Mapping[str, Content], card: str) -> None:
    """Write a model's files into its folder, which is complete or as it was. Runs no torch.

    Raises:
        OSError: When something cannot be written.
    """
    staged = folder.with_name(f".{folder.name}.partial")
    more = {"README.md": card.encode()} if card else {}
    write_folder(staged, {**files, **more})
    publish(staged, folder)


# ---- reading


def damage(folder: Path) -> str:
    """What is wrong with a checkpoint, in words; empty when it is whole.

    Every byte is read and compared with the manifest before anything is loaded. What this cannot see is a file
    that was changed together with its sum in the manifest: that takes intent.
    """
    manifest = _manifest(folder)
    if manifest is None:
        return "its manifest is missing or unreadable"
    for name, wanted in manifest.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        try:
            found = _sha256(path)
        except OSError as error:
            return f"{name} cannot be read: {error.strerror or error}"
        if found != wanted:
            return f"{name} is not what was written"
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        litter = path.name in _LITTER or path.name.startswith(".")
        if not path.is_dir() and not litter and name not in {*manifest, MANIFEST, MARK}:
            return f"{name} does not belong to it"
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
    return "".join(f"{name} is missing" for name in (*_ALWAYS, weights) if name not in names)


def newest_good(checkpoints: list[Path]) -> tuple[Path, list[str]]:
    """The newest whole checkpoint, and a sentence for each newer one that was passed over.

    Raises:
        WorkbenchError: When none is whole.
    """
    passed_over: list[str] = []
    for folder in sorted(checkpoints, key=_step, reverse=True):
        wrong = damage(folder)
        if not wrong:
            return folder, passed_over
        passed_over.append(f"The checkpoint {folder.name} is damaged ({wrong}) and was passed over.")
    raise bad_input(
        "This run cannot be resumed.",
        " ".join(passed_over) or "It has no checkpoint.",
        "Start it again from its recipe.",
    )


def read_position(folder: Path) -> Position:
    """The position of a checkpoint; entries that this version does not know are left out.

    Raises:
        WorkbenchError: When the checkpoint is of another format, or its state cannot be read.
    """
    known = {item.name for item in dataclasses.fields(Position)}
    state = _read_state(folder)
    try:
        return Position(**{key: value for key, value in state["position"].items() if key in known})
    except (KeyError, TypeError, AttributeError):
        raise _unreadable(folder, f"its {STATE} has no position") from None


def _read_state(folder: Path) -> dict[str, Any]:
    try:
        state: Any = json.loads((folder / STATE).read_text(encoding="utf-8"))
        written = state.get("format", 1)
    except (OSError, ValueError, RecursionError, AttributeError):
        raise _unreadable(folder, f"its {STATE} cannot be read") from None
    if written != FORMAT:
        raise _unreadable(
            folder,
            f"it has format {written} of another version of this program; this one reads format {FORMAT}",
        )
    found: dict[str, Any] = state
    return found


def _unreadable(folder: Path, cause: str) -> WorkbenchError:
    return bad_input(
        f"The checkpoint {folder.name} cannot be used.",
        f"{cause}.",
        "Go on from another checkpoint, or start the run again from its recipe.",
    )


def restore(folder: Path, optimizer: torch.optim.Optimizer, scaler: Any) -> dict[str, torch.Tensor]:
    """Put optimizer, scaler and all random states back as they were; the weights are loaded before.

    Returns:
        What the training methods had kept (the `extra` of the snapshot).
    """
    state = _read_state(folder)
    optimizer.load_state_dict(_joined(state["optimizer"], _tensors(folder / "optimizer.safetensors")))
    scaler.load_state_dict(state["scaler"])
    version, internal, gauss = state["python_random"]
    random.setstate((version, tuple(internal), gauss))
    set_random_state(_tensors(folder / "random.safetensors"))
    return _tensors(folder / "methods.safetensors")


def load_trained(folder: Path, model: torch.nn.Module) -> None:
    """Give a model the trained weights of a checkpoint, or of `chosen/`; all others stay.

    Raises:
        WorkbenchError: When they are not exactly the weights that the model trains.
    """
    found, wanted = _tensors(folder / TRAINED), _trained(model)
    odd = sorted(found.keys() ^ wanted.keys())
    odd += sorted(n for n in found.keys() & wanted.keys() if found[n].shape != wanted[n].shape)
    if odd:
        raise _unreadable(folder, f"its trained weights do not fit this model: {', '.join(odd[:4])}")
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(found[name])


def freeze_trained(model: torch.nn.Module) -> Content:
    """The trained weights by name, as the content of `trained.safetensors`."""
    return freeze(_trained(model))


def _trained(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    """Tensors with memory of their own: those of `load_file` are the file itself, which may be pruned, and lie
    at odd addresses, on which the last bit of a matrix product can depend."""
    return {name: tensor.clone() for name, tensor in load_file(path).items()}


# ---- states as plain values


def random_state() -> dict[str, torch.Tensor]:
    """The states of torch's and NumPy's global generators, as tensors."""
    _, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    states = {
        "torch": torch.get_rng_state(),
        "numpy.keys": torch.from_numpy(np.asarray(keys).astype(np.int64)),
        "numpy.rest": torch.tensor([position, has_gauss, gauss], dtype=torch.float64),
    }
    if torch.cuda.is_available():
        states |= {f"cuda.{i}": s for i, s in enumerate(torch.cuda.get_rng_state_all())}
    return states


def set_random_state(states: dict[str, torch.Tensor]) -> None:
    """Put back what `random_state` returned."""
    torch.set_rng_state(states["torch"])
    position, has_gauss, gauss = states["numpy.rest"].tolist()
    keys = states["numpy.keys"].numpy().astype(np.uint32)
    np.random.set_state(("MT19937", keys, int(position), int(has_gauss), gauss))
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            if f"cuda.{i}" in states:
                torch.cuda.set_rng_state(states[f"cuda.{i}"], i)


def _plain(value: Any, path: str, tensors: dict[str, torch.Tensor]) -> Any:
    """Nested states as JSON holds them, to the type: tensors go into `tensors`, by their path."""
    if isinstance(value, torch.Tensor):
        tensors[path] = value
        return {"tensor": path}
    if isinstance(value, dict):
        return {"items": [[key, _plain(item, f"{path}/{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        parts = [_plain(item, f"{path}/{i}", tensors) for i, item in enumerate(value)]
        return {"tuple": parts} if isinstance(value, tuple) else parts
    return value


def _joined(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """What `_plain` took apart."""
    if isinstance(value, list):
        return [_joined(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return tensors[value["tensor"]]
    if "tuple" in value:
        return tuple(_joined(item, tensors) for item in value["tuple"])
    return {key: _joined(item, tensors) for key, item in value["items"]}


# ---- which ones stay


def prune(folder: Path, keep: int, now: Position) -> None:
    """Delete the checkpoints that are neither among the newest, nor the best, nor marked.

    The best is the one at the best step, or else the first after it. Newer ones than `now` were passed over
    as damaged when the run was resumed, and must not push out good ones. Also deletes what crashes left.
    """
    mend_checkpoints(folder)
    for rest in (*folder.glob(".step-*.partial"), *folder.glob(".step-*.old")):
        shutil.rmtree(rest, ignore_errors=True)
    every = sorted((p for p in folder.iterdir() if re.fullmatch(r"step-\d+", p.name)), key=_step)
    reached = [p for p in every if _step(p) <= now.step]
    best = [p for p in reached if _step(p) >= now.best_step][:1] if now.best_step else []
    stay = {*reached[-keep:], *best}
    for path in every:
        if path not in stay and not (path / MARK).is_file():
            shutil.rmtree(path, ignore_errors=True)


def mend_checkpoints(folder: Path) -> None:
    """Give checkpoints their names back that a crash caught while they were being replaced."""
    for old in folder.glob(".step-*.old"):
        mend(folder / old.name.removeprefix(".").removesuffix(".old"))


def _step(folder: Path) -> int:
    return int(folder.name.rpartition("-")[2])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
