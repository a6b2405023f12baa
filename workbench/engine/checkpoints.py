"""Checkpoints: complete or absent. Everything needed to go on to the very bit, in safetensors and JSON.

A checkpoint is staged in a folder of another name, every file is fsynced, a manifest of SHA-256 sums is
written last, and the folder is renamed. What is half-written is never seen; what is damaged is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from workbench.engine.loading import quiet
from workbench.run.problem import bad_input

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Position:
    """Where the run stands: `step` is the last one done, `measured_step` the last one whose held-out measurement
    is complete; `seconds` and `samples` are training only."""

    step: int
    seconds: float
    samples: int
    best_value: float | None
    best_step: int
    best_metrics: dict[str, float]
    measured_step: int


def save_model(model: Any, tokenizer: Any, folder: Path, card: str = "") -> None:
    """Write a model so that `from_pretrained` loads it, replacing what was there in one rename."""
    staged = folder.with_name(f".{folder.name}.partial")
    old = folder.with_name(f".{folder.name}.old")
    if old.exists() and not folder.exists():  # a crash fell between the two renames below
        old.rename(folder)
    for rest in (staged, old):
        shutil.rmtree(rest, ignore_errors=True)
    staged.mkdir(parents=True)
    _write_model(model, tokenizer, staged, card)
    if folder.exists():
        folder.rename(old)
    staged.rename(folder)
    sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _write_model(model: Any, tokenizer: Any, folder: Path, card: str) -> None:
    with quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    if card:
        (folder / "README.md").write_text(card, encoding="utf-8")
    for file in folder.iterdir():
        sync(file)


def save_checkpoint(
    folder: Path,
    model: Any,
    tokenizer: Any,
    optimizer: torch.optim.Optimizer,
    scaler: Any,
    position: Position,
) -> Path:
    """Write checkpoint `step-NNNNNN` into the folder of checkpoints and return its path."""
    target = folder / f"step-{position.step:06d}"
    staged = folder / f".{target.name}.partial"
    shutil.rmtree(staged, ignore_errors=True)
    (staged / "model").mkdir(parents=True)
    _write_model(model, tokenizer, staged / "model", "")
    tensors, plain = _flatten(optimizer.state_dict())
    save_file(tensors, staged / "optimizer.safetensors")
    save_file(random_state(), staged / "random.safetensors")
    state = {
        "position": asdict(position),
        "optimizer": plain,
        "scaler": scaler.state_dict(),
        "python_random": random.getstate(),
    }
    (staged / "state.json").write_text(json.dumps(state), encoding="utf-8")
    files = sorted(p for p in staged.rglob("*") if p.is_file())
    manifest = {p.relative_to(staged).as_posix(): _sha256(p) for p in files}
    (staged / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    for path in (*files, staged / MANIFEST, staged / "model", staged):
        sync(path)
    if target.exists():  # a run resumed from an older checkpoint comes by here again
        shutil.rmtree(target)
    staged.rename(target)
    sync(folder)
    return target


def damage(folder: Path) -> str:
    """What is wrong with a checkpoint, in words; empty when it is whole."""
    try:
        manifest: dict[str, str] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "its manifest is missing or unreadable"
    for name, wanted in manifest.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if _sha256(path) != wanted:
            return f"{name} is not what was written"
    return ""


def newest_good(checkpoints: list[Path]) -> tuple[Path, list[str]]:
    """The newest whole checkpoint, and a sentence for each newer one that was passed over.

    Raises:
        WorkbenchError: When none is whole.
    """
    passed_over: list[str] = []
    for folder in reversed(checkpoints):
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
    """The position of a checkpoint."""
    return Position(**json.loads((folder / "state.json").read_text(encoding="utf-8"))["position"])


def restore(folder: Path, optimizer: torch.optim.Optimizer, scaler: Any) -> None:
    """Put optimizer, scaler and all random states back as they were; the weights are loaded by the task."""
    state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    optimizer.load_state_dict(_unflatten(load_file(folder / "optimizer.safetensors"), state["optimizer"]))
    scaler.load_state_dict(state["scaler"])
    version, internal, gauss = state["python_random"]
    random.setstate((version, tuple(internal), gauss))
    set_random_state(load_file(folder / "random.safetensors"))


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


def _flatten(state: dict[str, Any]) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """An optimizer's state as (tensors by "number.name", plain rest)."""
    tensors: dict[str, torch.Tensor] = {}
    rest: dict[str, dict[str, Any]] = {}
    shared: set[int] = set()
    for number, values in state["state"].items():
        for name, value in _entries(values):
            if isinstance(value, torch.Tensor):
                tensor = value.detach().cpu().contiguous()
                if tensor.data_ptr() in shared:  # safetensors refuses tensors in the same memory
                    tensor = tensor.clone()
                shared.add(tensor.data_ptr())
                tensors[f"{number}.{name}"] = tensor
            else:
                rest.setdefault(str(number), {})[name] = value
    return tensors, {"groups": state["param_groups"], "rest": rest}


def _entries(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The entries of a weight's state. bitsandbytes hides its own in an inner mapping; it takes them without."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from value.items()
        else:
            yield name, value


def _unflatten(tensors: dict[str, torch.Tensor], plain: dict[str, Any]) -> dict[str, Any]:
    states: dict[int, dict[str, Any]] = {int(number): dict(v) for number, v in plain["rest"].items()}
    for key, tensor in tensors.items():
        number, _, name = key.partition(".")
        states.setdefault(int(number), {})[name] = tensor
    # JSON knows no tuples; betas and eps are some.
    groups = [
        {k: tuple(v) if isinstance(v, list) and k != "params" else v for k, v in group.items()}
        for group in plain["groups"]
    ]
    return {"state": states, "param_groups": groups}


def prune(folder: Path, keep: int) -> None:
    """Delete all but the newest checkpoints, and what crashes left half-written."""
    if not folder.is_dir():
        return
    for partial in folder.glob(".*.partial"):
        shutil.rmtree(partial, ignore_errors=True)
    whole = sorted(p for p in folder.iterdir() if p.name.startswith("step-"))
    for old in whole[:-keep]:
        shutil.rmtree(old, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Make a file or folder durable; folders cannot be synced on Windows, where the rename itself is."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
